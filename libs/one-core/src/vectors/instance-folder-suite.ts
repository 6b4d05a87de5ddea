// instance-folder.json: the directory of one instance as an original installation wrote it. Here its identity (spec 31 §11):
// who it is, its keys, its secret, every object readable, versions, reverse maps, its signatures; trust follows with its chapter.
import { cryptoReady } from '#platform/primitives';
import { hashBytes } from '../crypto/hash.ts';
import { base64ToUint8Array, hexToUint8ArrayWithCheck, uint8ArrayToHex } from '../crypto/hex.ts';
import { ensurePublicSignKey, ensureSecretSignKey, signKeyPairOf } from '../crypto/keys.ts';
import { hashSignatureVerify } from '../crypto/sign.ts';
import { ensureHash, ensureIdHash } from '../hashes.ts';
import { instanceIdHash, personIdHash, storageLocationHash } from '../instance/instance-ids.ts';
import { KeyChain } from '../keychain/key-chain.ts';
import { OneInstance } from '../instance/one-instance.ts';
import { contentTypeOfBytes, contentTypeOfText } from '../microdata/content-type.ts';
import { stringifyCanonical } from '../microdata/canonical-json.ts';
import { Microdata } from '../microdata/microdata.ts';
import { coreRecipes, InstanceRecipe, type Instance, type Person } from '../recipes/core-recipes.ts';
import { ObjectReader } from '../objects/object-reader.ts';
import { EnabledReverseMaps, reverseMapName } from '../objects/reverse-map.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { keysOf } from '../storage/acceptance.ts';
import { copyStore } from '../storage/copy-store.ts';
import { PackedBackend } from '../storage/packed-backend.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { writesOfOriginalFile } from '../storage/reverse-map-file.ts';
import type { StorageBackend, Write } from '../storage/storage-backend.ts';
import { expectEqual, expectError } from './expectations.ts';
import { TestObjects } from './test-objects.ts';
import { unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

interface FolderVectors {
    readonly options: { email: string; instanceName: string; secret: string; ownerName: string };
    readonly directories: readonly string[];
    /** Path → base64. */
    readonly files: Readonly<Record<string, string>>;
    readonly expected: {
        personIdHash: string;
        instanceIdHash: string;
        defaultPersonKeysHash: string;
        defaultInstanceKeysHash: string;
        personSecretKeysBase64: unknown;
        instanceSecretKeysBase64: unknown;
        note: { idHash: string; currentHash: string; firstVersionHash: string; currentObject: unknown };
        blobHash: string;
        clobHash: string;
        rootKeys: readonly string[];
        bob: { personIdHash: string; publicSignKeyHex: string; keysOfPerson: unknown };
        certificates: Readonly<Record<string, string>>;
    };
}

const sections = ['what', 'options', 'directories', 'files', 'expected'];
const originalSpaces = ['objects', 'vheads', 'rmaps', 'private'] as const;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const instanceFolderSuite: VectorSuite = {
    file: 'instance-folder.json',
    cases: json => folderCases(json as FolderVectors),
};

function folderCases(vectors: FolderVectors): VectorCase[] {
    const { options, expected, files } = vectors;
    const setUp = async () => {
        await cryptoReady();
        const storage = new MemoryBackend();
        await storage.commit(writesOf(vectors));
        const microdata = await microdataOf(storage, expected.instanceIdHash);
        const { objects } = new TestObjects(microdata.recipes.values().slice(coreRecipes.length), storage);
        const keyChain = new KeyChain({ objects });
        return { storage, microdata, keyChain };
    };
    type Parts = Awaited<ReturnType<typeof setUp>>;
    const one = (name: string, run: (parts: Parts) => Promise<void>): VectorCase => ({
        name,
        run: async () => run(await setUp()),
    });

    return [
        one('identity', async () => {
            const { email, instanceName } = options;
            expectEqual(await personIdHash(email), expected.personIdHash, 'ID hash of the owner');
            expectEqual(await instanceIdHash(instanceName, email), expected.instanceIdHash, 'ID hash of the instance');
            const location = await storageLocationHash(instanceName, email);
            const folders = [
                location,
                ...['acache', 'objects', 'private', 'rmaps', 'tmp', 'vheads'].map(name => `${location}/${name}`),
            ].sort();
            expectEqual([...vectors.directories].sort(), folders, 'directories');
        }),
        one('unlock', async ({ keyChain }) => {
            await keyChain.unlock(options.secret);
            const person = ensureIdHash<Person>(expected.personIdHash);
            const instance = ensureIdHash<Instance>(expected.instanceIdHash);
            expectEqual(await keyChain.getDefaultKeys(person), expected.defaultPersonKeysHash, 'keys of the owner');
            expectEqual(await keyChain.getDefaultKeys(instance), expected.defaultInstanceKeysHash, 'of the instance');
            const [ofPerson, ofInstance] = [expected.personSecretKeysBase64, expected.instanceSecretKeysBase64];
            expectEqual(await keyChain.getDefaultSecretKeysAsBase64(person), ofPerson, 'secret keys of the owner');
            expectEqual(
                await keyChain.getDefaultSecretKeysAsBase64(instance),
                ofInstance,
                'secret keys of the instance',
            );
            const api = await keyChain.createCryptoApiFromDefaultKeys(person);
            expectEqual([uint8ArrayToHex(api.publicSignKey)], expected.rootKeys, 'public sign key of the owner');
            const { secretSignKey } = await keyChain.getDefaultSecretKeysAsBase64(person);
            const pair = signKeyPairOf(ensureSecretSignKey(base64ToUint8Array(secretSignKey)));
            expectEqual(
                uint8ArrayToHex(pair.publicKey),
                uint8ArrayToHex(api.publicSignKey),
                'its secret belongs to it',
            );
        }),
        one('keys of others', async ({ keyChain }) => {
            const bob = ensureIdHash<Person>(expected.bob.personIdHash);
            expectEqual(await keyChain.getListOfKeys(bob), expected.bob.keysOfPerson, 'keys of bob');
            expectEqual(await keyChain.hasDefaultKeys(bob), false, 'secret keys of bob');
        }),
        ...[`${options.secret} `, options.secret.normalize('NFD'), ''].map((secret, i) =>
            one(`secret ${i}`, async ({ storage, keyChain }) => {
                const before = await snapshot(storage);
                if (secret.normalize('NFKC') === options.secret.normalize('NFKC')) await keyChain.unlock(secret);
                else await expectError(() => keyChain.unlockOrCreate(secret), 'a wrong secret', 'CYENC-SYMDEC');
                expectEqual(await snapshot(storage), before, 'files');
            }),
        ),
        one('every object', async ({ storage, microdata }) => {
            for (const hash of await keysOf(storage, 'objects')) {
                const bytes = (await storage.get('objects', hash)) ?? new Uint8Array();
                expectEqual(await hashBytes(new Uint8Array(bytes)), hash, 'name of an object');
                const type = contentTypeOfBytes(bytes);
                if (hash === expected.blobHash) expectEqual(type, 'BLOB', 'type of the BLOB');
                if (hash === expected.clobHash) expectEqual(type, 'CLOB', 'type of the CLOB');
                if (type === 'BLOB' || type === 'CLOB') continue;
                const text = utf8.decode(bytes);
                if (type.endsWith(' [ID]')) expectEqual(microdata.writeId(microdata.parseId(text)), text, type);
                else expectEqual(microdata.write(microdata.parse(text)), text, type);
            }
        }),
        one('ID hashes', async ({ storage, microdata }) => {
            for (const hash of [expected.note.currentHash, expected.note.firstVersionHash]) {
                const note = microdata.parse(utf8.decode(await storage.get('objects', hash)));
                expectEqual(await microdata.idHash(note), expected.note.idHash, 'ID hash of a version');
            }
        }),
        one('the whole instance', async ({ storage }) => {
            const { email, instanceName: name, secret } = options;
            const imported = new MemoryBackend();
            await copyStore(storage, new PackedBackend(imported));
            await using instance = await OneInstance.open({
                ...{ name, email, secret },
                storage: imported,
                create: false,
                encryptStorage: false,
            });
            expectEqual([instance.id, instance.owner], [expected.instanceIdHash, expected.personIdHash], 'IDs');
            const { idHash, currentHash, firstVersionHash, currentObject } = expected.note;
            const { hash, obj } = await instance.objects.getObjectByIdHash(idHash);
            expectEqual([hash, obj], [currentHash, currentObject], 'current version');
            const nodes = (await instance.objects.getVersionsNodes(idHash)) ?? [];
            expectEqual(
                nodes.map(({ node }) => node['data']),
                [firstVersionHash, currentHash],
                'versions',
            );
            for (const blob of [expected.blobHash, expected.clobHash]) {
                await using reader = await instance.blobs.open(blob);
                let size = 0;
                for await (const bytes of reader.stream()) size += bytes.length;
                expectEqual(size, reader.size, `size of ${blob}`);
            }
            expectEqual((await instance.verify()).problems, [], 'problems');
        }),
        one('reverse maps', async ({ storage, microdata }) => {
            const instance = await new ObjectReader(storage, microdata).headNode(expected.instanceIdHash);
            const { enabledReverseMapTypes, enabledReverseMapTypesForIdObjects } = microdata.parseAs(
                InstanceRecipe,
                utf8.decode(await storage.get('objects', instance?.node.data ?? '')),
            );
            const enabled = new EnabledReverseMaps(enabledReverseMapTypes, enabledReverseMapTypesForIdObjects);
            const maps = new Map<string, Set<string>>();
            for (const hash of await keysOf(storage, 'objects')) {
                const text = new TextDecoder().decode(await storage.get('objects', hash));
                const type = contentTypeOfText(text);
                const [kind, name] = type.endsWith(' [ID]')
                    ? (['IdObject', type.slice(0, -' [ID]'.length)] as const)
                    : (['Object', type] as const);
                for (const target of enabled.targets(kind, name, text, microdata)) {
                    const map = reverseMapName(target, kind, name);
                    maps.set(map, (maps.get(map) ?? new Set()).add(hash));
                }
            }
            expectEqual([...maps.keys()].sort(), await keysOf(storage, 'rmaps'), 'names');
            for (const [map, entries] of maps) {
                const recorded = (await storage.list('rmaps', map)).map(({ value }) => utf8.decode(value));
                expectEqual([...entries].sort(), recorded.sort(), map);
            }
        }),
        one('signatures', async ({ storage, microdata }) => {
            const read = async (hash: string) => microdata.parse(utf8.decode(await storage.get('objects', hash)));
            const bob = ensurePublicSignKey(hexToUint8ArrayWithCheck(expected.bob.publicSignKeyHex));
            const alice = ensurePublicSignKey(hexToUint8ArrayWithCheck(expected.rootKeys[0] ?? ''));
            for (const [name, key] of [
                ['bobSignatureOfNote2', bob],
                ['bobAffirmationSignature', bob],
                ['aliceAffirmationSignatureOfNote2', alice],
                ['trustKeysSignature', alice],
            ] as const) {
                const signature = await read(expected.certificates[name] ?? '');
                const [data, text] = [ensureHash(signature['data']), String(signature['signature'])];
                expectEqual(hashSignatureVerify(data, text, key), true, `verification of ${name}`);
                expectEqual(hashSignatureVerify(data, text, key === bob ? alice : bob), false, 'with another key');
            }
        }),
        one('settings', () => {
            const text = utf8.decode(base64ToUint8Array(files['SettingsStore'] ?? ''));
            expectEqual(stringifyCanonical(JSON.parse(text)), text, 'text of the settings');
            return Promise.resolve();
        }),
        ...unknownSections(vectors, sections),
    ];
}

/** Files of the folder as writes of a store. */
function writesOf({ files, expected }: FolderVectors): Write[] {
    return Object.entries(files).flatMap(([path, content]): Write[] => {
        const [folder, name, key] = path.split('/');
        const space = originalSpaces.find(candidate => candidate === name);
        if (folder !== expected.instanceIdHash || space === undefined || key === undefined) return [];
        return writesOfOriginalFile(space, key, base64ToUint8Array(content));
    });
}

/** Knows the recipes that the current version of the Instance object lists, as the start of an instance does. */
async function microdataOf(storage: StorageBackend, instance: string): Promise<Microdata> {
    const microdata = new Microdata(new RecipeRegistry());
    const read = async (hash: string) => microdata.parse(utf8.decode(await storage.get('objects', hash)));
    const head = await read(utf8.decode(await storage.get('vheads', instance)));
    const current = await read(String(head['data']));
    for (const hash of current['recipe'] as ReadonlySet<string>) microdata.recipes.register(await read(hash));
    return microdata;
}

async function snapshot(storage: StorageBackend): Promise<string[]> {
    const names = await keysOf(storage, 'private');
    return Promise.all(
        names.map(async name => `${name} ${uint8ArrayToHex((await storage.get('private', name)) ?? new Uint8Array())}`),
    );
}
