import {
    decrypt,
    decryptWithEmbeddedNonce,
    deriveSymmetricKeyFromKeypair,
    encrypt,
    encryptAndEmbedNonce,
} from './box.ts';
import { CryptoError } from './crypto-errors.ts';
import {
    ensurePublicKey,
    ensurePublicSignKey,
    ensureSecretKey,
    ensureSecretSignKey,
    wipe,
    type KeyPair,
    type Nonce,
    type PublicKey,
    type PublicSignKey,
    type SignKeyPair,
} from './keys.ts';
import type { Bytes } from './primitives.ts';
import { sign } from './sign.ts';
import { SymmetricCryptoApi, SymmetricCryptoApiWithKeys } from './symmetric-crypto-api.ts';

/**
 * Works with the secret keys of one person or instance, which it holds and never hands out (spec 30 §10.2). One from the
 * key chain keeps working when the chain is locked; `using` wipes its keys at the end.
 */
export class CryptoApi implements Disposable {
    readonly publicEncryptionKey: PublicKey;
    readonly #encryption: KeyPair;
    readonly #signing: SignKeyPair | undefined;
    #disposed = false;

    /** Copies the keys; the caller wipes those that were given. */
    constructor(encryptionKeyPair: KeyPair, signKeyPair?: SignKeyPair) {
        // Not slice(): that of a Buffer is a view.
        this.publicEncryptionKey = ensurePublicKey(new Uint8Array(encryptionKeyPair.publicKey));
        this.#encryption = {
            publicKey: this.publicEncryptionKey,
            secretKey: ensureSecretKey(new Uint8Array(encryptionKeyPair.secretKey)),
        };
        this.#signing = signKeyPair && {
            publicKey: ensurePublicSignKey(new Uint8Array(signKeyPair.publicKey)),
            secretKey: ensureSecretSignKey(new Uint8Array(signKeyPair.secretKey)),
        };
    }

    /** @throws CryptoError `CYAPI-PUBSK` without a sign key pair */
    get publicSignKey(): PublicSignKey {
        if (this.#signing === undefined) throw new CryptoError('CYAPI-PUBSK', 'there is no sign key pair');
        return this.#signing.publicKey;
    }

    /** @throws CryptoError `CYENC-ENSPUB` for a key of low order, as all methods with a public key */
    encrypt(data: Uint8Array, otherPublicKey: PublicKey, nonce: Nonce): Bytes {
        return encrypt(data, this.#secretKey(), otherPublicKey, nonce);
    }

    encryptAndEmbedNonce(data: Uint8Array, otherPublicKey: PublicKey, nonce?: Nonce): Bytes {
        return encryptAndEmbedNonce(data, this.#secretKey(), otherPublicKey, nonce);
    }

    /** @throws CryptoError `CYENC-SYMDEC` */
    decrypt(cypher: Uint8Array, otherPublicKey: PublicKey, nonce: Nonce): Bytes {
        return decrypt(cypher, this.#secretKey(), otherPublicKey, nonce);
    }

    /** @throws CryptoError `CYENC-SYMDEC` */
    decryptWithEmbeddedNonce(bytes: Uint8Array, otherPublicKey: PublicKey): Bytes {
        return decryptWithEmbeddedNonce(bytes, this.#secretKey(), otherPublicKey);
    }

    /** For many messages to one party: the shared key is derived once. */
    createEncryptionApiWithPerson(otherPublicKey: PublicKey): SymmetricCryptoApi {
        const key = deriveSymmetricKeyFromKeypair(this.#secretKey(), otherPublicKey);
        const api = new SymmetricCryptoApi(key);
        wipe(key);
        return api;
    }

    createEncryptionApiWithKeysAndPerson(otherPublicKey: PublicKey): SymmetricCryptoApiWithKeys {
        const key = deriveSymmetricKeyFromKeypair(this.#secretKey(), otherPublicKey);
        const api = new SymmetricCryptoApiWithKeys(key, this.publicEncryptionKey, otherPublicKey);
        wipe(key);
        return api;
    }

    /** Ed25519 signature of 64 bytes. @throws CryptoError `CYAPI-SIGN` without a sign key pair */
    sign(data: Uint8Array): Bytes {
        this.#secretKey();
        if (this.#signing === undefined) throw new CryptoError('CYAPI-SIGN', 'there is no sign key pair');
        return sign(data, this.#signing.secretKey);
    }

    /** Wipes the secret keys: nothing but the public ones can be used any more. What was made from it has keys of its own. */
    [Symbol.dispose](): void {
        this.#disposed = true;
        wipe(this.#encryption.secretKey);
        if (this.#signing !== undefined) wipe(this.#signing.secretKey);
    }

    #secretKey(): KeyPair['secretKey'] {
        if (this.#disposed) throw new CryptoError('CRYPTO_API_DISPOSED', 'the keys of this CryptoApi were wiped');
        return this.#encryption.secretKey;
    }
}
