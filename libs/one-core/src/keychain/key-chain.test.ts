import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { base64ToUint8Array, uint8ArrayToHex } from '../crypto/hex.ts';
import { CryptoApi } from '../crypto/crypto-api.ts';
import {
    createKeyPair,
    createSignKeyPair,
    ensureSecretKey,
    ensureSecretSignKey,
    ensureSymmetricKey,
    keyPairOf,
    signKeyPairOf,
    wipe,
} from '../crypto/keys.ts';
import { SymmetricCryptoApi } from '../crypto/symmetric-crypto-api.ts';
import { signatureVerify } from '../crypto/sign.ts';
import { ensureIdHash, type SHA256Hash } from '../hashes.ts';
import type { Keys, Person } from '../recipes/core-recipes.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { keysOf } from '../storage/acceptance.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { KeyChain, type KeyOwner } from './key-chain.ts';

const alice = ensureIdHash<Person>('a'.repeat(64));
const bob = ensureIdHash<Person>('b'.repeat(64));
const data = new TextEncoder().encode('data');

let storage: MemoryBackend;
let objects: ObjectStore;
let keyChain: KeyChain;

beforeEach(() => {
    storage = new MemoryBackend();
    objects = new TestObjects([], storage).objects;
    keyChain = new KeyChain({ objects });
});

const refused = (code: string) => expect.objectContaining({ code });

async function privateFiles(): Promise<Record<string, string>> {
    const files: Record<string, string> = {};
    for (const name of await keysOf(storage, 'private'))
        files[name] = uint8ArrayToHex((await storage.get('private', name)) ?? new Uint8Array());
    return files;
}

/** As synchronization stores keys of others: the object and its reverse map, without secrets. */
function storeForeignKeys(owner: KeyOwner, count: number): Promise<SHA256Hash<Keys>[]> {
    return objects.transact(async objects => {
        const hashes: SHA256Hash<Keys>[] = [];
        for (let i = 0; i < count; i++) {
            const key = i.toString(16).padStart(64, '0');
            const foreign = { $type$: 'Keys', owner, publicKey: key, publicSignKey: key } satisfies Keys;
            hashes.push((await objects.storeUnversioned(foreign)).hash as SHA256Hash<Keys>);
        }
        return hashes;
    });
}

