import type { KeyChain, Person, SHA256IdHash } from '@refinio/one.core';

/** Signs as one person. */
export interface Signer {
    readonly issuer: SHA256IdHash<Person>;
    /** Ed25519 signature of 64 bytes. */
    sign(data: Uint8Array): Uint8Array;
}

/** Of a person of this device; `using` wipes the key at the end.
 * @throws KeyChainError `KEYCH-NODEFKEYS` if this device has no keys of the issuer; `KEYMKM-NOKEYDEC` if the key chain
 * is locked
 */
export async function createSigner(keyChain: KeyChain, issuer: SHA256IdHash<Person>): Promise<Signer & Disposable> {
    const api = await keyChain.createCryptoApiFromDefaultKeys(issuer);
    return {
        issuer,
        sign: data => api.sign(data),
        [Symbol.dispose]: () => api[Symbol.dispose](),
    };
}
