import { describe, expect, test } from '@jest/globals';
import { MAX_STRANGERS } from '../../limits.ts';
import type { MessageSocket } from '../../transports/message-socket.ts';
import { settled } from '../test-connections.ts';
import { groupIdOf } from './route-ids.ts';
import { routeKey, testRoutes, testWorld, type TestRoutes } from './test-routes.ts';

const CHUM = 'chum';

function idOf(from: TestRoutes, to: TestRoutes): string {
    return groupIdOf({ localKey: from.own.key, remoteKey: to.own.key, groupName: CHUM });
}

function isConnected(from: TestRoutes, to: TestRoutes): boolean {
    return from.routes.group(idOf(from, to))?.active !== undefined;
}

/** `from` dials `to`. */
function dials(from: TestRoutes, to: TestRoutes): void {
    from.routes.addOutgoing(from.own, to.own.key, CHUM, to.url);
    from.routes.group(idOf(from, to))?.enable();
}

/** `to` accepts `from`. */
async function accepts(to: TestRoutes, from: TestRoutes): Promise<void> {
    to.routes.addIncoming(to.own, from.own.key, CHUM, to.socket);
    to.routes.group(idOf(to, from))?.enable();
    await to.routes.opened();
}

async function acceptsAll(to: TestRoutes): Promise<void> {
    to.routes.addCatchAll(to.own, to.socket);
    to.routes.enableCatchAlls();
    await to.routes.opened();
}

