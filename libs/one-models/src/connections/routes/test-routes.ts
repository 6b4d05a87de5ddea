// For tests: instances without storage that have routes to each other.
import { createKeyPair, CryptoApi, uint8ArrayToHex } from '@refinio/one.core';
import { TestClock } from '../test-connections.ts';
import { TestNetwork } from '../test-network.ts';
import { DirectListeners } from './direct-listeners.ts';
import type { IncomingConnectionConfiguration } from './route-ids.ts';
import { RouteManager, type EstablishedConnection, type RouteKey, type RouteManagerOptions } from './route-manager.ts';

export interface TestRoutes {
    readonly own: RouteKey;
    readonly routes: RouteManager<RouteKey>;
    readonly established: EstablishedConnection<RouteKey>[];
    readonly errors: unknown[];
    /** Its own listener. */
    readonly socket: IncomingConnectionConfiguration & { readonly type: 'socket' };
    readonly url: string;
}

export interface TestWorld {
    readonly network: TestNetwork;
    readonly clock: TestClock;
    /** Those of smaller keys come first. */
    readonly peers: readonly [TestRoutes, TestRoutes];
}

export function routeKey(): RouteKey {
    const cryptoApi = new CryptoApi(createKeyPair());
    return { key: uint8ArrayToHex(cryptoApi.publicEncryptionKey), cryptoApi };
}

export function testWorld(options: Partial<RouteManagerOptions<RouteKey>> = {}): TestWorld {
    const [network, clock] = [new TestNetwork(), new TestClock()];
    const keys = [routeKey(), routeKey()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const [first, second] = keys.map((own, i) => testRoutes(own, 9000 + i, network, clock, options));
    if (first === undefined || second === undefined) throw new TypeError('There are two.');
    return { network, clock, peers: [first, second] };
}

export function testRoutes(
    own: RouteKey,
    port: number,
    network: TestNetwork,
    clock: TestClock,
    options: Partial<RouteManagerOptions<RouteKey>> = {},
): TestRoutes {
    const established: EstablishedConnection<RouteKey>[] = [];
    const errors: unknown[] = [];
    const routes = new RouteManager<RouteKey>({
        dial: network.dial,
        direct: new DirectListeners(network.listen, clock),
        onConnection: each => established.push(each),
        onChange: () => undefined,
        onOnlineChange: () => undefined,
        onError: error => errors.push(error),
        timer: clock.timer,
        now: () => clock.elapsed,
        random: () => 0.5,
        ...options,
    });
    const socket = { type: 'socket', host: 'localhost', port } as const;
    return { own, routes, established, errors, socket, url: `ws://localhost:${port}` };
}
