import {
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    Slots,
    systemTimer,
    type CryptoApi,
    type Timer,
} from '@refinio/one.core';
import { MAX_DIALS, MAX_GROUP_NAME, RECONNECT_MS, SHUTDOWN_CLOSE_MS } from '../../limits.ts';
import type { Dial } from '../../transports/message-socket.ts';
import { ConnectionError } from '../connection-error.ts';
import { Connection } from '../connection.ts';
import { acceptGroup, openGroup } from '../group.ts';
import { initiateHandshake } from '../handshake.ts';
import type { Candidate } from './active-connection.ts';
import type { DirectListeners, ListeningKey } from './direct-listeners.ts';
import { IncomingListeners } from './incoming-listeners.ts';
import { IncomingRoute } from './incoming-route.ts';
import { OutgoingRoute } from './outgoing-route.ts';
import {
    groupIdOf,
    incomingRouteId,
    outgoingRouteId,
    type GroupKey,
    type IncomingConnectionConfiguration,
} from './route-ids.ts';
import { ROUTE_STOPPED, RoutesGroup } from './routes-group.ts';

/** A key of an instance on this device, by which it connects and is connected to. */
export interface RouteKey {
    /** Hexadecimal, lower case. */
    readonly key: string;
    /** Of the same key. The caller disposes of it. */
    readonly cryptoApi: CryptoApi;
}

/** A connection that is in use from now on. Who is on the other side is not known yet, but for its key. */
export interface EstablishedConnection<Local extends RouteKey> extends Candidate {
    readonly local: Local;
    readonly remoteKey: string;
    readonly groupName: string;
    readonly groupId: string;
    /** It came in by a catch-all route: nothing is configured for this key and group. */
    readonly isCatchAll: boolean;
}

export interface RouteManagerOptions<Local extends RouteKey> {
    readonly dial: Dial;
    readonly direct: DirectListeners;
    readonly onConnection: (established: EstablishedConnection<Local>) => void;
    /** Connections have come or gone, or routes were enabled or disabled. */
    readonly onChange: () => void;
    /** Some communication server can be reached now, or cannot any more. */
    readonly onOnlineChange: () => void;
    /** Told why an attempt to dial, or a listener, has failed. */
    readonly onError: (error: unknown) => void;
    /** Milliseconds. */
    readonly reconnectDelay?: number;
    readonly timer?: Timer;
    /** Milliseconds, of any beginning. */
    readonly now?: () => number;
    /** From [0, 1). */
    readonly random?: () => number;
}

/**
 * Keeps at most one connection for each pair of keys and each purpose, over whatever routes there are (spec 50 §9): groups of known
 * peers, and catch-all routes for everybody else.
 */
export class RouteManager<Local extends RouteKey> implements AsyncDisposable {
    readonly #options: RouteManagerOptions<Local>;
    readonly #timer: Timer;
    readonly #listeners: IncomingListeners;
    readonly #groups = new Map<string, RoutesGroup>();
    /** By the ID of the route and the local key. */
    readonly #catchAlls = new Map<string, IncomingRoute>();
    readonly #slots = new Slots(MAX_DIALS);
    /** From the handshake on. */
    readonly #open = new Set<Connection>();
    #isStopped = false;

    constructor(options: RouteManagerOptions<Local>) {
        const { dial, direct, onError, onOnlineChange: onStateChange, timer = systemTimer } = options;
        this.#options = options;
        this.#timer = timer;
        this.#listeners = new IncomingListeners({ direct, dial, onError, onStateChange, timer });
    }

    get isOnline(): boolean {
        return this.#listeners.isOnline;
    }

    /** Those of known peers, and those of strangers that are connected. */
    get groups(): Iterable<RoutesGroup> {
        return this.#groups.values();
    }

    group(id: string): RoutesGroup | undefined {
        return this.#groups.get(id);
    }

