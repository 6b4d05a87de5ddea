import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { hexToUint8ArrayWithCheck as bytes } from '../crypto/hex.ts';
import {
    createKeyPair,
    createSignKeyPair,
    ensureSecretKey,
    ensureSecretSignKey,
    keyPairOf,
    signKeyPairOf,
} from '../crypto/keys.ts';
import { KeyChain } from '../keychain/key-chain.ts';
import { defineRecipe } from '../recipes/grammar.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { contentsOf } from '../storage/acceptance.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { createIdentity, type NewIdentity } from './create-identity.ts';
import {
    generateIdentityRecord,
    identityOf,
    InvalidIdentityRecordError,
    parseIdentityRecord,
    publicIdentityRecord,
} from './identity-record.ts';
import { instanceIdHash, personIdHash } from './instance-ids.ts';
import { LocalIdentities } from './local-identities.ts';

let storage: MemoryBackend;
let keyChain: KeyChain;
let own: TestObjects;

beforeEach(() => {
    storage = new MemoryBackend();
    own = new TestObjects([], storage);
    own.time = 1;
    keyChain = new KeyChain({ objects: own.objects });
});

const alice = { name: 'alice-web', email: 'alice@example.org', secret: 's' } satisfies NewIdentity;
const refused = (code: string) => expect.objectContaining({ code });

const spaces = ['objects', 'vheads', 'rmaps', 'private'] as const;
type Space = (typeof spaces)[number];

/** Contents of a space; of reverse maps as an original installation writes them. */
async function texts(space: Space): Promise<Record<string, string>> {
    const entries: Record<string, string> = {};
    for (const [id, text] of Object.entries(await contentsOf(storage)))
        if (id.startsWith(`${space}/`))
            entries[id.slice(space.length + 1)] = space === 'rmaps' ? `${text.replaceAll(',', '\n')}\n` : text;
    return entries;
}

async function sizes(): Promise<Record<string, number>> {
    return Object.fromEntries(
        await Promise.all(spaces.map(async space => [space, Object.keys(await texts(space)).length] as const)),
    );
}

