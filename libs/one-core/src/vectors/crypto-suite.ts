// crypto.json (spec 30, 31, 32): primitives, keys, key chain files, the originals' browser databases, signatures.
import { cryptoReady } from '#platform/primitives';
import { decryptWithEmbeddedNonce, deriveSymmetricKeyFromKeypair } from '../crypto/box.ts';
import { CryptoApi } from '../crypto/crypto-api.ts';
import {
    hexToUint8Array,
    hexToUint8ArrayWithCheck as bytes,
    isHexString,
    uint8ArrayToHex as hex,
} from '../crypto/hex.ts';
import * as keys from '../crypto/keys.ts';
import { randomCharacters } from '../crypto/random.ts';
import { deriveSymmetricKeyFromSecret } from '../crypto/secret.ts';
import { hashSignatureVerify, sign, signatureVerify, signHash } from '../crypto/sign.ts';
import {
    symmetricDecrypt,
    symmetricDecryptWithEmbeddedNonce,
    symmetricEncrypt,
    symmetricEncryptAndEmbedNonce,
} from '../crypto/symmetric.ts';
import { hashText } from '../crypto/hash.ts';
import type { SHA256Hash, Typed } from '../hashes.ts';
import { instanceIdHash, personIdHash, storageLocationHash } from '../instance/instance-ids.ts';
import { KeyChain } from '../keychain/key-chain.ts';
import { openMasterKey } from '../keychain/master-key.ts';
import { Microdata } from '../microdata/microdata.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { LocalSettingsStore } from '../settings/settings-store.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { browserDatabase, type Database } from './browser-storage-case.ts';
import { TestObjects } from './test-objects.ts';
import { expectEqual, expectError } from './expectations.ts';
import { notEmpty, unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

interface Described {
    readonly what: string;
}
interface PartyVectors {
    readonly encryption: { secretKeyHex: string; publicKeyHex: string };
    readonly sign: { seedHex: string; secretKeyHex: string; publicKeyHex: string };
}
interface ObjectVector extends Described {
    readonly object: Typed & Readonly<Record<string, string>>;
    readonly microdata: string;
    readonly hash: string;
}
interface SealedFile {
    readonly name: string;
    readonly nonceHex: string;
    readonly plainHex: string;
    readonly contentHex: string;
}
interface PrivateFolder {
    readonly secret: string;
    readonly files: Readonly<Record<string, string>>;
    readonly masterKeyHex: string;
}
interface CryptoVectors {
    readonly scrypt: readonly (Described & {
        secret: string;
        passwordUtf8Hex: string;
        saltHex: string;
        keyHex: string;
    })[];
    readonly keyPairs: Readonly<Record<'alice' | 'bob', PartyVectors>>;
    readonly sharedKey: { aliceSecretBobPublicHex: string; bobSecretAlicePublicHex: string };
    readonly symmetric: readonly (Described & {
        keyHex: string;
        nonceHex: string;
        plainHex: string;
        cypherHex: string;
        withEmbeddedNonceHex: string;
    })[];
    readonly symmetricErrors: readonly (Described & { keyHex: string; withEmbeddedNonceHex: string })[];
    readonly box: readonly (Described & {
        nonceHex: string;
        plainHex: string;
        cypherHex: string;
        withEmbeddedNonceHex: string;
    })[];
    readonly lengthChecks: readonly (Described & {
        acceptedLength: number;
        minimumOnly: boolean;
        lengthOneLessError: string;
        lengthOneMoreError: string | null;
    })[];
    readonly cryptoApiErrors: readonly (Described & { error: string })[];
    readonly sign: readonly (Described & { signer: 'alice' | 'bob'; messageHex: string; signatureHex: string })[];
    readonly signErrors: readonly Described[];
    readonly hex: readonly (Described & {
        bytes?: readonly number[];
        hex?: string;
        decode?: string;
        errorName?: string;
        raises?: boolean;
        accepted?: readonly string[];
        rejected?: readonly string[];
    })[];
    readonly person: readonly (ObjectVector & { idMicrodata: string; idHash: string })[];
    readonly instance: readonly (Described & {
        name: string;
        email: string;
        ownerIdHash?: string;
        idHash: string;
        idMicrodata?: string;
        storageLocationHash?: string;
        microdataOfEmptyInstance?: string;
        hashOfEmptyInstance?: string;
        recipe?: readonly string[];
        enabledReverseMapTypes?: readonly [string, readonly string[]][];
        enabledReverseMapTypesForIdObjects?: readonly [string, readonly string[]][];
        microdata?: string;
        hash?: string;
    })[];
    readonly keys: readonly ObjectVector[];
    readonly masterKey: {
        secret: string;
        keychain_salt_Hex: string;
        derivedKeyHex: string;
        masterKeyHex: string;
        masterKeyNonceHex: string;
        keychain_masterkey_Hex: string;
        keysHash: string;
        encryptFile: SealedFile;
        signFile: SealedFile;
    };
    readonly passwordChange: { before: PrivateFolder; after: PrivateFolder };
    readonly signature: ObjectVector & { signer: 'alice' | 'bob'; messageHex: string };
    readonly certificates: readonly ObjectVector[];
    readonly licenses: readonly { certificateType: string; licenseHash: string }[];
    readonly ownLicense: ObjectVector;
    readonly signKeyDescription: readonly ObjectVector[];
    readonly recipes: readonly (Described & { idHash: string; hash: string; microdata: string })[];
    readonly browserStorage: readonly Database[];
    readonly browserSettings: { localStorage: Readonly<Record<string, string>> };
    readonly randomString: { length: number; text: string; hexText: string };
}

const sections = [
    ...['what', 'scrypt', 'keyPairs', 'sharedKey', 'symmetric', 'symmetricErrors', 'box', 'lengthChecks'],
    ...['cryptoApiErrors', 'sign', 'signErrors', 'hex', 'person', 'instance', 'keys', 'masterKey', 'passwordChange'],
    ...['signature', 'certificates', 'licenses', 'ownLicense', 'signKeyDescription', 'recipes', 'browserStorage'],
    ...['browserSettings', 'randomString'],
];

export const cryptoSuite: VectorSuite = { file: 'crypto.json', cases: json => cryptoCases(json as CryptoVectors) };

function cryptoCases(vectors: CryptoVectors): VectorCase[] {
    const one = (name: string, run: () => void | Promise<void>): VectorCase => ({
        name,
        run: async () => {
            await cryptoReady();
            await run();
        },
    });
    const each = <T extends Described>(name: string, list: readonly T[], run: (vector: T) => void | Promise<void>) =>
        notEmpty(name, list).map(vector => one(`${name}/${vector.what}`, () => run(vector)));

    const party = (name: 'alice' | 'bob') => {
        const { encryption, sign } = vectors.keyPairs[name];
        return {
            encryption: keys.keyPairOf(keys.ensureSecretKey(bytes(encryption.secretKeyHex))),
            sign: keys.signKeyPairOf(keys.ensureSecretSignKey(bytes(sign.secretKeyHex))),
        };
    };
    const apiOf = (name: 'alice' | 'bob'): CryptoApi => new CryptoApi(party(name).encryption, party(name).sign);
    const symmetricKey = (text: string): keys.SymmetricKey => keys.ensureSymmetricKey(bytes(text));
    const nonce = (text: string): keys.Nonce => keys.ensureNonce(bytes(text));

    /** The recipes come from their stored form, as they would from another installation's store. */
    const microdata = new Microdata(new RecipeRegistry());
    for (const { microdata: text } of vectors.recipes) microdata.recipes.register(microdata.parse(text));
    const writes = async ({ object, microdata: text, hash }: ObjectVector): Promise<void> => {
        expectEqual(microdata.write(object), text, 'microdata');
        expectEqual(await microdata.hash(object), hash, 'hash');
        expectEqual(microdata.parse(text), object, 'parsed object');
    };

    return [
        ...each('scrypt', vectors.scrypt, async ({ secret, saltHex, keyHex, passwordUtf8Hex }) => {
            const utf8 = new TextEncoder().encode(secret.normalize('NFKC'));
            expectEqual(hex(utf8), passwordUtf8Hex, 'password');
            const key = await deriveSymmetricKeyFromSecret(secret, keys.ensureSalt(bytes(saltHex)));
            expectEqual(hex(key), keyHex, 'key');
        }),
        ...(['alice', 'bob'] as const).map(name =>
            one(`keyPairs/${name}`, () => {
                const { encryption, sign } = vectors.keyPairs[name];
                expectEqual(hex(party(name).encryption.publicKey), encryption.publicKeyHex, 'public key');
                expectEqual(hex(party(name).encryption.secretKey), encryption.secretKeyHex, 'secret key');
                expectEqual(hex(party(name).sign.publicKey), sign.publicKeyHex, 'public sign key');
                expectEqual(sign.seedHex + sign.publicKeyHex, sign.secretKeyHex, 'secret sign key');
            }),
        ),
        one('sharedKey', () => {
            const [alice, bob] = [party('alice').encryption, party('bob').encryption];
            const there = deriveSymmetricKeyFromKeypair(alice.secretKey, bob.publicKey);
            const back = deriveSymmetricKeyFromKeypair(bob.secretKey, alice.publicKey);
            expectEqual(hex(there), vectors.sharedKey.aliceSecretBobPublicHex, 'shared key of alice');
            expectEqual(hex(back), vectors.sharedKey.bobSecretAlicePublicHex, 'shared key of bob');
        }),
        ...each('symmetric', vectors.symmetric, ({ keyHex, nonceHex, plainHex, cypherHex, withEmbeddedNonceHex }) => {
            const [key, plain] = [symmetricKey(keyHex), bytes(plainHex)];
            expectEqual(hex(symmetricEncrypt(plain, key, nonce(nonceHex))), cypherHex, 'cypher text');
            expectEqual(hex(symmetricDecrypt(bytes(cypherHex), key, nonce(nonceHex))), plainHex, 'plain text');
            const embedded = symmetricEncryptAndEmbedNonce(plain, key, nonce(nonceHex));
            expectEqual(hex(embedded), withEmbeddedNonceHex, 'with nonce');
            // A view into a larger buffer must do, too.
            const view = keys.concat(Uint8Array.of(1, 2, 3), embedded).subarray(3);
            expectEqual(hex(symmetricDecryptWithEmbeddedNonce(view, key)), plainHex, 'plain text');
        }),
        ...each('symmetricErrors', vectors.symmetricErrors, async ({ keyHex, withEmbeddedNonceHex }) => {
            const open = () => symmetricDecryptWithEmbeddedNonce(bytes(withEmbeddedNonceHex), symmetricKey(keyHex));
            await expectError(open, 'decryption', 'CYENC-SYMDEC');
        }),
        ...each('box', vectors.box, ({ nonceHex, plainHex, cypherHex, withEmbeddedNonceHex }) => {
            const [alice, bob] = [apiOf('alice'), apiOf('bob')];
            const [toBob, plain] = [bob.publicEncryptionKey, bytes(plainHex)];
            expectEqual(hex(alice.encrypt(plain, toBob, nonce(nonceHex))), cypherHex, 'cypher text');
            const embedded = alice.encryptAndEmbedNonce(plain, toBob, nonce(nonceHex));
            expectEqual(hex(embedded), withEmbeddedNonceHex, 'with nonce');
            const from = alice.publicEncryptionKey;
            expectEqual(hex(bob.decrypt(bytes(cypherHex), from, nonce(nonceHex))), plainHex, 'plain text');
            expectEqual(hex(bob.decryptWithEmbeddedNonce(embedded, from)), plainHex, 'plain text with nonce');
            const api = bob.createEncryptionApiWithKeysAndPerson(from);
            expectEqual(hex(api.decryptWithEmbeddedNonce(embedded)), plainHex, 'plain text by the shared key');
            expectEqual(hex(api.remotePublicKey) + hex(api.localPublicKey), hex(from) + hex(toBob), 'public keys');
            const mine = party('bob').encryption.secretKey;
            expectEqual(hex(decryptWithEmbeddedNonce(embedded, mine, from)), plainHex, 'plain text by functions');
        }),
        ...each('lengthChecks', vectors.lengthChecks, async vector => {
            const check = checks.get(vector.what);
            if (check === undefined) throw new Error('There is no such check.');
            const accepted = new Uint8Array(vector.acceptedLength);
            if (check(accepted) !== accepted) throw new Error('The check does not return its argument.');
            const length = vector.acceptedLength;
            await expectError(() => check(new Uint8Array(length - 1)), 'one byte less', vector.lengthOneLessError);
            if (vector.lengthOneMoreError === null) check(new Uint8Array(length + 1));
            else await expectError(() => check(new Uint8Array(length + 1)), 'one more', vector.lengthOneMoreError);
        }),
        ...each('cryptoApiErrors', vectors.cryptoApiErrors, async ({ what, error }) => {
            const api = new CryptoApi(party('alice').encryption);
            const run = what.startsWith('sign()') ? () => api.sign(new Uint8Array()) : () => api.publicSignKey;
            await expectError(run, what, error);
        }),
        ...each('sign', vectors.sign, ({ signer, messageHex, signatureHex }) => {
            const { publicKey, secretKey } = party(signer).sign;
            const message = bytes(messageHex);
            expectEqual(hex(sign(message, secretKey)), signatureHex, 'signature');
            expectEqual(hex(apiOf(signer).sign(message)), signatureHex, 'signature of the CryptoApi');
            expectEqual(signatureVerify(message, bytes(signatureHex), publicKey), true, 'verification');
            const other = keys.concat(message, Uint8Array.of(0));
            expectEqual(signatureVerify(other, bytes(signatureHex), publicKey), false, 'verification of other data');
        }),
        ...each('signErrors', vectors.signErrors, ({ what }) => {
            const { publicKey } = party('alice').sign;
            const signature = new Uint8Array(what.startsWith('signature') ? 1 : 64);
            const key = what.startsWith('signature') ? publicKey : publicKey.subarray(1);
            expectEqual(signatureVerify(new Uint8Array(), signature, key), false, 'verification');
        }),
        ...each('hex', vectors.hex, async vector => {
            const { bytes: list = [], decode } = vector;
            if (vector.hex !== undefined) expectEqual(hex(Uint8Array.from(list)), vector.hex, 'text');
            if (decode !== undefined && vector.raises === true)
                await expectError(() => bytes(decode), 'checked decoding', 'HEX_INVALID');
            else if (decode !== undefined && vector.errorName !== undefined)
                expectEqual(
                    nameOfError(() => hexToUint8Array(decode)),
                    vector.errorName,
                    'error',
                );
            else if (decode !== undefined) expectEqual([...hexToUint8Array(decode)], list, 'bytes');
            for (const text of vector.accepted ?? []) expectEqual(isHexString(text), true, `isHexString("${text}")`);
            for (const text of vector.rejected ?? []) expectEqual(isHexString(text), false, `isHexString("${text}")`);
        }),
        ...each('person', vectors.person, async vector => {
            await writes(vector);
            expectEqual(microdata.writeId(vector.object), vector.idMicrodata, 'ID microdata');
            expectEqual(await microdata.idHash(vector.object), vector.idHash, 'ID hash');
            expectEqual(await personIdHash(vector.object['email'] ?? ''), vector.idHash, 'ID hash of the e-mail');
        }),
        ...each('instance', vectors.instance, async vector => {
            const { name, email } = vector;
            const object = {
                $type$: 'Instance',
                name,
                owner: await personIdHash(email),
                recipe: new Set(vector.recipe),
                enabledReverseMapTypes: sets(vector.enabledReverseMapTypes),
                enabledReverseMapTypesForIdObjects: sets(vector.enabledReverseMapTypesForIdObjects),
            };
            const text = microdata.write(object);
            expectEqual(text, vector.microdata ?? vector.microdataOfEmptyInstance, 'microdata');
            expectEqual(await hashText(text), vector.hash ?? vector.hashOfEmptyInstance, 'hash');
            expectEqual(await instanceIdHash(name, email), vector.idHash, 'ID hash');
            if (vector.ownerIdHash !== undefined) expectEqual(object.owner, vector.ownerIdHash, 'ID hash of the owner');
            if (vector.idMicrodata !== undefined)
                expectEqual(microdata.writeId(object), vector.idMicrodata, 'ID microdata');
            if (vector.storageLocationHash !== undefined)
                expectEqual(await storageLocationHash(name, email), vector.storageLocationHash, 'storage location');
        }),
        ...each('keys', vectors.keys, writes),
        one('masterKey', () => masterKey(vectors.masterKey)),
        ...(['before', 'after'] as const).map(when =>
            one(`passwordChange/${when}`, () => privateFolder(vectors.passwordChange[when])),
        ),
        one('passwordChange/other files', () => {
            const { before, after } = vectors.passwordChange;
            for (const [name, content] of Object.entries(before.files))
                expectEqual(after.files[name] === content, !name.startsWith('keychain_'), `unchanged ${name}`);
        }),
        one('passwordChange/ours', () => changedSecret(vectors.passwordChange)),
        one('signature', async () => {
            await writes(vectors.signature);
            const { data = '', signature = '' } = vectors.signature.object;
            const hash = data as SHA256Hash;
            const { publicKey } = party(vectors.signature.signer).sign;
            expectEqual(hex(new TextEncoder().encode(data)), vectors.signature.messageHex, 'message');
            const api = apiOf(vectors.signature.signer);
            expectEqual(
                signHash(hash, message => api.sign(message)),
                signature,
                'signature',
            );
            expectEqual(hashSignatureVerify(hash, signature, publicKey), true, 'verification');
            expectEqual(hashSignatureVerify(hash, signature.slice(2), publicKey), false, 'of a short signature');
            expectEqual(hashSignatureVerify(hash, `zz${signature.slice(2)}`, publicKey), false, 'of no hexadecimal');
        }),
        ...each('certificates', vectors.certificates, writes),
        ...vectors.licenses.map(({ certificateType, licenseHash }) =>
            one(`licenses/${certificateType}`, () => {
                const certificate = vectors.certificates.find(({ object }) => object.$type$ === certificateType);
                expectEqual(certificate?.object['license'], licenseHash, 'license');
            }),
        ),
        one('ownLicense', () => writes(vectors.ownLicense)),
        ...each('signKeyDescription', vectors.signKeyDescription, writes),
        ...each('recipes', vectors.recipes, async ({ what, microdata: text, hash, idHash }) => {
            const recipe = microdata.recipes.get(what);
            expectEqual(microdata.write(recipe), text, 'microdata');
            expectEqual(await microdata.hash(recipe), hash, 'hash');
            expectEqual(await microdata.idHash(recipe), idHash, 'ID hash');
        }),
        ...vectors.browserStorage.map(database =>
            one(`browserStorage/${database.encryptStorage ? 'encrypted' : 'plain'}`, () => browserDatabase(database)),
        ),
        one('browserSettings', async () => {
            const stored = new Map<string, string>();
            const settings = new LocalSettingsStore({
                getItem: key => stored.get(key) ?? null,
                setItem: (key, value) => void stored.set(key, value),
                removeItem: key => void stored.delete(key),
                clear: () => stored.clear(),
            });
            for (const [key, text] of Object.entries(vectors.browserSettings.localStorage)) {
                await settings.setItem(key, { instanceName: 'n', email: 'e' });
                expectEqual(stored.get(key), text, 'stored text');
                expectEqual(await settings.getItem(key), JSON.parse(text), 'setting');
            }
        }),
        one('randomString', () => {
            const all = Uint8Array.from({ length: vectors.randomString.length }, (_, byte) => byte);
            expectEqual(randomCharacters(all), vectors.randomString.text, 'characters');
            expectEqual(randomCharacters(all, true), vectors.randomString.hexText, 'hexadecimal characters');
        }),
        ...unknownSections(vectors, sections),
    ];
}

function nameOfError(run: () => unknown): string | undefined {
    try {
        run();
        return undefined;
    } catch (error) {
        return error instanceof Error ? error.name : undefined;
    }
}

const checks = new Map<string, (data: Uint8Array) => Uint8Array>(
    Object.entries({
        ensureSymmetricKey: keys.ensureSymmetricKey,
        ensureSecretKey: keys.ensureSecretKey,
        ensurePublicKey: keys.ensurePublicKey,
        ensureNonce: keys.ensureNonce,
        ensureSalt: keys.ensureSalt,
        ensureSecretSignKey: keys.ensureSecretSignKey,
        ensurePublicSignKey: keys.ensurePublicSignKey,
    }),
);

function sets(entries: readonly [string, readonly string[]][] = []): Map<string, Set<string>> {
    return new Map(entries.map(([type, names]) => [type, new Set(names)]));
}

async function masterKey(vectors: CryptoVectors['masterKey']): Promise<void> {
    const key = await deriveSymmetricKeyFromSecret(vectors.secret, keys.ensureSalt(bytes(vectors.keychain_salt_Hex)));
    expectEqual(hex(key), vectors.derivedKeyHex, 'derived key');
    const master = keys.ensureSymmetricKey(bytes(vectors.masterKeyHex));
    const seal = (plain: Uint8Array, under: keys.SymmetricKey, nonceHex: string): string =>
        hex(symmetricEncryptAndEmbedNonce(plain, under, keys.ensureNonce(bytes(nonceHex))));
    expectEqual(seal(master, key, vectors.masterKeyNonceHex), vectors.keychain_masterkey_Hex, 'keychain_masterkey');
    for (const file of [vectors.encryptFile, vectors.signFile]) {
        expectEqual(seal(bytes(file.plainHex), master, file.nonceHex), file.contentHex, file.name);
        expectEqual(file.name.startsWith(`${vectors.keysHash}.`), true, 'name begins with the hash of the keys');
    }
    const storage = new MemoryBackend();
    await storage.commit([
        { type: 'put', space: 'private', key: 'keychain_salt', value: bytes(vectors.keychain_salt_Hex) },
        { type: 'put', space: 'private', key: 'keychain_masterkey', value: bytes(vectors.keychain_masterkey_Hex) },
    ]);
    expectEqual(hex(await openMasterKey(storage, vectors.secret)), vectors.masterKeyHex, 'opened master key');
}

async function storageOf({ files }: PrivateFolder): Promise<MemoryBackend> {
    const storage = new MemoryBackend();
    await storage.commit(
        Object.entries(files).map(([key, content]) => ({
            type: 'put',
            space: 'private',
            key,
            value: bytes(content),
        })),
    );
    return storage;
}

async function privateFolder(folder: PrivateFolder): Promise<void> {
    const storage = await storageOf(folder);
    const master = await openMasterKey(storage, folder.secret);
    expectEqual(hex(master), folder.masterKeyHex, 'master key');
    for (const [name, content] of Object.entries(folder.files))
        if (!name.startsWith('keychain_')) symmetricDecryptWithEmbeddedNonce(bytes(content), master);
    await expectError(() => openMasterKey(storage, `${folder.secret}!`), 'a wrong secret', 'CYENC-SYMDEC');
}

/** Ours changes the secret of the original's folder as the original does. */
async function changedSecret({ before, after }: CryptoVectors['passwordChange']): Promise<void> {
    const storage = await storageOf(before);
    const keyChain = new KeyChain({ objects: new TestObjects([], storage).objects });
    await expectError(() => keyChain.changeSecret('wrong', after.secret), 'a wrong secret', 'CYENC-SYMDEC');
    await keyChain.changeSecret(before.secret, after.secret);
    expectEqual(hex(await openMasterKey(storage, after.secret)), after.masterKeyHex, 'master key');
    for (const [name, content] of Object.entries(before.files)) {
        const now = await storage.get('private', name);
        expectEqual(now?.length, content.length / 2, `length of ${name}`);
        expectEqual(hex(now ?? new Uint8Array()) === content, !name.startsWith('keychain_'), `unchanged ${name}`);
    }
}
