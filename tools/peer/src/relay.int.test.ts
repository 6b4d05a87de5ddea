import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { OneInstance, valueSpaces } from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { AddressGuard, listenRelay, RelayServer } from '@refinio/one.models/node';
import { eventually, freePort, temporaryFolder } from '@lama/testing';
import { arrived, pair, PeerProcess, sendNotes, synchronizing } from './peer-process.ts';

interface Relay extends AsyncDisposable {
    readonly url: string;
}

async function startRelay(port: number): Promise<Relay> {
    const server = new RelayServer();
    const listener = await listenRelay({ server, guard: new AddressGuard(), port, hosts: ['127.0.0.1'] });
    const dispose = async (): Promise<void> => {
        await listener[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
    };
    return { url: listener.url, [Symbol.asyncDispose]: dispose };
}

const isOnline = (peer: PeerProcess) => async (): Promise<void> =>
    expect(await peer.request('online-state')).toEqual({ online: true });

// Starting a peer takes seconds on a busy machine.
jest.setTimeout(90_000);

test('peers pair through a communication server, and find each other again when it was restarted', async () => {
    await using folder = await temporaryFolder('peers');
    const port = await freePort();
    await using relay = await startRelay(port);
    const [commserver, nearby] = [relay.url, `127.0.0.1:${await freePort()}`];
    const dir = join(folder.path, 'bob');
    await using alice = await PeerProcess.start({ name: 'alice', commserver, listen: nearby });
    await using bob = await PeerProcess.start({ name: 'bob', dir });
    expect(alice.info.advertised).toBe(commserver);
    expect(await bob.request('connect-commserver', { url: commserver })).toEqual({ advertised: commserver });
    await Promise.all([alice, bob].map(peer => eventually(isOnline(peer))));
    expect(await alice.request('create-invitation')).toMatchObject({ url: commserver });
    await pair(alice, bob);
    await synchronizing(alice, bob);
    const { idHash } = await alice.request('calc-id-hash', {
        obj: { $type$: 'Profile', profileId: 'default', personId: alice.info.personId, owner: alice.info.personId },
    });
    const { hash } = await alice.request('get-by-id', { idHash });
    await alice.request('grant-access', { idHash, persons: [bob.info.personId] });
    await arrived(bob, [hash]);
    await Promise.all([sendNotes(alice, bob, 10), sendNotes(bob, alice, 10)]);

    await relay[Symbol.asyncDispose]();
    // Both register again after ten seconds, and dial every few.
    await eventually(async () => expect(await alice.request('online-state')).toEqual({ online: false }));
    await using _ = await startRelay(port);
    await Promise.all([sendNotes(alice, bob, 10), sendNotes(bob, alice, 10)]);

    // Where alice listens for those nearby is nobody's business.
    expect([await alice.quit(), await bob.quit()]).toEqual([0, 0]);
    expect([alice, bob].flatMap(peer => peer.eventsOf('unhandled'))).toEqual([]);
    expect(await haveNames('bob', dir, [commserver, nearby])).toEqual([true, false]);
});

/** Whether texts stand anywhere in the store of a peer. */
async function haveNames(name: string, dir: string, texts: readonly string[]): Promise<boolean[]> {
    const identity = { name, email: `${name}@interop.test`, secret: `secret of ${name}` };
    await using one = await OneInstance.open({ ...identity, storage: EmbeddedBackend.open(dir), create: false });
    const { store } = one.objects;
    const found = texts.map(() => false);
    for (const space of valueSpaces)
        for await (const key of store.keys(space)) {
            const value = Buffer.from((await store.get(space, key)) ?? []);
            for (const [i, text] of texts.entries()) if (value.includes(text)) found[i] = true;
        }
    return found;
}
