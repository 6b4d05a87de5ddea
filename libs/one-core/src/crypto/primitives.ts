// The one interface between our code and the two cryptographic libraries: libsodium natively in Node (sodium-native), and
// libsodium as WebAssembly in the browser (libsodium-wrappers-sumo). Everything above is the same on both.

/** Bytes in a buffer of their own: no view into a larger one (spec 30 §12). */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Cost of scrypt (RFC 7914). */
export interface ScryptCost {
    readonly N: number;
    readonly r: number;
    readonly p: number;
    /** Bytes of the result. */
    readonly length: number;
}

/** Lengths are checked by the callers; results have a buffer of their own. */
export interface Primitives {
    randomBytes(length: number): Bytes;
    /** XSalsa20-Poly1305: tag (16 bytes), then the cypher text. */
    secretboxSeal(plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): Bytes;
    /** XChaCha20-Poly1305: cypher text, then the tag (16 bytes); `context` is bound to it, and not in it. */
    aeadSeal(plain: Uint8Array, context: Uint8Array, nonce: Uint8Array, key: Uint8Array): Bytes;
    /** Undefined if key, nonce, context or tag do not fit. */
    aeadOpen(cypher: Uint8Array, context: Uint8Array, nonce: Uint8Array, key: Uint8Array): Bytes | undefined;
    /** BLAKE2b with a key of 32 bytes, 32 bytes. */
    keyedHash(message: Uint8Array, key: Uint8Array): Bytes;
    /** Undefined if the tag does not fit; the caller makes sure that there is one. */
    secretboxOpen(cypher: Uint8Array, nonce: Uint8Array, key: Uint8Array): Bytes | undefined;
    /** X25519, then HSalsa20 with zeros; undefined for a public key of low order, with which there is no secret. */
    boxSharedKey(secretKey: Uint8Array, publicKey: Uint8Array): Bytes | undefined;
    boxPublicKey(secretKey: Uint8Array): Bytes;
    signKeyPair(): { publicKey: Bytes; secretKey: Bytes };
    sign(message: Uint8Array, secretKey: Uint8Array): Bytes;
    verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
    scrypt(password: Uint8Array, salt: Uint8Array, cost: ScryptCost): Promise<Bytes>;
    /** In constant time; arrays of different lengths are not equal. */
    equal(a: Uint8Array, b: Uint8Array): boolean;
}
