import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { eventually, freePort, temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { arrived, pair, PeerProcess, sendNotes, synchronizing, type PeerStart } from './peer-process.ts';

// Starting a peer takes seconds on a busy machine.
jest.setTimeout(90_000);

/** Each with a folder of its own in that one. */
const startIn =
    ({ path }: TemporaryFolder) =>
    (name: string, options: Partial<PeerStart> = {}): Promise<PeerProcess> =>
        PeerProcess.start({ name, dir: join(path, name), reconnect: 1_500, ...options });

const unhandled = (peers: readonly PeerProcess[]) => peers.flatMap(peer => peer.eventsOf('unhandled'));

async function routesOf(peer: PeerProcess): Promise<string[]> {
    const infos = await peer.request<{ readonly routes: readonly { readonly name: string }[] }[]>('connections-info');
    return infos.flatMap(({ routes }) => routes.map(({ name }) => name));
}

/** Whatever it says of itself, the other one is told from now on. */
async function tellProfile(peer: PeerProcess, to: PeerProcess): Promise<void> {
    const { personId } = peer.info;
    const profile = { $type$: 'Profile', profileId: 'default', personId, owner: personId };
    const { idHash } = await peer.request('calc-id-hash', { obj: profile });
    await peer.request('grant-access', { idHash, persons: [to.info.personId] });
}

// Most of the time they wait.
describe('peers find each other again', () => {
    test.concurrent('when either one was killed or has quit, and nothing is lost', async () => {
        await using folder = await temporaryFolder('peers');
        const [start, listen] = [startIn(folder), `127.0.0.1:${await freePort()}`];
        await using alice = await start('alice', { listen });
        await using bob = await start('bob');
        await pair(alice, bob);
        await synchronizing(alice, bob);
        const obj = { $type$: 'InteropNote', seq: -1, text: 'kept' };
        const { hash } = await bob.request('store-unversioned', { obj });
        await alice.kill();
        await bob.request('grant-access', { hash, persons: [alice.info.personId] });
        await using second = await start('alice', { listen });
        expect(second.info).toMatchObject({ personId: alice.info.personId, instanceId: alice.info.instanceId });
        await arrived(second, [hash]);
        await sendNotes(second, bob, 3);

        expect(await second.quit()).toBe(0);
        await bob.kill();
        await using third = await start('alice', { listen });
        await using other = await start('bob');
        await synchronizing(third, other);
        await Promise.all([sendNotes(third, other, 3), sendNotes(other, third, 3)]);
        expect(await third.request<unknown[]>('list-contacts')).toHaveLength(1);
        expect(await Promise.all([third.quit(), other.quit()])).toEqual([0, 0]);
        expect(unhandled([alice, bob, second, other, third])).toEqual([]);
    });

    test.concurrent('at another address, if that was told', async () => {
        await using folder = await temporaryFolder('peers');
        const [start, before, after] = [startIn(folder), await freePort(), await freePort()];
        const url = `ws://127.0.0.1:${after}`;
        // Both can be dialled; carol only dials.
        const [alice, bob, carol] = await Promise.all([
            start('alice', { listen: `127.0.0.1:${before}` }),
            start('bob', { listen: '127.0.0.1:0' }),
            start('carol'),
        ]);
        await using _ = alice;
        await using __ = bob;
        await using ___ = carol;
        for (const peer of [bob, carol]) {
            await pair(alice, peer);
            await tellProfile(alice, peer);
        }
        await Promise.all([synchronizing(alice, bob), synchronizing(alice, carol)]);
        expect(await alice.request('listen', { port: after, advertise: url })).toEqual({ url, advertised: url });
        expect(await alice.request('create-invitation')).toMatchObject({ url });
        expect(await alice.request('export-identity')).toMatchObject({ url });
        await eventually(async () => expect(await routesOf(carol)).toContain(`OutgoingWebsocketRoute:${url}`));
        await alice.kill();
        await using moved = await start('alice', { listen: `127.0.0.1:${after}` });
        expect(moved.info.advertised).toBe(url);
        await synchronizing(moved, carol);
        await Promise.all([sendNotes(carol, moved, 1), sendNotes(moved, carol, 1)]);

        // Nobody was told beforehand, but it dials itself.
        await moved.quit();
        await using again = await start('alice', { listen: '127.0.0.1:0' });
        await synchronizing(again, bob);
        const route = `OutgoingWebsocketRoute:${String(again.info.advertised)}`;
        await eventually(async () => expect(await routesOf(bob)).toContain(route));
        await sendNotes(bob, again, 1);

        // Nowhere any more.
        await again.quit();
        await using hidden = await start('alice');
        expect(hidden.info.advertised).toBe(null);
        expect(await hidden.request('export-identity')).not.toHaveProperty('url');
        await sendNotes(hidden, bob, 1);
        expect(unhandled([alice, bob, carol, moved, again, hidden])).toEqual([]);
    });
});
