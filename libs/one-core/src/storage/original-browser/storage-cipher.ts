// How original installations encrypt a browser database (spec 31 §6.2–§6.5); ours reads it to import such a store.
//
//   record of `private`   bytes   value
//   SN                    24      random salt, plain
//   SK                    72      nonce ‖ secretbox(storage key 32)            under scrypt(secret, SN)
//   FN                    64      nonce ‖ secretbox(file name nonce 24)        under scrypt(secret, SN)
//   FK                    72      nonce ‖ secretbox(file name key 32)          under scrypt(secret, SN)
//
//   record key            secretbox(UTF-8 name, nonce = file name nonce, key = file name key)
//   record value          nonce ‖ secretbox(inner, key = storage key)
//   inner                 p (1) ‖ p >> 3 random bytes ‖ flag (1: 1 text, 0 binary) ‖ content
import { cryptoReady, primitives } from '#platform/primitives';
import { CryptoError } from '../../crypto/crypto-errors.ts';
import {
    concat,
    createRandomNonce,
    createRandomSalt,
    createSymmetricKey,
    ensureNonce,
    ensureSalt,
    ensureSymmetricKey,
    wipe,
    type Nonce,
    type SymmetricKey,
} from '../../crypto/keys.ts';
import { deriveSymmetricKeyFromSecret } from '../../crypto/secret.ts';
import {
    symmetricDecrypt,
    symmetricDecryptWithEmbeddedNonce,
    symmetricEncrypt,
    symmetricEncryptAndEmbedNonce,
} from '../../crypto/symmetric.ts';
import { OneError } from '../../errors.ts';

const SALT_LENGTH = 24;
const [BINARY, TEXT] = [0, 1];
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The four records that hold the keys of a database. */
export interface StorageKeyRecords {
    readonly SN: Uint8Array;
    readonly SK: Uint8Array;
    readonly FN: Uint8Array;
    readonly FK: Uint8Array;
}

/** A record of the database cannot be read with these keys; codes of spec 31 §10. */
export class StorageCipherError extends OneError {
    readonly code: 'SC-LDENC' | 'SC-DEC3' | 'SC-DEC4' | 'SC-DK3';

    constructor(code: StorageCipherError['code'], message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/** Names and values of one database. */
export class StorageCipher implements Disposable {
    readonly #storageKey: SymmetricKey;
    readonly #nameNonce: Nonce;
    readonly #nameKey: SymmetricKey;
    #disposed = false;

    private constructor(storageKey: SymmetricKey, nameNonce: Nonce, nameKey: SymmetricKey) {
        this.#storageKey = storageKey;
        this.#nameNonce = nameNonce;
        this.#nameKey = nameKey;
    }

    /** @throws StorageCipherError `SC-LDENC` for a wrong secret */
    static async open(records: StorageKeyRecords, secret: string): Promise<StorageCipher> {
        await cryptoReady();
        const key = await deriveSymmetricKeyFromSecret(secret, ensureSalt(records.SN));
        const opened: Uint8Array[] = [];
        try {
            for (const record of [records.SK, records.FN, records.FK])
                opened.push(symmetricDecryptWithEmbeddedNonce(record, key));
            const [storageKey, nameNonce, nameKey] = opened as [Uint8Array, Uint8Array, Uint8Array];
            return new StorageCipher(
                ensureSymmetricKey(storageKey),
                ensureNonce(nameNonce),
                ensureSymmetricKey(nameKey),
            );
        } catch (cause) {
            wipe(...opened);
            // Anything but a wrong key is damage: another secret would not help.
            if (!(cause instanceof CryptoError) || cause.code !== 'CYENC-SYMDEC') throw cause;
            throw new StorageCipherError('SC-LDENC', 'The secret does not open this database', { cause });
        } finally {
            wipe(key);
        }
    }

    /** New keys and their records. */
    static async create(secret: string): Promise<{ cipher: StorageCipher; records: StorageKeyRecords }> {
        await cryptoReady();
        const cipher = new StorageCipher(createSymmetricKey(), createRandomNonce(), createSymmetricKey());
        return { cipher, records: await cipher.#seal(createRandomSalt(SALT_LENGTH), secret) };
    }

    /** The records under another secret; the salt and everything in the database stay. @throws StorageCipherError */
    static async changeSecret(records: StorageKeyRecords, old: string, secret: string): Promise<StorageKeyRecords> {
        using cipher = await StorageCipher.open(records, old);
        return await cipher.#seal(records.SN, secret);
    }

    /** Key of the record with a name; one nonce for all, so that a name is found again without an index. */
    encryptName(name: string): Uint8Array {
        this.#ensureUsable();
        return symmetricEncrypt(encoder.encode(name), this.#nameKey, this.#nameNonce);
    }

    /** @throws StorageCipherError `SC-DK3` */
    decryptName(key: Uint8Array): string {
        this.#ensureUsable();
        try {
            return decoder.decode(symmetricDecrypt(key, this.#nameKey, this.#nameNonce));
        } catch (cause) {
            throw new StorageCipherError('SC-DK3', 'The name of a record cannot be decrypted', { cause });
        }
    }

    encryptValue(content: string | Uint8Array): Uint8Array {
        this.#ensureUsable();
        const [p = 0, ...padding] = primitives.randomBytes(32);
        const [flag, bytes] = typeof content === 'string' ? [TEXT, encoder.encode(content)] : [BINARY, content];
        const inner = concat(Uint8Array.of(p, ...padding.slice(0, p >> 3), flag), bytes);
        return symmetricEncryptAndEmbedNonce(inner, this.#storageKey);
    }

    /** @throws StorageCipherError `SC-DEC3`, `SC-DEC4` */
    decryptValue(value: Uint8Array): string | Uint8Array {
        this.#ensureUsable();
        const inner = this.#decrypt(value);
        const flagAt = 1 + ((inner[0] ?? 0) >> 3);
        const content = inner.slice(flagAt + 1);
        if (inner[flagAt] === BINARY) return content;
        if (inner[flagAt] === TEXT) return decoder.decode(content);
        throw new StorageCipherError('SC-DEC4', 'A record is neither text nor binary');
    }

    [Symbol.dispose](): void {
        this.#disposed = true;
        wipe(this.#storageKey, this.#nameNonce, this.#nameKey);
    }

    #ensureUsable(): void {
        if (this.#disposed) throw new CryptoError('CRYPTO_API_DISPOSED', 'the keys of this database were wiped');
    }

    #decrypt(value: Uint8Array): Uint8Array {
        try {
            return symmetricDecryptWithEmbeddedNonce(value, this.#storageKey);
        } catch (cause) {
            throw new StorageCipherError('SC-DEC3', 'A record cannot be decrypted', { cause });
        }
    }

    async #seal(SN: Uint8Array, secret: string): Promise<StorageKeyRecords> {
        const key = await deriveSymmetricKeyFromSecret(secret, ensureSalt(SN));
        try {
            return {
                SN,
                SK: symmetricEncryptAndEmbedNonce(this.#storageKey, key),
                FN: symmetricEncryptAndEmbedNonce(this.#nameNonce, key),
                FK: symmetricEncryptAndEmbedNonce(this.#nameKey, key),
            };
        } finally {
            wipe(key);
        }
    }
}
