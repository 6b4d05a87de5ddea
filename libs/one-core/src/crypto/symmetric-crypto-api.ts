import { CryptoError } from './crypto-errors.ts';
import { ensureSymmetricKey, wipe, type Nonce, type PublicKey, type SymmetricKey } from './keys.ts';
import type { Bytes } from './primitives.ts';
import {
    symmetricDecrypt,
    symmetricDecryptWithEmbeddedNonce,
    symmetricEncrypt,
    symmetricEncryptAndEmbedNonce,
} from './symmetric.ts';

/** Encrypts with one key that it never hands out (spec 30 §10.1); `using` wipes it at the end. */
export class SymmetricCryptoApi implements Disposable {
    readonly #key: SymmetricKey;
    #disposed = false;

    /** Copies the key; the caller wipes the one that was given. */
    constructor(key: SymmetricKey) {
        this.#key = ensureSymmetricKey(new Uint8Array(key));
    }

    encrypt(data: Uint8Array, nonce: Nonce): Bytes {
        return symmetricEncrypt(data, this.#usable(), nonce);
    }

    encryptAndEmbedNonce(data: Uint8Array, nonce?: Nonce): Bytes {
        return symmetricEncryptAndEmbedNonce(data, this.#usable(), nonce);
    }

    /** @throws CryptoError `CYENC-SYMDEC` */
    decrypt(cypher: Uint8Array, nonce: Nonce): Bytes {
        return symmetricDecrypt(cypher, this.#usable(), nonce);
    }

    /** @throws CryptoError `CYENC-SYMDEC` */
    decryptWithEmbeddedNonce(cypherAndNonce: Uint8Array): Bytes {
        return symmetricDecryptWithEmbeddedNonce(cypherAndNonce, this.#usable());
    }

    [Symbol.dispose](): void {
        this.#disposed = true;
        wipe(this.#key);
    }

    #usable(): SymmetricKey {
        if (this.#disposed) throw new CryptoError('CRYPTO_API_DISPOSED', 'the key of this API was wiped');
        return this.#key;
    }
}

/** The key two parties share, with the public encryption keys of both. */
export class SymmetricCryptoApiWithKeys extends SymmetricCryptoApi {
    readonly localPublicKey: PublicKey;
    readonly remotePublicKey: PublicKey;

    constructor(key: SymmetricKey, localPublicKey: PublicKey, remotePublicKey: PublicKey) {
        super(key);
        this.localPublicKey = localPublicKey;
        this.remotePublicKey = remotePublicKey;
    }
}
