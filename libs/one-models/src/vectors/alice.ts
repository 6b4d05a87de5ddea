// The instance of which the vectors tell, with its keys.
import {
    cryptoReady,
    ensureSecretKey,
    ensureSecretSignKey,
    hexToUint8ArrayWithCheck as bytes,
    keyPairOf,
    MemoryBackend,
    OneInstance,
    signKeyPairOf,
    uint8ArrayToHex,
    type GivenKeyPairs,
} from '@refinio/one.core';
import { expectEqual } from '@refinio/one.core/vectors';
import { modelOptions } from '../model-options.ts';

interface EncryptionKeyVectors {
    readonly secretKey: string;
    readonly publicKey: string;
}
interface SignKeyVectors {
    readonly seed: string;
    readonly publicKey: string;
}
export interface AliceVectors {
    readonly email: string;
    readonly instanceName: string;
    readonly keys: {
        readonly personEncryption: EncryptionKeyVectors;
        readonly personSign: SignKeyVectors;
        readonly instanceEncryption: EncryptionKeyVectors;
        readonly instanceSign: SignKeyVectors;
    };
}

export async function createAlice({ email, instanceName: name, keys }: AliceVectors): Promise<OneInstance> {
    await cryptoReady();
    return OneInstance.open({
        ...modelOptions,
        ...{ name, email, secret: 'alice', storage: new MemoryBackend(), encryptStorage: false },
        personKeys: keyPairs(keys.personEncryption, keys.personSign),
        instanceKeys: keyPairs(keys.instanceEncryption, keys.instanceSign),
    });
}

function keyPairs(encryption: EncryptionKeyVectors, sign: SignKeyVectors): GivenKeyPairs {
    const pair = keyPairOf(ensureSecretKey(bytes(encryption.secretKey)));
    expectEqual(uint8ArrayToHex(pair.publicKey), encryption.publicKey, 'public key');
    // The secret key of signing is its seed and the public one (spec 30 §2).
    const secret = ensureSecretSignKey(bytes(sign.seed + sign.publicKey));
    return { encryption: pair, sign: signKeyPairOf(secret) };
}
