// How a listener proves that it holds the secret of the key it registers (spec 51 §3.4, §4): it returns the bitwise complement of 64 random
// bytes, both under the shared key of server and listener.
import {
    deriveSymmetricKeyFromKeypair,
    equalSecrets,
    hexToUint8ArrayWithCheck,
    symmetricDecryptWithEmbeddedNonce,
    symmetricEncryptAndEmbedNonce,
    uint8ArrayToHex,
    type CryptoApi,
    type PublicKey,
    type SecretKey,
} from '@refinio/one.core';
import { complement } from '../connections/complement.ts';
import { systemRandom } from '../connections/random.ts';

const LENGTH = 64;

/** A challenge for the holder of a key, and whether an answer is right. */
export interface RelayChallenge {
    /** Hexadecimal. */
    readonly challenge: string;
    /** @throws CryptoError `CYENC-SYMDEC`, and for what is no hexadecimal text */
    readonly isAnswered: (response: string) => boolean;
}

/** @throws CryptoError `CYENC-ENSPUB` for a key of low order */
export function createRelayChallenge(secretKey: SecretKey, listener: PublicKey): RelayChallenge {
    const bytes = systemRandom(LENGTH);
    const expected = complement(bytes);
    // Once for both directions: it is the greatest part of the work that a registration is.
    const key = deriveSymmetricKeyFromKeypair(secretKey, listener);
    return {
        challenge: uint8ArrayToHex(symmetricEncryptAndEmbedNonce(bytes, key)),
        isAnswered: response =>
            equalSecrets(symmetricDecryptWithEmbeddedNonce(hexToUint8ArrayWithCheck(response), key), expected),
    };
}

/** @throws CryptoError `CYENC-SYMDEC`, `CYENC-ENSPUB`, and for what is no hexadecimal text */
export function answerRelayChallenge(api: CryptoApi, server: PublicKey, challenge: string): string {
    const bytes = api.decryptWithEmbeddedNonce(hexToUint8ArrayWithCheck(challenge), server);
    return uint8ArrayToHex(api.encryptAndEmbedNonce(complement(bytes), server));
}
