// The instances on this device, as connections need them: the key of the instance, by which routes are found, and who its owner is.
import {
    InstanceRecipe,
    KeysRecipe,
    PersonRecipe,
    uint8ArrayToHex,
    type Instance,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import type { LocalInstance } from '../leute/endpoints.ts';
import { readAs } from '../typed-objects.ts';
import type { LocalIdentity } from './identities.ts';
import type { RouteKey } from './routes/route-manager.ts';

export interface OwnKey extends RouteKey, Disposable {
    readonly personId: SHA256IdHash<Person>;
    readonly instanceId: SHA256IdHash<Instance>;
    readonly identity: LocalIdentity;
}

/** @throws KeyChainError if the key chain is locked */
export async function createOwnKey(one: OneInstance, local: LocalInstance): Promise<OwnKey> {
    const { personId, instanceId, cryptoApi } = local;
    const identity = await localIdentity(one, personId, instanceId);
    return {
        ...{ personId, instanceId, cryptoApi, identity },
        key: uint8ArrayToHex(cryptoApi.publicEncryptionKey),
        [Symbol.dispose]: () => {
            cryptoApi[Symbol.dispose]();
            identity.cryptoApi[Symbol.dispose]();
        },
    };
}

async function localIdentity(
    { objects, keyChain, microdata }: OneInstance,
    personId: SHA256IdHash<Person>,
    instanceId: SHA256IdHash<Instance>,
): Promise<LocalIdentity> {
    return {
        person: microdata.parseIdAs(PersonRecipe, await objects.text(personId)),
        keys: await readAs(objects, KeysRecipe, await keyChain.getDefaultKeys(personId)),
        instance: microdata.parseIdAs(InstanceRecipe, await objects.text(instanceId)),
        cryptoApi: await keyChain.createCryptoApiFromDefaultKeys(personId),
    };
}