describe('a new identity', () => {
    test('is what an original installation creates with the same keys at the same time', async () => {
        const vectors = JSON.parse(
            readFileSync(new URL('../../test-vectors/crypto.json', import.meta.url), 'utf8'),
        ) as {
            keyPairs: Record<'alice' | 'bob', { encryption: { secretKeyHex: string }; sign: { secretKeyHex: string } }>;
            browserStorage: {
                records: Record<Space, { key: { text?: string }; value: { text?: string } }[]>;
                clobHash: string;
            }[];
        };
        const [recorded] = vectors.browserStorage;
        const keysOf = (name: 'alice' | 'bob') => ({
            encryption: keyPairOf(ensureSecretKey(bytes(vectors.keyPairs[name].encryption.secretKeyHex))),
            sign: signKeyPairOf(ensureSecretSignKey(bytes(vectors.keyPairs[name].sign.secretKeyHex))),
        });
        own.time = 1_700_000_000_000;
        const { person, instance } = await createIdentity(keyChain, {
            ...alice,
            personKeys: keysOf('alice'),
            instanceKeys: keysOf('bob'),
        });
        expect(person).toBe(await personIdHash(alice.email));
        expect(instance).toBe(await instanceIdHash(alice.name, alice.email));
        for (const space of ['objects', 'vheads', 'rmaps'] as const) {
            const entries = recorded?.records[space] ?? [];
            // The recorded database holds a BLOB and a CLOB besides.
            const expected = entries.flatMap(({ key, value }) =>
                value.text === undefined || key.text === recorded?.clobHash ? [] : [[key.text, value.text]],
            );
            expect(await texts(space)).toEqual(Object.fromEntries(expected));
        }
        expect(await sizes()).toEqual({ objects: 8, vheads: 2, rmaps: 3, private: 6 });
    });

    test('is one commit: nothing of it is stored if it fails, and it can be tried again', async () => {
        const commit = storage.commit.bind(storage);
        let commits = 0;
        storage.commit = writes => (commits++ === 0 ? Promise.reject(new Error('disk full')) : commit(writes));
        await expect(createIdentity(keyChain, alice)).rejects.toThrow('disk full');
        expect(keyChain.unlocked).toBe(false);
        expect(await sizes()).toEqual({ objects: 0, vheads: 0, rmaps: 0, private: 0 });
        await createIdentity(keyChain, { ...alice, secret: 'another' });
        expect(commits).toBe(2);
        keyChain.lock();
        await keyChain.unlock('another');
    });

    test('completes what an original installation has begun, with the same keys', async () => {
        await keyChain.unlockOrCreate(alice.secret);
        const identities = new LocalIdentities(keyChain);
        const { keys } = await identities.createPersonWithDefaultKeys(alice.email);
        keyChain.lock();
        await expect(createIdentity(keyChain, { ...alice, secret: 'wrong' })).rejects.toEqual(refused('CYENC-SYMDEC'));
        const { person } = await createIdentity(keyChain, alice);
        expect(await keyChain.getDefaultKeys(person)).toBe(keys);
        expect(await sizes()).toEqual({ objects: 8, vheads: 2, rmaps: 3, private: 6 });
    });

    test('is refused in a store that has one, and does not replace keys', async () => {
        await createIdentity(keyChain, alice);
        keyChain.lock();
        const before = await sizes();
        for (const more of [{}, { ownerName: 'x' }, { name: 'other' }, { email: 'bob@example.org' }]) {
            await expect(createIdentity(keyChain, { ...alice, ...more })).rejects.toEqual(refused('IDENTITY_EXISTS'));
            expect(keyChain.unlocked).toBe(false);
        }
        expect(await sizes()).toEqual(before);
    });

    test('does not take given keys for those that an interrupted creation has left', async () => {
        await keyChain.unlockOrCreate(alice.secret);
        await new LocalIdentities(keyChain).createPersonWithDefaultKeys(alice.email);
        keyChain.lock();
        const personKeys = { encryption: createKeyPair(), sign: createSignKeyPair() };
        await expect(createIdentity(keyChain, { ...alice, personKeys })).rejects.toEqual(refused('KEYCH-HASDEFKEYS'));
    });

    test('repairs what a crash of an original installation has left empty or half', async () => {
        await keyChain.unlockOrCreate(alice.secret);
        const person = await personIdHash(alice.email);
        const personKeys = { encryption: createKeyPair(), sign: createSignKeyPair() };
        const keys = await keyChain.createDefaultKeys(person, personKeys);
        keyChain.lock();
        const nothing = new Uint8Array();
        await storage.commit([
            { type: 'put', space: 'objects', key: person, value: nothing },
            { type: 'put', space: 'vheads', key: person, value: nothing },
            { type: 'delete', space: 'private', key: `${keys}.sign` },
        ]);
        await createIdentity(keyChain, { ...alice, personKeys });
        expect(await keyChain.getDefaultKeys(person)).toBe(keys);
        expect((await texts('objects'))[person]).toContain('alice@example.org');
        expect((await texts('vheads'))[person]).toHaveLength(64);
    });

    test('stores its recipes, normalized, and lists them', async () => {
        const recipe = defineRecipe({
            $type$: 'Recipe',
            name: 'Note',
            rule: [
                {
                    itemprop: 'author',
                    itemtype: { type: 'referenceToId', allowedTypes: ['Person', 'Group', 'Person'] },
                },
            ],
        });
        await createIdentity(keyChain, { ...alice, ownerName: 'Alice', initialRecipes: [recipe] });
        const stored = Object.values(await texts('objects'));
        expect(stored).toContainEqual(
            expect.stringContaining('{"allowedTypes":["Group","Person"],"type":"referenceToId"}'),
        );
        expect(stored).toContainEqual(expect.stringContaining('<span itemprop="name">Alice</span>'));
        const instance = stored.find(text => text.startsWith('<div itemscope itemtype="//refin.io/Instance"'));
        expect(instance).toMatch(/<ul itemprop="recipe"><li><a data-type="obj">[0-9a-f]{64}<\/a><\/li><\/ul>/);
    });

    const pair = keyPairOf(ensureSecretKey(new Uint8Array(32).fill(1)));
    test.each([
        ['a name with markup', { name: 'a<b' }, 'INSTANCE_NAME_INVALID'],
        ['an e-mail with &', { email: 'a&b@c' }, 'INSTANCE_NAME_INVALID'],
        ['an e-mail with >', { email: 'a>b' }, 'INSTANCE_NAME_INVALID'],
        ['half a character', { email: 'a\ud800' }, 'INSTANCE_NAME_INVALID'],
        ['no name', { name: undefined as unknown as string }, 'INSTANCE_NAME_INVALID'],
        ['no secret', { secret: null as unknown as string }, 'SECRET_INVALID'],
        ['one key pair of two', { personKeys: { encryption: pair } }, 'KEYCH-CDK1'],
        ['an invalid recipe', { initialRecipes: [{ $type$: 'Recipe', name: 'a b', rule: [] }] }, 'URC-ERCP3'],
        [
            'a default reverse map',
            { initiallyEnabledReverseMapTypes: new Map([['Keys', new Set(['*'])]]) },
            'SRH-AEMAP1',
        ],
        [
            'a default reverse map of ID objects',
            { initiallyEnabledReverseMapTypesForIdObjects: new Map([['Instance', new Set(['*'])]]) },
            'SRH-AEMAP1',
        ],
    ] as const)('with %s is refused before the store is touched', async (_, wrong, code) => {
        await expect(createIdentity(keyChain, { ...alice, ...wrong })).rejects.toEqual(refused(code));
        expect(await sizes()).toEqual({ objects: 0, vheads: 0, rmaps: 0, private: 0 });
        expect(keyChain.unlocked).toBe(false);
    });
});