    /** Disabled at first. @returns its ID if it is new */
    addOutgoing(local: Local, remoteKey: string, groupName: string, url: string): string | undefined {
        const group = this.#groupOf({ localKey: local.key, remoteKey, groupName });
        const id = outgoingRouteId(url);
        return group.add(id, () => this.#createOutgoing(id, local, group, url)) ? id : undefined;
    }

    /** Disabled at first. @returns its ID if it is new */
    addIncoming(
        local: Local,
        remoteKey: string,
        groupName: string,
        configuration: IncomingConnectionConfiguration,
    ): string | undefined {
        const group = this.#groupOf({ localKey: local.key, remoteKey, groupName });
        const id = incomingRouteId(configuration, local.key);
        return group.add(id, () => this.#createIncoming(local, configuration)) ? id : undefined;
    }

    /** Of a key that has turned out to be one of this device. */
    async removeGroupsTo(remoteKey: string): Promise<void> {
        for (const { id, key } of [...this.#groups.values()])
            if (key.remoteKey === remoteKey) await this.removeGroup(id);
    }

    /** The group is gone with its last route; its connection is closed. */
    async removeGroup(id: string): Promise<void> {
        const group = this.#groups.get(id);
        if (group === undefined || group.isTemporary) return;
        this.#groups.delete(id);
        await group.disable();
        group.close(ROUTE_STOPPED);
    }

    /** Disabled at first. @returns whether it is new */
    addCatchAll(local: Local, configuration: IncomingConnectionConfiguration): boolean {
        const id = catchAllId(incomingRouteId(configuration, local.key), local);
        if (this.#catchAlls.has(id)) return false;
        this.#catchAlls.set(id, this.#createIncoming(local, configuration));
        return true;
    }

    /** The routes of a way in; connections of known peers that came by it end. */
    async removeIncoming(local: Local, configuration: IncomingConnectionConfiguration): Promise<void> {
        const routeId = incomingRouteId(configuration, local.key);
        const id = catchAllId(routeId, local);
        const catchAll = this.#catchAlls.get(id);
        this.#catchAlls.delete(id);
        await catchAll?.stop();
        for (const group of this.#groups.values()) if (group.key.localKey === local.key) await group.remove(routeId);
    }

    enableCatchAlls(): void {
        for (const route of this.#catchAlls.values()) {
            route.isEnabled = true;
            route.start();
        }
    }

    /** Connections that came by them live on. */
    async disableCatchAlls(): Promise<void> {
        for (const route of this.#catchAlls.values()) {
            route.isEnabled = false;
            await route.stop();
        }
    }

    /** Every group that wants to connect tries it now. */
    hurry(): void {
        for (const group of this.#groups.values()) group.hurry();
    }

    /** Waits until all listeners that were enabled listen. @throws ConnectionError `LISTEN_FAILED` */
    opened(): Promise<void> {
        return this.#listeners.opened();
    }

    /** Where a direct listener can be dialled from this machine; undefined if it is not open. */
    async urlOf(configuration: IncomingConnectionConfiguration, local: Local): Promise<string | undefined> {
        return this.#listeners.urlOf(catchAllId(incomingRouteId(configuration, local.key), local));
    }

    /** Nothing is dialled, listened for or open any more. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#isStopped = true;
        const groups = [...this.#groups.values()];
        for (const group of groups) if (group.isTemporary) group.close('closeConnections called by user.');
        await Promise.all([this.disableCatchAlls(), ...groups.map(group => group.disable())]);
        // Also those that are being set up, and those that others have taken the place of.
        const connections = [...this.#open];
        for (const connection of connections) connection.close(ROUTE_STOPPED);
        const cancel = this.#timer(() => {
            for (const connection of connections) connection.terminate();
        }, SHUTDOWN_CLOSE_MS);
        await Promise.all(connections.map(({ closed }) => closed));
        cancel();
        this.#groups.clear();
        this.#catchAlls.clear();
    }

    #groupOf(key: GroupKey): RoutesGroup {
        return this.#groups.get(groupIdOf(key)) ?? this.#createGroup(key, false);
    }

    #createGroup(key: GroupKey, isTemporary: boolean): RoutesGroup {
        const { onChange, now = () => performance.now(), random = Math.random } = this.#options;
        const { reconnectDelay = RECONNECT_MS } = this.#options;
        const onIdle = (): void => this.#forget(group);
        const times = { timer: this.#timer, now, random, reconnectDelay };
        const group: RoutesGroup = new RoutesGroup(key, isTemporary, { ...times, onChange, onIdle });
        this.#groups.set(group.id, group);
        return group;
    }

    #createOutgoing(id: string, local: Local, group: RoutesGroup, url: string): OutgoingRoute {
        const { dial, onError, random = Math.random } = this.#options;
        const { remoteKey, groupName } = group.key;
        return new OutgoingRoute(id, {
            ...{ timer: this.#timer, random, onError },
            connect: async () => {
                const target = ensurePublicKey(hexToUint8ArrayWithCheck(remoteKey));
                // Those who take connections and say nothing hold up nobody else.
                const socket = await this.#slots.run(async () => dial(url));
                const connection = this.#track(new Connection(socket, { timer: this.#timer }));
                await initiateHandshake(connection, local.cryptoApi, target, { timer: this.#timer });
                await openGroup(connection, groupName, { timer: this.#timer });
                return connection;
            },
            onConnection: connection => void this.#admit(local, group, { connection, routeId: id, isInitiator: true }),
        });
    }

    #track(connection: Connection): Connection {
        this.#open.add(connection);
        void connection.closed.then(() => this.#open.delete(connection));
        if (this.#isStopped) connection.close('Stopped by user');
        return connection;
    }

    #createIncoming(local: Local, configuration: IncomingConnectionConfiguration): IncomingRoute {
        const routeId = incomingRouteId(configuration, local.key);
        const key: ListeningKey = {
            cryptoApi: local.cryptoApi,
            onHandshake: (connection, remoteKey) =>
                void this.#accept(local, routeId, this.#track(connection), remoteKey),
        };
        return new IncomingRoute(this.#listeners, configuration, local.key, key);
    }

    async #accept(local: Local, routeId: string, connection: Connection, remoteKey: string): Promise<void> {
        let group: RoutesGroup | undefined;
        try {
            await acceptGroup(
                connection,
                groupName => {
                    group = this.#groupFor(local, routeId, { localKey: local.key, remoteKey, groupName });
                    void connection.closed.then(() => this.#forget(group));
                    return group !== undefined;
                },
                { timer: this.#timer },
            );
        } catch (error) {
            // The peer was told. Whatever it has sent, or that it was not wanted, is no failure of this instance.
            if (!(error instanceof ConnectionError)) throw error;
            return;
        }
        if (group !== undefined) await this.#admit(local, group, { connection, routeId, isInitiator: false });
    }

    /** Who may connect (spec 50 §5); the keys of all routes of this listener are asked. */
    #groupFor(local: Local, routeId: string, key: GroupKey): RoutesGroup | undefined {
        if (this.#isStopped || key.groupName.length > MAX_GROUP_NAME) return undefined;
        const known = this.#groups.get(groupIdOf(key));
        if (known !== undefined) return known;
        const catchAll = this.#catchAlls.get(catchAllId(routeId, local));
        return catchAll?.isEnabled === true ? this.#createGroup(key, true) : undefined;
    }

    #forget(group: RoutesGroup | undefined): void {
        if (group?.isTemporary !== true || group.active !== undefined) return;
        if (this.#groups.get(group.id) === group) this.#groups.delete(group.id);
    }

    async #admit(local: Local, group: RoutesGroup, candidate: Candidate): Promise<void> {
        const { key, id: groupId, isTemporary: isCatchAll } = group;
        if (!(await group.admit(candidate))) return;
        if (this.#isStopped) {
            candidate.connection.close('Stopped by user');
            return;
        }
        const { remoteKey, groupName } = key;
        this.#options.onConnection({ ...candidate, local, remoteKey, groupName, groupId, isCatchAll });
    }
}

function catchAllId(routeId: string, local: RouteKey): string {
    return `${routeId} ${local.key}`;
}
