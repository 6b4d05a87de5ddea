// The part of sodium-native that primitives.ts uses; the package has no types of its own. Output arrays come first.
declare module 'sodium-native' {
    const sodium: {
        readonly crypto_secretbox_MACBYTES: number;
        randombytes_buf(output: Uint8Array): void;
        sodium_memcmp(a: Uint8Array, b: Uint8Array): boolean;
        sodium_memzero(bytes: Uint8Array): void;
        crypto_secretbox_easy(cypher: Uint8Array, plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
        crypto_secretbox_open_easy(plain: Uint8Array, cypher: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean;
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            cypher: Uint8Array,
            plain: Uint8Array,
            context: Uint8Array,
            secretNonce: null,
            nonce: Uint8Array,
            key: Uint8Array,
        ): void;
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain: Uint8Array,
            secretNonce: null,
            cypher: Uint8Array,
            context: Uint8Array,
            nonce: Uint8Array,
            key: Uint8Array,
        ): void;
        crypto_generichash(output: Uint8Array, message: Uint8Array, key: Uint8Array): void;
        crypto_scalarmult(output: Uint8Array, secret: Uint8Array, point: Uint8Array): void;
        crypto_scalarmult_base(output: Uint8Array, secret: Uint8Array): void;
        crypto_stream_salsa20(output: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
        crypto_sign_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void;
        crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
        crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
    };
    export default sodium;
}
