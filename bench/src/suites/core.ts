import { hash } from 'node:crypto';
import {
    createKeyPair,
    createRandomNonce,
    createSignKeyPair,
    createSymmetricKey,
    defineRecipe,
    deriveSymmetricKeyFromKeypair,
    ensureHash,
    ensureIdHash,
    hashBytes,
    hashText,
    Microdata,
    RecipeRegistry,
    sign,
    signatureVerify,
    symmetricDecrypt,
    symmetricEncrypt,
    type ObjectOf,
    type Person,
    type Typed,
} from '@refinio/one.core';
import type { Benchmark, Suite } from '../suite.ts';

const MessageRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Message',
    rule: [
        { itemprop: 'id', isId: true },
        { itemprop: 'sender', itemtype: { type: 'referenceToId', allowedTypes: ['Person'] } },
        { itemprop: 'text' },
        { itemprop: 'sentAt', itemtype: { type: 'integer' } },
        { itemprop: 'tags', itemtype: { type: 'bag', item: { type: 'string' } }, optional: true },
        {
            itemprop: 'attachments',
            itemtype: { type: 'set', item: { type: 'referenceToObj', allowedTypes: ['*'] } },
            optional: true,
        },
    ],
});
type Message = ObjectOf<typeof MessageRecipe>;

const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Note',
    rule: [
        { itemprop: 'id', isId: true },
        { itemprop: 'text' },
        { itemprop: 'changedAt', itemtype: { type: 'integer' } },
        { itemprop: 'done', itemtype: { type: 'boolean' }, optional: true },
    ],
});

const recipes = new RecipeRegistry();
recipes.register(MessageRecipe);
recipes.register(NoteRecipe);
const microdata = new Microdata(recipes);

/** Hashes as they occur: no two begin alike. */
const hashes = Array.from({ length: 60 }, (_, i) => hash('sha256', String(i)));
const person = ensureIdHash<Person>(hashes[0]);

function message(text: string, more: Partial<Message> = {}): Message {
    return { $type$: 'Message', id: 'message-1', sender: person, text, sentAt: 1_700_000_000_000, ...more };
}

function note(text: string): ObjectOf<typeof NoteRecipe> {
    return { $type$: 'Note', id: 'note-1', text, changedAt: 1_700_000_000_000, done: false };
}

/** An object with a text of the length with which the microdata has exactly the given size. */
function sized<T extends Typed>(bytes: number, make: (text: string) => T): T {
    return make('x'.repeat(bytes - microdata.write(make('')).length));
}

const small = sized(200, note);
const typical = sized(300, message);
const more = {
    tags: ['family', 'holiday 2026', 'a & b', 'photos', 'to do'],
    attachments: new Set(hashes.map(attachment => ensureHash<Typed>(attachment))),
};
const large = sized(10_240, text => message(text, more));

function objectBenchmarks(size: string, object: Typed): Benchmark[] {
    const text = microdata.write(object);
    return [
        { name: `write, ${size}`, bytes: text.length, run: () => microdata.write(object) },
        { name: `parse, ${size}`, bytes: text.length, run: () => microdata.parse(text) },
        { name: `hash, ${size}`, bytes: text.length, run: () => microdata.hash(object) },
        { name: `ID hash, ${size}`, run: () => microdata.idHash(object) },
        { name: `hash of the text, ${size}`, bytes: text.length, run: () => hashText(text) },
    ];
}

const key = createSymmetricKey();
const nonce = createRandomNonce();
const [alice, bob, signing] = [createKeyPair(), createKeyPair(), createSignKeyPair()];
const kilobyte = new Uint8Array(1_024).map((_, i) => i);
const signature = sign(kilobyte, signing.secretKey);

function byteBenchmarks(size: string, bytes: number): Benchmark[] {
    const data = new Uint8Array(bytes).map((_, i) => i);
    const sealed = symmetricEncrypt(data, key, nonce);
    return [
        { name: `secretbox seal, ${size}`, bytes, run: () => symmetricEncrypt(data, key, nonce) },
        { name: `secretbox open, ${size}`, bytes, run: () => symmetricDecrypt(sealed, key, nonce) },
        { name: `SHA-256, ${size}`, bytes, run: () => hashBytes(data) },
    ];
}

/** `@refinio/one.core`, beside what the platform itself needs for the same work. */
export const core: Suite = {
    name: 'core',
    benchmarks: [
        ...objectBenchmarks('200 B', small),
        ...objectBenchmarks('300 B', typical),
        ...objectBenchmarks('10 KB', large),
        {
            name: 'platform: JSON.stringify + SHA-256, 300 B',
            run: () => hash('sha256', JSON.stringify(typical)),
        },
        { name: 'platform: JSON.parse, 300 B', run: platformParse(typical) },
        ...byteBenchmarks('64 B', 64),
        ...byteBenchmarks('1 KB', 1_024),
        ...byteBenchmarks('64 KB', 65_536),
        { name: 'shared key (X25519)', run: () => deriveSymmetricKeyFromKeypair(alice.secretKey, bob.publicKey) },
        { name: 'sign (Ed25519), 1 KB', run: () => sign(kilobyte, signing.secretKey) },
        { name: 'verify (Ed25519), 1 KB', run: () => signatureVerify(kilobyte, signature, signing.publicKey) },
    ],
};

function platformParse(object: Message): () => unknown {
    const json = JSON.stringify(object);
    return () => JSON.parse(json) as unknown;
}