describe('further identities', () => {
    let identities: LocalIdentities;
    beforeEach(async () => {
        await keyChain.unlockOrCreate('s');
        identities = new LocalIdentities(keyChain);
    });

    test('are ID objects with keys', async () => {
        const { id: person } = await identities.createPersonWithDefaultKeys('bob@example.org');
        expect(person).toBe(await personIdHash('bob@example.org'));
        expect(await identities.doesPersonExist(person)).toBe(true);
        expect(await identities.isPersonComplete(person)).toBe(false);
        await expect(identities.createPerson('bob@example.org')).rejects.toEqual(refused('PERSON_EXISTS'));
        expect((await identities.createPersonIfNotExist('bob@example.org')).exists).toBe(true);

        await expect(identities.getLocalInstanceOfPerson(person)).rejects.toEqual(refused('NO_LOCAL_INSTANCE'));
        const { instanceId, exists } = await identities.createLocalInstanceIfNoneExists(person, 'phone');
        expect({ instanceId, exists }).toEqual({
            instanceId: await instanceIdHash('phone', 'bob@example.org'),
            exists: false,
        });
        expect((await identities.createLocalInstanceIfNoneExists(person)).exists).toBe(true);
        expect(await identities.isPersonComplete(person)).toBe(true);
        expect(await identities.getLocalInstanceOfPerson(person)).toBe(instanceId);
        expect((await sizes())['vheads']).toBe(0);

        const remote = await identities.createInstance(person, 'laptop');
        await expect(identities.createInstance(person, 'laptop')).rejects.toEqual(refused('INSTANCE_EXISTS'));
        expect(await identities.doesInstanceExist(remote)).toBe(true);
        expect(await identities.getRemoteInstancesOfPerson(person)).toEqual([remote]);
        expect(await identities.getInstancesOfPerson(person)).toEqual([
            { instanceId, local: true },
            { instanceId: remote, local: false },
        ]);
        await keyChain.createDefaultKeys(remote);
        await expect(identities.getLocalInstanceOfPerson(person)).rejects.toEqual(refused('SEVERAL_LOCAL_INSTANCES'));
    });

    test('are created with their keys or not at all', async () => {
        keyChain.lock();
        await expect(identities.createPersonWithDefaultKeys('p')).rejects.toEqual(refused('KEYMKM-NOKEY'));
        await keyChain.unlock('s');
        const { id } = await identities.createPersonWithDefaultKeys('p');
        const both = await Promise.all([1, 2].map(() => identities.createLocalInstanceIfNoneExists(id)));
        expect(both.map(({ exists }) => exists)).toEqual([false, true]);
        expect(both[0]?.instanceId).toBe(both[1]?.instanceId);
        await expect(identities.createInstance(id, 'a<b')).rejects.toEqual(refused('INSTANCE_NAME_INVALID'));
    });

    test('of others may have any e-mail', async () => {
        const { id } = await identities.createPersonIfNotExist('a<b&c');
        expect(id).toBe(await personIdHash('a<b&c'));
    });

    test('have random names, and are created once by calls at the same time', async () => {
        expect(await identities.createPerson()).not.toBe(await identities.createPerson());
        const results = await Promise.all([1, 2].map(() => identities.createPersonIfNotExist('carol')));
        expect(results.map(({ exists }) => exists)).toEqual([false, true]);
    });
});

