import { describe, expect, test } from '@jest/globals';
import { createAccess, MemoryBackend } from '@refinio/one.core';
import { eventually } from '@lama/testing';
import { nodeTransports } from '../platform/node/node-transports.ts';
import { openInstance } from '../leute/test-people.ts';
import { LeuteModel } from '../leute/leute-model.ts';
import { DEFAULT_PROFILE } from '../leute/well-known.ts';
import { createProfileIn } from '../leute/profile-model.ts';
import { ConnectionsModel } from './connections-model.ts';
import { TestLine } from '../platform/node/test-lines.ts';

const DOOR = { type: 'socket', host: 'localhost', port: 0 } as const;

async function peer(name: string, doors: (typeof DOOR)[] = []) {
    const one = await openInstance(name, { storage: new MemoryBackend() });
    const leute = new LeuteModel(one);
    await leute.init();
    const connections = new ConnectionsModel(one, leute, {
        ...nodeTransports(),
        incomingConnectionConfigurations: doors,
        reconnectDelay: 10,
    });
    await connections.init();
    return {
        ...{ one, leute, connections },
        [Symbol.asyncDispose]: async () => {
            await connections.shutdown();
            await leute[Symbol.asyncDispose]();
            await one[Symbol.asyncDispose]();
        },
    };
}

type Peer = Awaited<ReturnType<typeof peer>>;

async function shareName({ one }: Peer, name: string, with_: Peer): Promise<void> {
    await one.objects.transact(objects =>
        createProfileIn(
            objects,
            { profileId: DEFAULT_PROFILE, personId: one.owner, owner: one.owner },
            [],
            [{ $type$: 'PersonName', name }],
        ),
    );
    const id = await one.microdata.idHash({
        ...{ $type$: 'Profile', profileId: DEFAULT_PROFILE, personId: one.owner, owner: one.owner },
    });
    await createAccess(one.objects, [{ id, person: [with_.one.owner], mode: 'add' }]);
}

async function knows({ leute }: Peer, name: string): Promise<void> {
    const names = await Promise.all(
        (await leute.others()).map(async each => leute.displayName(await each.mainIdentity())),
    );
    expect(names).toContain(name);
}

describe('over lines of TCP', () => {
    test('pairing that is cut at any byte fails on both sides or succeeds on both in the end', async () => {
        await using bob = await peer('bob', [DOOR]);
        const url = await bob.connections.urlOf(DOOR);
        await using line = await TestLine.start(url ?? '');
        await using alice = await peer('alice');
        const { invitation } = await bob.connections.pairing.createInvitation({ url: line.url });
        // A whole pairing has about 9 000 bytes; each attempt comes further than the one before.
        const codes: unknown[] = [];
        const use = async (): Promise<boolean> => {
            try {
                await alice.connections.pairing.connectUsingInvitation(invitation);
                return true;
            } catch (error) {
                codes.push((error as { readonly code?: string }).code);
                return false;
            }
        };
        for (line.cutAfter = 50; !(await use()); line.cutAfter += 100)
            await eventually(() => expect(line.open.size).toBe(0));
        expect(new Set(codes)).toEqual(new Set(['OPEN_FAILED', 'CONNECTION_CLOSED', 'PAIRING_NOT_CONFIRMED']));
        expect(line.cuts).toBe(codes.length);
        line.cutAfter = Infinity;
        await eventually(async () => expect(await bob.leute.others()).toHaveLength(1));
        await shareName(bob, 'Bob', alice);
        await eventually(() => knows(alice, 'Bob'));
    });

    test('what is granted arrives, however often the line is cut', async () => {
        await using bob = await peer('bob', [DOOR]);
        const url = await bob.connections.urlOf(DOOR);
        await using line = await TestLine.start(url ?? '');
        await using alice = await peer('alice');
        const { invitation } = await bob.connections.pairing.createInvitation({ url: line.url });
        await alice.connections.pairing.connectUsingInvitation(invitation);
        await shareName(bob, 'Bob', alice);
        await shareName(alice, 'Alice', bob);
        // From the first word of the WebSocket to the first round of CHUM.
        for (let bytes = 200; bytes < 5_000; bytes += 400) {
            line.cutAfter = bytes;
            const before = line.cuts;
            line.cutAll();
            alice.connections.reconnect();
            await eventually(() => {
                alice.connections.reconnect();
                expect(line.cuts).toBeGreaterThan(before);
            });
        }
        line.cutAfter = Infinity;
        line.cutAll();
        await eventually(async () => {
            alice.connections.reconnect();
            await knows(alice, 'Bob');
            await knows(bob, 'Alice');
        });
    });
});