describe('unlocking', () => {
    test('creates a key chain once and opens it from then on, in its NFKC form', async () => {
        expect(await keyChain.unlockOrCreate('pässwörd ①')).toBe('created');
        expect(keyChain.unlocked).toBe(true);
        const files = await privateFiles();
        expect(Object.fromEntries(Object.entries(files).map(([name, hex]) => [name, hex.length / 2]))).toEqual({
            keychain_masterkey: 72,
            keychain_salt: 16,
        });
        keyChain.lock();
        expect(keyChain.unlocked).toBe(false);
        expect(await keyChain.unlockOrCreate('pässwörd 1'.normalize('NFD'))).toBe('unlocked');
        expect(await privateFiles()).toEqual(files);
    });

    test('an empty secret is one', async () => {
        await keyChain.unlockOrCreate('');
        keyChain.lock();
        await expect(keyChain.unlock(' ')).rejects.toEqual(refused('CYENC-SYMDEC'));
        await keyChain.unlock('');
    });

    test('a wrong secret changes nothing, and the right one works right after it', async () => {
        await keyChain.unlockOrCreate('right');
        keyChain.lock();
        const files = await privateFiles();
        for (const wrong of ['Right', 'right ', '', 'x'.repeat(10_000)]) {
            await expect(keyChain.unlockOrCreate(wrong)).rejects.toEqual(refused('CYENC-SYMDEC'));
            await expect(keyChain.unlock(wrong)).rejects.toThrow(/the secret is wrong/);
        }
        expect(keyChain.unlocked).toBe(false);
        expect(await privateFiles()).toEqual(files);
        await keyChain.unlock('right');
    });

    test('is refused while it is unlocked, and twice at the same time', async () => {
        const [first, second] = await Promise.allSettled([keyChain.unlockOrCreate('s'), keyChain.unlockOrCreate('s')]);
        expect(first.status).toBe('fulfilled');
        expect(second).toMatchObject({ status: 'rejected', reason: { code: 'KEYMKM-HASKEY' } });
    });

    test.each([undefined, null, 5, {}, ['secret']])(
        'refuses %j as a secret before it touches the store',
        async secret => {
            const wrong = secret as never;
            await expect(keyChain.unlockOrCreate(wrong)).rejects.toEqual(refused('SECRET_INVALID'));
            await expect(keyChain.changeSecret('a', wrong)).rejects.toEqual(refused('SECRET_INVALID'));
            expect(await privateFiles()).toEqual({});
        },
    );

    test('ends locked if it was locked meanwhile, with nothing lost', async () => {
        const creating = keyChain.unlockOrCreate('s');
        keyChain.lock();
        await expect(creating).rejects.toEqual(refused('KEYCHAIN_LOCKED_MEANWHILE'));
        expect(keyChain.unlocked).toBe(false);
        expect(await privateFiles()).toEqual({});
        expect(await keyChain.unlockOrCreate('s')).toBe('created');
    });

    test('locked while it is stored, it is done and stays locked', async () => {
        const commit = storage.commit.bind(storage);
        storage.commit = writes => {
            keyChain.lock();
            return commit(writes);
        };
        expect(await keyChain.unlockOrCreate('s')).toBe('created');
        expect(keyChain.unlocked).toBe(false);
        await keyChain.unlock('s');
    });

    test('two key chains on one store make one master key, and see each other', async () => {
        const other = new KeyChain({ objects });
        expect(await Promise.all([keyChain.unlockOrCreate('s'), other.unlockOrCreate('s')])).toEqual([
            'created',
            'unlocked',
        ]);
        const results = await Promise.allSettled([keyChain.createDefaultKeys(alice), other.createDefaultKeys(alice)]);
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
        await Promise.all([keyChain.createDefaultKeys(bob), other.createDefaultKeysIfNotExist(bob)]);
        expect(await other.getDefaultSecretKeysAsBase64(bob)).toEqual(await keyChain.getDefaultSecretKeysAsBase64(bob));

        const changes = await Promise.allSettled([keyChain.changeSecret('s', 'one'), other.changeSecret('s', 'two')]);
        expect(changes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
        keyChain.lock();
        await keyChain.unlock('one');
    });

    test('a failed commit leaves neither files nor an open key chain', async () => {
        const commit = storage.commit.bind(storage);
        storage.commit = () => Promise.reject(new Error('disk full'));
        await expect(keyChain.unlockOrCreate('s')).rejects.toThrow('disk full');
        expect(keyChain.unlocked).toBe(false);
        storage.commit = commit;
        expect(await keyChain.unlockOrCreate('t')).toBe('created');
    });

    test('without a key chain there is nothing to unlock', async () => {
        await expect(keyChain.unlock('s')).rejects.toEqual(refused('KEYCHAIN_MISSING'));
        await expect(keyChain.changeSecret('s', 't')).rejects.toEqual(refused('KEYCHAIN_MISSING'));
    });

    test.each([['keychain_salt'], ['keychain_masterkey'], ['keychain_salt', 'keychain_masterkey']])(
        'a store that has lost %s (%s) gets no new master key',
        async (...lost) => {
            await keyChain.unlockOrCreate('s');
            await keyChain.createDefaultKeys(alice);
            keyChain.lock();
            await storage.commit(lost.map(key => ({ type: 'delete', space: 'private', key })));
            const files = await privateFiles();
            await expect(keyChain.unlockOrCreate('s')).rejects.toEqual(refused('KEYCHAIN_INCOMPLETE'));
            await expect(keyChain.unlockOrCreate('s')).rejects.toThrow(lost.join(' and '));
            await expect(keyChain.changeSecret('s', 't')).rejects.toEqual(refused('KEYCHAIN_INCOMPLETE'));
            expect(await privateFiles()).toEqual(files);
        },
    );

    test.each(['keychain_salt', 'keychain_masterkey'])(
        'without %s alone there is no new master key either',
        async lost => {
            await keyChain.unlockOrCreate('s');
            keyChain.lock();
            await storage.commit([{ type: 'delete', space: 'private', key: lost }]);
            await expect(keyChain.unlockOrCreate('s')).rejects.toEqual(refused('KEYCHAIN_INCOMPLETE'));
        },
    );

    test('damage of any byte is an error, never another key', async () => {
        await keyChain.unlockOrCreate('s');
        keyChain.lock();
        for (const name of ['keychain_salt', 'keychain_masterkey']) {
            const whole = (await storage.get('private', name)) ?? new Uint8Array();
            const damaged = [whole.slice(1), whole.slice(0, -1), whole.map((byte, i) => (i === 7 ? byte ^ 1 : byte))];
            for (const value of [...damaged, new Uint8Array()]) {
                await storage.commit([{ type: 'put', space: 'private', key: name, value }]);
                await expect(keyChain.unlock('s')).rejects.toHaveProperty('code', expect.stringMatching(/^CYENC-/));
            }
            await storage.commit([{ type: 'put', space: 'private', key: name, value: whole }]);
        }
        await keyChain.unlock('s');
    });
});

describe('changing the secret', () => {
    test.each(['locked', 'unlocked'])(
        'of a %s key chain leaves it so, with a new salt and the same keys',
        async state => {
            await keyChain.unlockOrCreate('old');
            await keyChain.createDefaultKeys(alice);
            const secretKeys = await keyChain.getDefaultSecretKeysAsBase64(alice);
            const before = await privateFiles();
            if (state === 'locked') keyChain.lock();

            await keyChain.changeSecret('old', 'new');
            expect(keyChain.unlocked).toBe(state === 'unlocked');
            const after = await privateFiles();
            for (const name of Object.keys(before))
                expect(after[name] === before[name]).toBe(!name.startsWith('keychain_'));

            if (state === 'unlocked') expect(await keyChain.getDefaultSecretKeysAsBase64(alice)).toEqual(secretKeys);
            keyChain.lock();
            await expect(keyChain.unlock('old')).rejects.toEqual(refused('CYENC-SYMDEC'));
            await keyChain.unlock('new');
            expect(await keyChain.getDefaultSecretKeysAsBase64(alice)).toEqual(secretKeys);
        },
    );

    test('with a wrong old secret changes nothing', async () => {
        await keyChain.unlockOrCreate('old');
        const before = await privateFiles();
        await expect(keyChain.changeSecret('wrong', 'new')).rejects.toEqual(refused('CYENC-SYMDEC'));
        expect(await privateFiles()).toEqual(before);
    });
});

describe('keys', () => {
    test('of an owner on this device are complete, and work', async () => {
        await keyChain.unlockOrCreate('s');
        expect(await keyChain.hasDefaultKeys(alice)).toBe(false);
        const keys = await keyChain.createDefaultKeys(alice);
        expect(await keyChain.getListOfKeys(alice)).toEqual([{ keys, complete: true, default: true }]);
        expect(await keyChain.getListOfCompleteKeys(alice)).toEqual([{ keys, default: true }]);
        expect(await keyChain.getListOfIncompleteKeys(alice)).toEqual([]);
        expect(await keyChain.getDefaultKeys(alice)).toBe(keys);

        await keyChain.createDefaultKeys(bob);
        const [ofAlice, ofBob] = [
            await keyChain.createCryptoApiFromDefaultKeys(alice),
            await keyChain.createCryptoApiFromDefaultKeys(bob),
        ];
        const box = ofAlice.encryptAndEmbedNonce(data, ofBob.publicEncryptionKey);
        expect(ofBob.decryptWithEmbeddedNonce(box, ofAlice.publicEncryptionKey)).toEqual(data);
        expect(signatureVerify(data, ofAlice.sign(data), ofAlice.publicSignKey)).toBe(true);
        expect(signatureVerify(data, ofAlice.sign(data), ofBob.publicSignKey)).toBe(false);
    });

    test('are created once, even by calls at the same time', async () => {
        await keyChain.unlockOrCreate('s');
        const results = await Promise.allSettled([1, 2, 3].map(() => keyChain.createDefaultKeys(alice)));
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
        expect(results[1]).toMatchObject({ reason: { code: 'KEYCH-HASDEFKEYS' } });
        const { keys, exists } = await keyChain.createDefaultKeysIfNotExist(alice);
        expect({ keys, exists }).toEqual({ keys: await keyChain.getDefaultKeys(alice), exists: true });
        expect((await keyChain.createDefaultKeysIfNotExist(bob)).exists).toBe(false);
    });

    test('that are given are stored as they are; one pair alone is refused', async () => {
        await keyChain.unlockOrCreate('s');
        const [encryption, sign] = [createKeyPair(), createSignKeyPair()];
        for (const given of [{ encryption }, { sign }])
            await expect(keyChain.createDefaultKeysIfNotExist(alice, given)).rejects.toEqual(refused('KEYCH-CDK1'));
        await keyChain.createDefaultKeys(alice, { encryption, sign });
        const { secretEncryptionKey, secretSignKey } = await keyChain.getDefaultSecretKeysAsBase64(alice);
        expect(base64ToUint8Array(secretEncryptionKey)).toEqual(encryption.secretKey);
        expect(base64ToUint8Array(secretSignKey)).toEqual(sign.secretKey);
    });

    test('of others are incomplete, whatever comes first, and many of them are no burden', async () => {
        await keyChain.unlockOrCreate('s');
        const foreign = await storeForeignKeys(alice, 300);
        await expect(keyChain.getDefaultKeys(alice)).rejects.toEqual(refused('KEYCH-NODEFKEYS'));
        const own = await keyChain.createDefaultKeys(alice);
        expect(await keyChain.getListOfIncompleteKeys(alice)).toEqual(foreign);
        expect(await keyChain.getDefaultKeys(alice)).toBe(own);
    });

    test('of which two sets are complete: the first one counts, and somebody is told', async () => {
        const told: unknown[] = [];
        keyChain = new KeyChain({ objects, onAmbiguousKeys: (...report) => told.push(report) });
        await keyChain.unlockOrCreate('s');
        const [first] = await storeForeignKeys(alice, 1);
        const second = await keyChain.createDefaultKeys(alice);
        for (const suffix of ['encrypt', 'sign']) {
            const value = (await storage.get('private', `${second}.${suffix}`)) ?? new Uint8Array();
            await storage.commit([{ type: 'put', space: 'private', key: `${first}.${suffix}`, value }]);
        }
        expect(await keyChain.getDefaultKeys(alice)).toBe(first);
        expect(told).toEqual([[alice, [first, second]]]);
    });

    test('of a locked key chain cannot be used or made; a CryptoApi made before keeps working until it is disposed', async () => {
        await keyChain.unlockOrCreate('s');
        await keyChain.createDefaultKeys(alice);
        const api = await keyChain.createCryptoApiFromDefaultKeys(alice);
        keyChain.lock();
        keyChain.lock();
        await expect(keyChain.createDefaultKeys(bob)).rejects.toEqual(refused('KEYMKM-NOKEY'));
        await expect(keyChain.createCryptoApiFromDefaultKeys(alice)).rejects.toEqual(refused('KEYMKM-NOKEYDEC'));
        await expect(keyChain.getDefaultSecretKeysAsBase64(alice)).rejects.toEqual(refused('KEYMKM-NOKEYDEC'));
        expect(await keysOf(storage, 'objects')).toHaveLength(1);
        expect(api.sign(data)).toHaveLength(64);
        api[Symbol.dispose]();
        expect(() => api.sign(data)).toThrow(refused('CRYPTO_API_DISPOSED'));
        expect(() => api.createEncryptionApiWithPerson(api.publicEncryptionKey)).toThrow('wiped');
    });

    test('made while somebody locks the chain are sealed under the right key, or not at all', async () => {
        await keyChain.unlockOrCreate('s');
        for (let ticks = 0; ticks < 60; ticks++) {
            const owner = ensureIdHash<Person>(ticks.toString(16).padStart(64, '0'));
            const creating = keyChain.createDefaultKeys(owner).then(
                () => true,
                () => false,
            );
            for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
            keyChain.lock();
            const created = await creating;
            await keyChain.unlock('s');
            expect(await keyChain.hasDefaultKeys(owner)).toBe(created);
            if (created) (await keyChain.createCryptoApiFromDefaultKeys(owner)).sign(data);
        }
    });

    test('objects whose content is another one are not used', async () => {
        await keyChain.unlockOrCreate('s');
        const [keys, foreign] = [await keyChain.createDefaultKeys(alice), await storeForeignKeys(bob, 1)];
        const value = (await storage.get('objects', foreign[0] ?? '')) ?? new Uint8Array();
        await storage.commit([{ type: 'put', space: 'objects', key: keys, value }]);
        await expect(keyChain.createCryptoApiFromDefaultKeys(alice)).rejects.toEqual(refused('KEYS_DAMAGED'));
    });

    test('damaged key files are errors', async () => {
        await keyChain.unlockOrCreate('s');
        const keys = await keyChain.createDefaultKeys(alice);
        const name = `${keys}.sign`;
        const value = ((await storage.get('private', name)) ?? new Uint8Array()).map(byte => byte ^ 1);
        await storage.commit([{ type: 'put', space: 'private', key: name, value }]);
        await expect(keyChain.createCryptoApiFromDefaultKeys(alice)).rejects.toEqual(refused('KEYS_DAMAGED'));
    });
});

test('a store that holds anything but a key chain has lost it, and gets no other', async () => {
    const person: Person = { $type$: 'Person', email: 'a' };
    await objects.storeIdObject(person);
    await expect(keyChain.unlockOrCreate('s')).rejects.toEqual(refused('KEYCHAIN_INCOMPLETE'));
});

test('secrets are overwritten when they are dropped', async () => {
    const drawn: Uint8Array[] = [];
    const { primitives } = await import('../platform/node/primitives.ts');
    const originals = { ...primitives };
    const recorded = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => (drawn.push(bytes), bytes);
    Object.assign(primitives, {
        // Nonces and salts are no secrets.
        randomBytes: (length: number) =>
            (length === 32 ? recorded : (bytes: Uint8Array) => bytes)(originals.randomBytes(length)),
        signKeyPair: () => {
            const pair = originals.signKeyPair();
            recorded(pair.secretKey);
            return pair;
        },
        scrypt: async (...given: Parameters<typeof originals.scrypt>) => {
            drawn.push(given[0]);
            return recorded(await originals.scrypt(...given));
        },
        secretboxOpen: (...given: Parameters<typeof originals.secretboxOpen>) => {
            const plain = originals.secretboxOpen(...given);
            return plain && recorded(plain);
        },
        boxSharedKey: (...given: Parameters<typeof originals.boxSharedKey>) => {
            const key = originals.boxSharedKey(...given);
            return key && recorded(key);
        },
    });
    try {
        await keyChain.unlockOrCreate('s');
        await keyChain.createDefaultKeys(alice);
        await keyChain.changeSecret('s', 't');
        await keyChain.getDefaultSecretKeysAsBase64(alice);
        const api = await keyChain.createCryptoApiFromDefaultKeys(alice);
        api.createEncryptionApiWithPerson(api.publicEncryptionKey);
        api.encryptAndEmbedNonce(data, api.publicEncryptionKey);
        keyChain.lock();
        await keyChain.unlock('wrong').catch(() => undefined);
        await keyChain.unlock('t');
        keyChain.lock();
    } finally {
        Object.assign(primitives, originals);
    }
    expect(drawn.length).toBeGreaterThan(12);
    for (const secret of drawn) expect(secret.every(byte => byte === 0)).toBe(true);
});

test('APIs have keys of their own: wiping others does not weaken them', () => {
    const pair = createKeyPair();
    const [first, second] = [new CryptoApi(pair), new CryptoApi(pair)];
    const box = first.encryptAndEmbedNonce(data, pair.publicKey);
    const symmetric = first.createEncryptionApiWithPerson(pair.publicKey);
    first[Symbol.dispose]();
    wipe(pair.secretKey);
    expect(second.decryptWithEmbeddedNonce(box, pair.publicKey)).toEqual(data);
    expect(symmetric.decryptWithEmbeddedNonce(box)).toEqual(data);
    // A Buffer's slice() is a view; given as one, the keys are copied as well.
    const [key, secret] = [Buffer.alloc(32, 7), Buffer.from(createSignKeyPair().secretKey)];
    const [fromBuffer, signPair] = [
        new SymmetricCryptoApi(ensureSymmetricKey(key)),
        signKeyPairOf(ensureSecretSignKey(secret)),
    ];
    const sealed = fromBuffer.encryptAndEmbedNonce(data);
    wipe(key, secret);
    expect(fromBuffer.decryptWithEmbeddedNonce(sealed)).toEqual(data);
    expect(signPair.publicKey.some(byte => byte !== 0)).toBe(true);
    symmetric[Symbol.dispose]();
    expect(() => symmetric.encryptAndEmbedNonce(data)).toThrow(refused('CRYPTO_API_DISPOSED'));
});

test('secrets show in no text that is made of these objects or their errors', async () => {
    await keyChain.unlockOrCreate('correct horse');
    await keyChain.createDefaultKeys(alice);
    const { secretEncryptionKey } = await keyChain.getDefaultSecretKeysAsBase64(alice);
    const secret = base64ToUint8Array(secretEncryptionKey);
    const api = await keyChain.createCryptoApiFromDefaultKeys(alice);
    const symmetric = api.createEncryptionApiWithPerson(keyPairOf(ensureSecretKey(secret)).publicKey);
    keyChain.lock();
    const error: unknown = await keyChain.unlock('wrong battery').catch((reason: unknown) => reason);
    const shown = [keyChain, api, symmetric, error]
        .flatMap(value => [inspect(value, { depth: 10, showHidden: true }), JSON.stringify(value)])
        .join('\n');
    for (const text of [
        'correct horse',
        'wrong battery',
        secretEncryptionKey,
        uint8ArrayToHex(secret),
        secret.slice(0, 8).join(','),
    ])
        expect(shown).not.toContain(text.replaceAll(',', ', '));
});

test('the key chain of the vectors is opened with its secret in any Unicode form', async () => {
    const { passwordChange } = JSON.parse(
        readFileSync(new URL('../../test-vectors/crypto.json', import.meta.url), 'utf8'),
    ) as { passwordChange: { before: { secret: string; files: Record<string, string> } } };
    const { secret, files } = passwordChange.before;
    await storage.commit(
        Object.entries(files).map(([key, hex]) => ({
            type: 'put',
            space: 'private',
            key,
            value: Uint8Array.from(Buffer.from(hex, 'hex')),
        })),
    );
    expect(await keyChain.unlockOrCreate(secret)).toBe('unlocked');
});