describe('an identity record', () => {
    test('makes the same identity elsewhere, with the same keys', async () => {
        const record = generateIdentityRecord({ personEmail: 'dora@example.org', url: 'wss://example.org' });
        expect(record.instanceName).toHaveLength(64);
        const received = parseIdentityRecord(JSON.parse(JSON.stringify(record)));
        expect(received).toEqual(record);
        const { person, instance } = await createIdentity(keyChain, { ...identityOf(received), secret: 's' });
        const api = await keyChain.createCryptoApiFromDefaultKeys(person);
        expect(Buffer.from(api.publicSignKey).toString('hex')).toBe(record.personSignKeyPublic);
        const ofInstance = await keyChain.createCryptoApiFromDefaultKeys(instance);
        expect(Buffer.from(ofInstance.publicEncryptionKey).toString('hex')).toBe(record.instanceKeyPublic);
    });

    test('in its public form has no secrets, and names only', () => {
        const record = generateIdentityRecord();
        const open = publicIdentityRecord(record);
        for (const [field, text] of Object.entries(record))
            if (field.endsWith('Secret')) expect(JSON.stringify(open)).not.toContain(text);
        expect(parseIdentityRecord(open)).toEqual(open);
        expect(identityOf(open)).toEqual({ name: record.instanceName, email: record.personEmail });
    });

    test('that is damaged is refused with the name of the field and without its content', () => {
        const record = generateIdentityRecord();
        const invalid = (change: object) => () => parseIdentityRecord({ ...record, ...change });
        expect(() => parseIdentityRecord(null)).toThrow('type is');
        expect(invalid({ type: 'other' })).toThrow('type is');
        expect(invalid({ personEmail: 5 })).toThrow('personEmail is missing');
        expect(invalid({ url: 5 })).toThrow('url is no text');
        expect(() => identityOf({ ...record, personKeyPublic: record.instanceKeyPublic })).toThrow('does not belong');
        expect(() => identityOf({ ...record, instanceSignKeyPublic: record.personSignKeyPublic })).toThrow(
            'does not belong',
        );
        const digit = record.personSignKeySecret.startsWith('0') ? '1' : '0';
        const personSignKeySecret = digit + record.personSignKeySecret.slice(1);
        expect(() => identityOf({ ...record, personSignKeySecret })).toThrow('personSignKeySecret is damaged');
        expect(() => generateIdentityRecord({ personEmail: 'a&b' })).toThrow('cannot be used');
        for (const key of [record.personKeySecret.slice(2), `${record.personKeySecret}00`, 'z'.repeat(64)]) {
            expect(invalid({ personKeySecret: key })).toThrow(InvalidIdentityRecordError);
            expect(invalid({ personKeySecret: key })).not.toThrow(key);
            expect(invalid({ instanceSignKeySecret: key })).toThrow('instanceSignKeySecret is no key: 128');
        }
    });
});
