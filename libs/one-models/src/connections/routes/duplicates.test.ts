import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { settled, testPair } from '../test-connections.ts';
import { ActiveConnection } from './active-connection.ts';
import { groupIdOf } from './route-ids.ts';
import { testRoutes, testWorld, type TestRoutes, type TestWorld } from './test-routes.ts';

function groupOf(from: TestRoutes, to: TestRoutes) {
    const group = from.routes.group(groupIdOf({ localKey: from.own.key, remoteKey: to.own.key, groupName: 'chum' }));
    if (group === undefined) throw new TypeError('Add routes first.');
    return group;
}

/** Each can dial the other one; nobody does yet. */
async function bothWays(): Promise<TestWorld> {
    const world = testWorld();
    const [a, b] = world.peers;
    for (const [from, to] of [
        [a, b],
        [b, a],
    ] as const) {
        from.routes.addIncoming(from.own, to.own.key, 'chum', from.socket);
        groupOf(from, to).enable();
        from.routes.addOutgoing(from.own, to.own.key, 'chum', to.url);
        await from.routes.opened();
    }
    return world;
}

/** Those that are in use on both sides; the initiator's key tells them apart. */
function inUse({ peers: [a, b] }: TestWorld): (boolean | undefined)[] {
    return [groupOf(a, b).active?.isInitiator, groupOf(b, a).active?.isInitiator];
}

/** Sockets that are open. */
async function openSockets({ network }: TestWorld): Promise<number> {
    let open = 0;
    for (const { sockets } of network.opened)
        if ((await Promise.race([sockets[0].closed, sockets[1].closed, settled()])) === undefined) open++;
    return open;
}

describe('of several connections with one peer', () => {
    test('the new one is dropped while the old one is younger than two seconds, and replaces it later', async () => {
        const world = await bothWays();
        const { peers, clock, network } = world;
        const [a, b] = peers;
        groupOf(a, b).enable();
        await settled();
        const dialAgain = async (): Promise<void> => {
            // Another process with the same keys, or one that has lost its connection without noticing.
            const again = testRoutes(a.own, 9_002, network, clock);
            again.routes.addOutgoing(a.own, b.own.key, 'chum', b.url);
            again.routes.group(groupOf(a, b).id)?.enable();
            await settled();
        };
        await clock.pass(1_000);
        await dialAgain();
        expect(b.established).toHaveLength(1);
        expect(await network.opened[1]?.sockets[0].closed).toMatchObject({
            reason: 'Close called: Duplicate connection - dropped new connection',
        });
        await clock.pass(1_000);
        await dialAgain();
        expect(b.established).toHaveLength(2);
        expect(await network.opened[0]?.sockets[0].closed).toMatchObject({
            reason: 'Close called: New connection replaced old one',
        });
        expect(groupOf(b, a).active?.connection).toBe(b.established[1]?.connection);
    });

    test('both sides agree when they dial each other at the same moment: the smaller key wins', async () => {
        const world = await bothWays();
        const [a, b] = world.peers;
        groupOf(a, b).enable();
        groupOf(b, a).enable();
        await settled();
        // What follows on a connection is who the sides are.
        for (const { established } of world.peers)
            for (const { connection } of established) connection.send('first word');
        await settled();
        expect(inUse(world)).toEqual([true, false]);
        expect(await openSockets(world)).toBe(1);
    });

    test('one that is kept is dropped if the active one goes on', async () => {
        const world = await bothWays();
        const [a, b] = world.peers;
        groupOf(b, a).enable();
        await settled();
        // The peer is one that does nothing with its own attempt.
        groupOf(b, a).active?.connection.send('word');
        await world.clock.pass(500);
        const kept = a.routes.group(groupOf(a, b).id);
        kept?.enable();
        await settled();
        await world.clock.pass(1_000);
        expect(await openSockets(world)).toBe(1);
    });

    test('one that is kept takes the place of the active one when the peer closes that, as deployed peers do', async () => {
        const [mine, theirs] = [testPair(), testPair()];
        let idle = 0;
        const { timer } = mine.clock;
        const onIdle = (): void => {
            idle++;
        };
        const active = new ActiveConnection({ timer, now: () => mine.clock.elapsed, hasSmallerKey: true, onIdle });
        expect(await active.admit({ connection: mine.initiator, routeId: 'out', isInitiator: true })).toBe(true);
        const second = active.admit({ connection: theirs.acceptor, routeId: 'in', isInitiator: false });
        mine.acceptor.close('Duplicate connection - dropped new connection');
        expect(await second).toBe(true);
        expect([active.current?.routeId, idle]).toEqual(['in', 0]);
        theirs.initiator.close();
        await settled();
        expect([active.current, idle]).toEqual([undefined, 1]);
    });

    test('in the end exactly one is in use on both sides, whenever they dial and however slow lines are', async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.nat({ max: 400 }), { minLength: 40, maxLength: 40 }),
                fc.nat({ max: 3_000 }),
                fc.boolean(),
                async (delays, gap, isFirst) => {
                    const world = await bothWays();
                    const { clock, network, peers } = world;
                    let next = 0;
                    network.line = {
                        line: (frame, { deliver }) =>
                            new Promise(resolve => {
                                clock.timer(
                                    () => {
                                        deliver(frame);
                                        resolve();
                                    },
                                    delays[next++ % delays.length] ?? 0,
                                );
                            }),
                    };
                    // As those who use it do: each says something at once, and closes nothing.
                    const [first, second] = isFirst ? peers : ([peers[1], peers[0]] as const);
                    groupOf(first, second).enable();
                    await clock.pass(gap);
                    groupOf(second, first).enable();
                    for (let i = 0; i < 600; i++) {
                        await clock.pass(50);
                        for (const { established } of peers)
                            for (const { connection } of established.splice(0)) connection.send('first word');
                    }
                    const [one, other] = inUse(world);
                    expect([one, other]).toEqual([one, one === false]);
                    expect(await openSockets(world)).toBe(1);
                },
            ),
            { numRuns: 30 },
        );
    }, 60_000);
});