describe('routes', () => {
    test('connect one who dials with one who listens; nothing is known but keys', async () => {
        const { peers } = testWorld();
        const [a, b] = peers;
        await accepts(b, a);
        dials(a, b);
        await settled();
        expect(a.established).toMatchObject([
            { remoteKey: b.own.key, groupName: CHUM, isInitiator: true, isCatchAll: false },
        ]);
        expect(b.established).toMatchObject([
            { remoteKey: a.own.key, groupName: CHUM, isInitiator: false, isCatchAll: false },
        ]);
        a.established[0]?.connection.send('from a');
        expect(await b.established[0]?.connection.read()).toBe('from a');
    });

    test('are tried after 5, 10, 20, 30, 60, and then every 120 seconds, a bit later each time', async () => {
        const { peers, clock, network } = testWorld();
        const [a, b] = peers;
        dials(a, b);
        await settled();
        const seconds: number[] = [];
        for (let second = 1; second <= 420; second++) {
            const before = network.refused;
            await clock.pass(1_000);
            if (network.refused > before) seconds.push(second);
        }
        // 5.5, 16.5, 38.5, 71.5, 137.5, 269.5, 401.5
        expect(seconds).toEqual([6, 17, 39, 72, 138, 270, 402]);
        expect(a.errors).toHaveLength(8);
        expect(a.errors[0]).toMatchObject({ code: 'OPEN_FAILED' });
    });

    test('are tried at once when somebody asks for it', async () => {
        const { peers, clock, network } = testWorld();
        const [a, b] = peers;
        dials(a, b);
        await clock.pass(100_000);
        const before = network.refused;
        await accepts(b, a);
        a.routes.hurry();
        await settled();
        expect([network.refused, isConnected(a, b)]).toEqual([before, true]);
    });

    test('are tried again when the peer refuses, as it may know this side later', async () => {
        const { peers, clock } = testWorld();
        const [a, b] = peers;
        const stranger = testRoutes(routeKey(), 9_009, testWorld().network, clock);
        await accepts(b, stranger);
        dials(a, b);
        await settled();
        expect(a.errors).toMatchObject([{ message: expect.stringContaining('Go Away!') as unknown }]);
        await accepts(b, a);
        await clock.pass(5_500);
        expect(isConnected(a, b) && isConnected(b, a)).toBe(true);
    });

    test('are not tried any more while another one is in use', async () => {
        const { peers, clock, network } = testWorld();
        const [a, b] = peers;
        await accepts(b, a);
        // One that takes connections and says nothing.
        await network.listen({ hosts: ['silent'], port: 1, onSocket: () => undefined });
        a.routes.addOutgoing(a.own, b.own.key, CHUM, 'ws://silent:1');
        dials(a, b);
        await settled();
        expect(isConnected(a, b)).toBe(true);
        await clock.pass(600_000);
        expect(network.opened.filter(({ url }) => url === 'ws://silent:1')).toHaveLength(1);
        expect(isConnected(a, b)).toBe(true);
    });

    test('are dialled again when the connection ends: after 5 to 10 seconds, and rarer if none of them lasts', async () => {
        const { peers, clock, network } = testWorld();
        const [a, b] = peers;
        await accepts(b, a);
        dials(a, b);
        await settled();
        const waited: number[] = [];
        for (let i = 0; i < 8; i++) {
            network.cut();
            await settled();
            expect(isConnected(a, b)).toBe(false);
            const begin = clock.elapsed;
            while (!isConnected(a, b)) await clock.pass(500);
            waited.push(clock.elapsed - begin);
        }
        expect(waited).toEqual([7_500, 7_500, 15_000, 30_000, 60_000, 90_000, 90_000, 90_000]);
        await clock.pass(40_000);
        network.cut();
        await clock.pass(7_500);
        expect(isConnected(a, b)).toBe(true);
    });

    test('that are disabled have no connection, and get none', async () => {
        const { peers, clock } = testWorld();
        const [a, b] = peers;
        await accepts(b, a);
        dials(a, b);
        await settled();
        await a.routes.group(idOf(a, b))?.disable();
        const ended = await b.established[0]?.connection.closed;
        expect(ended).toMatchObject({ reason: 'Close called: Corresponding route was stopped', origin: 'remote' });
        await clock.pass(60_000);
        expect(a.established).toHaveLength(1);
        a.routes.group(idOf(a, b))?.enable();
        await settled();
        expect(isConnected(a, b)).toBe(true);
        // The listener stays open for others, so that the peer is told why.
        await acceptsAll(b);
        await b.routes.group(idOf(b, a))?.disable();
        await settled();
        await clock.pass(7_500);
        const closings = (): unknown[] => a.routes.group(idOf(a, b))?.log.map(each => each.closeEvent?.reason) ?? [];
        expect(closings().at(-1)).toBe('Close called: Route is disabled');
        expect(isConnected(b, a)).toBe(false);
        // It asks again, as deployed peers would not.
        await clock.pass(15_000);
        expect(closings().slice(-2)).toEqual(Array(2).fill('Close called: Route is disabled'));
    });

    test('of strangers: who is not known is refused, or let in by a catch-all route for one connection', async () => {
        const { peers } = testWorld();
        const [a, b] = peers;
        await acceptsAll(b);
        dials(a, b);
        await settled();
        expect(b.established).toMatchObject([{ remoteKey: a.own.key, isCatchAll: true }]);
        expect([...b.routes.groups]).toMatchObject([{ isTemporary: true, isEnabled: false }]);
        b.established[0]?.connection.close();
        await settled();
        expect([...b.routes.groups]).toEqual([]);
    });

    test('of a stranger who becomes known keep its connection', async () => {
        const { peers, network } = testWorld();
        const [a, b] = peers;
        await acceptsAll(b);
        dials(a, b);
        await settled();
        await accepts(b, a);
        dials(b, a);
        await settled();
        expect(network.opened).toHaveLength(1);
        expect([...b.routes.groups]).toMatchObject([{ isTemporary: false, isEnabled: true }]);
        b.established[0]?.connection.close();
        await settled();
        expect([...b.routes.groups]).toHaveLength(1);
    });

    test('share a listener, open as long as one of them needs it', async () => {
        const { peers, network } = testWorld();
        const [a, b] = peers;
        const groups = ['x', 'y'].map(groupName => groupIdOf({ localKey: b.own.key, remoteKey: a.own.key, groupName }));
        for (const name of ['x', 'y']) b.routes.addIncoming(b.own, a.own.key, name, b.socket);
        expect(network.addresses).toEqual([]);
        for (const id of groups) b.routes.group(id)?.enable();
        await acceptsAll(b);
        expect(network.addresses).toEqual([b.url]);
        await b.routes.disableCatchAlls();
        await b.routes.group(groups[0] ?? '')?.disable();
        expect(network.addresses).toEqual([b.url]);
        await b.routes.group(groups[1] ?? '')?.disable();
        expect(network.addresses).toEqual([]);
    });

    test('a listener that cannot be opened is reported, and tried by the next who needs it', async () => {
        const { peers, network } = testWorld();
        const [, b] = peers;
        const other = await network.listen({ port: b.socket.port, onSocket: () => undefined });
        await expect(acceptsAll(b)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
        await other[Symbol.asyncDispose]();
        await b.routes.disableCatchAlls();
        await acceptsAll(b);
        expect(network.addresses).toEqual([b.url]);
    });

    test('half-open connections do not keep others out', async () => {
        const { peers, network, clock } = testWorld();
        const [a, b] = peers;
        await acceptsAll(b);
        for (let i = 0; i < MAX_STRANGERS * 2; i++) await network.dial(b.url);
        dials(a, b);
        await settled();
        expect(isConnected(a, b)).toBe(true);
        const isOpen = async (socket: MessageSocket): Promise<boolean> =>
            (await Promise.race([socket.closed, settled()])) === undefined;
        const open = await Promise.all(network.opened.map(({ sockets }) => isOpen(sockets[1])));
        expect(open.filter(Boolean)).toHaveLength(MAX_STRANGERS);
        expect(open.lastIndexOf(true)).toBe(open.length - 1);
        await clock.pass(20_000);
        expect(network.opened).toHaveLength(MAX_STRANGERS * 2 + 1);
        const ended = network.opened.map(({ sockets }) => sockets[1].closed);
        expect(await Promise.race([Promise.all(ended.slice(0, -1)), settled()])).toHaveLength(MAX_STRANGERS * 2);
    });

    test('a listener that could not be opened is opened by the next attempt', async () => {
        const { peers, network } = testWorld();
        const [a, b] = peers;
        const other = await network.listen({ port: b.socket.port, onSocket: () => undefined });
        await expect(accepts(b, a)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
        await other[Symbol.asyncDispose]();
        await accepts(b, a);
        expect(network.addresses).toEqual([b.url]);
    });

    test('that are disposed of leave nothing, also of what is being set up', async () => {
        const { peers, network, clock } = testWorld();
        const [a, b] = peers;
        await accepts(b, a);
        await acceptsAll(b);
        dials(a, b);
        await settled();
        const stranger = testRoutes(routeKey(), 9_009, network, clock);
        dials(stranger, b);
        await settled();
        const halfOpen = await network.dial(b.url);
        await network.listen({ hosts: ['silent'], port: 1, onSocket: () => undefined });
        const nobody = { localKey: a.own.key, remoteKey: routeKey().key, groupName: CHUM };
        a.routes.addOutgoing(a.own, nobody.remoteKey, CHUM, 'ws://silent:1');
        a.routes.group(groupIdOf(nobody))?.enable();
        await settled();
        for (const { routes } of [b, a, stranger]) await routes[Symbol.asyncDispose]();
        expect((await halfOpen.closed).origin).toBe('remote');
        expect(network.addresses).toEqual(['ws://silent:1']);
        const [known, unknown] = b.established.map(({ connection }) => connection.statistics.closeEvent?.reason);
        expect(known).toBe('Corresponding route was stopped -> regular close');
        expect(unknown).toBe('closeConnections called by user. -> regular close');
        expect(clock.waiting).toBe(0);
        expect(a.established.every(({ connection }) => connection.state === 'closed')).toBe(true);
    });
});
