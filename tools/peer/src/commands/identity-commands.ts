import { KeysRecipe, type Keys, type OneInstance, type SHA256Hash } from '@refinio/one.core';
import type { Peer } from '../peer.ts';
import { PeerError } from '../peer-error.ts';
import { command, type Commands } from './command.ts';

const IMPLEMENTATION = 'lama-federation';

export const identityCommands: Commands = {
    info: command({
        args: {},
        result: '{implementation, name, email, personId, instanceId, personKeys, instanceKeys, advertised, pid, initMs}',
        run: info,
    }),
    'export-identity': command({
        args: {},
        result: 'identity record of the own endpoint',
        about: 'what `create-contact-with-endpoint` of another peer takes',
        run: exportIdentity,
    }),
};

export async function info({ one, addresses, initMs }: Peer) {
    const keysOf = async (owner: typeof one.id | typeof one.owner): Promise<Keys> =>
        readKeys(one, await one.keyChain.getDefaultKeys(owner));
    return {
        implementation: IMPLEMENTATION,
        ...{ name: one.name, email: one.email, personId: one.owner, instanceId: one.id },
        ...{ personKeys: await keysOf(one.owner), instanceKeys: await keysOf(one.id) },
        ...{ advertised: addresses.advertised ?? null, pid: process.pid, initMs },
    };
}

async function exportIdentity({ one, leute }: Peer) {
    const [endpoint] = await leute.endpoints.myLocal(one.owner);
    if (endpoint === undefined)
        throw new PeerError('PEER_HAS_NO_ENDPOINT', 'The own default profile holds no endpoint of this instance');
    const [person, instance] = [await readKeys(one, endpoint.personKeys), await readKeys(one, endpoint.instanceKeys)];
    return {
        ...{ type: 'public', personEmail: one.email, instanceName: one.name },
        ...{ personKeyPublic: person.publicKey, personSignKeyPublic: person.publicSignKey },
        ...{ instanceKeyPublic: instance.publicKey, instanceSignKeyPublic: instance.publicSignKey },
        ...(endpoint.url !== undefined && { url: endpoint.url }),
    };
}

async function readKeys({ objects }: OneInstance, hash: SHA256Hash<Keys>): Promise<Keys> {
    return objects.microdata.parseAs(KeysRecipe, await objects.text(hash));
}
