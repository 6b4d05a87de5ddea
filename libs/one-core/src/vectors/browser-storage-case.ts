// crypto.json, section `browserStorage` (spec 31 §6): the databases of original installations in browsers.
import { primitives } from '#platform/primitives';
import { hashBytes } from '../crypto/hash.ts';
import { base64ToUint8Array, hexToUint8ArrayWithCheck as bytes, uint8ArrayToHex as hex } from '../crypto/hex.ts';
import * as keys from '../crypto/keys.ts';
import { deriveSymmetricKeyFromSecret } from '../crypto/secret.ts';
import { symmetricDecryptWithEmbeddedNonce } from '../crypto/symmetric.ts';
import { instanceIdHash, personIdHash } from '../instance/instance-ids.ts';
import { KeyChain } from '../keychain/key-chain.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { writesOfOriginalFile } from '../storage/reverse-map-file.ts';
import { StorageCipher, type StorageKeyRecords } from '../storage/original-browser/storage-cipher.ts';
import { TestObjects } from './test-objects.ts';
import { expectEqual, expectError } from './expectations.ts';

interface DatabaseEntry {
    readonly key: { text?: string; hex?: string };
    readonly value: { text?: string; hex?: string };
}
export interface Database {
    readonly secret: string;
    readonly encryptStorage: boolean;
    readonly databaseName: string;
    readonly instanceIdHash: string;
    readonly blobHash: string;
    readonly clobHash: string;
    readonly derivedKeyHex: string;
    readonly storageKeyHex: string;
    readonly filenameKeyHex: string;
    readonly filenameNonceHex: string;
    readonly records: Readonly<Record<string, readonly DatabaseEntry[]>>;
    readonly privateAfterPasswordChange?: { secret: string; records: readonly DatabaseEntry[] };
}

/** Opens a database with its secret, reads everything in it, and changes the secret. */
export async function browserDatabase(database: Database): Promise<void> {
    expectEqual(database.databaseName, `OneDB#${database.instanceIdHash}`, 'name of the database');
    const records = keyRecords(database.records['private'] ?? []);
    await expectError(() => StorageCipher.open(records, 'wrong'), 'a wrong secret', 'SC-LDENC');
    const derived = await deriveSymmetricKeyFromSecret(database.secret, keys.ensureSalt(records.SN));
    expectEqual(hex(derived), database.derivedKeyHex, 'derived key');
    const open = (sealed: Uint8Array): string => hex(symmetricDecryptWithEmbeddedNonce(sealed, derived));
    expectEqual(open(records.SK), database.storageKeyHex, 'storage key');
    expectEqual(open(records.FN), database.filenameNonceHex, 'file name nonce');
    expectEqual(open(records.FK), database.filenameKeyHex, 'file name key');
    const cipher = await StorageCipher.open(records, database.secret);
    await contents(database, cipher);

    const { privateAfterPasswordChange: change } = database;
    if (change === undefined) return;
    const changed = await StorageCipher.open(keyRecords(change.records), change.secret);
    expectEqual(hex(changed.encryptName('x')), hex(cipher.encryptName('x')), 'names after the change of the secret');
    const ours = await StorageCipher.changeSecret(records, database.secret, 'ours');
    expectEqual(hex(ours.SN), hex(records.SN), 'salt');
    const sealed = cipher.encryptValue('text');
    expectEqual((await StorageCipher.open(ours, 'ours')).decryptValue(sealed), 'text', 'value after our change');
}

/** Everything in the database: names and hashes belong together, the instance and its keys can be used. */
async function contents(database: Database, cipher: StorageCipher): Promise<void> {
    const storage = new MemoryBackend();
    for (const space of ['objects', 'vheads', 'rmaps', 'private'] as const)
        for (const { key, value } of database.records[space] ?? []) {
            if (space === 'private' && key.text !== undefined) continue;
            const name = key.text ?? cipher.decryptName(bytes(key.hex ?? ''));
            if (key.hex !== undefined) expectEqual(hex(cipher.encryptName(name)), key.hex, `key of ${name}`);
            const sealed = space === 'private' || database.encryptStorage;
            const content =
                value.text ?? (sealed ? cipher.decryptValue(bytes(value.hex ?? '')) : bytes(value.hex ?? ''));
            const raw = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
            if (space === 'objects') {
                expectEqual(await hashBytes(raw), name, 'name of an object');
                expectEqual(typeof content === 'string', name !== database.blobHash, `kind of ${name}`);
            }
            await storage.commit(writesOfOriginalFile(space, name, raw));
        }
    for (const hash of [database.blobHash, database.clobHash])
        expectEqual((await storage.get('objects', hash)) !== undefined, true, `presence of ${hash}`);
    const keyChain = new KeyChain({ objects: new TestObjects([], storage).objects });
    await keyChain.unlock(database.secret);
    const owner = await personIdHash('alice@example.org');
    const instance = await instanceIdHash('alice-web', 'alice@example.org');
    expectEqual(instance, database.instanceIdHash, 'ID hash of the instance');
    for (const id of [owner, instance]) {
        const api = await keyChain.createCryptoApiFromDefaultKeys(id);
        const secret = (await keyChain.getDefaultSecretKeysAsBase64(id)).secretEncryptionKey;
        const pair = keys.keyPairOf(keys.ensureSecretKey(base64ToUint8Array(secret)));
        expectEqual(primitives.equal(pair.publicKey, api.publicEncryptionKey), true, 'keys belong together');
    }
}

function keyRecords(entries: readonly DatabaseEntry[]): StorageKeyRecords {
    const record = (name: string): Uint8Array => bytes(entries.find(({ key }) => key.text === name)?.value.hex ?? '');
    return { SN: record('SN'), SK: record('SK'), FN: record('FN'), FK: record('FK') };
}
