import type { Nonce, PublicKey, SymmetricKey } from './keys.ts';
import type { Bytes } from './primitives.ts';
import {
    symmetricDecrypt,
    symmetricDecryptWithEmbeddedNonce,
    symmetricEncrypt,
    symmetricEncryptAndEmbedNonce,
} from './symmetric.ts';

/** Encrypts with one key that it never hands out (spec 30 §10.1). */
export class SymmetricCryptoApi {
    readonly #key: SymmetricKey;

    constructor(key: SymmetricKey) {
        this.#key = key;
    }

    encrypt(data: Uint8Array, nonce: Nonce): Bytes {
        return symmetricEncrypt(data, this.#key, nonce);
    }

    encryptAndEmbedNonce(data: Uint8Array, nonce?: Nonce): Bytes {
        return symmetricEncryptAndEmbedNonce(data, this.#key, nonce);
    }

    /** @throws CryptoError `CYENC-SYMDEC` */
    decrypt(cypher: Uint8Array, nonce: Nonce): Bytes {
        return symmetricDecrypt(cypher, this.#key, nonce);
    }

    /** @throws CryptoError `CYENC-SYMDEC` */
    decryptWithEmbeddedNonce(cypherAndNonce: Uint8Array): Bytes {
        return symmetricDecryptWithEmbeddedNonce(cypherAndNonce, this.#key);
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
