import type { Timer } from '@refinio/one.core';
import { MAX_CONNECTION_LOG, MAX_RECONNECT_FACTOR, STABLE_MS } from '../../limits.ts';
import type { ConnectionStatistics } from '../layers/statistics.ts';
import { ActiveConnection, type Candidate } from './active-connection.ts';
import type { IncomingRoute } from './incoming-route.ts';
import type { OutgoingRoute } from './outgoing-route.ts';
import { groupIdOf, type GroupKey } from './route-ids.ts';

export type Route = OutgoingRoute | IncomingRoute;

export interface LoggedConnection extends ConnectionStatistics {
    readonly routeId: string;
    readonly connectionId: number;
}

export interface RoutesGroupOptions {
    readonly timer: Timer;
    /** Milliseconds, of any beginning. */
    readonly now: () => number;
    /** From [0, 1). */
    readonly random: () => number;
    /** Milliseconds. */
    readonly reconnectDelay: number;
    /** A connection has ended, or has become the active one. */
    readonly onChange: () => void;
    /** There is no connection any more. */
    readonly onIdle: () => void;
}

/** Why a route that is switched off has no connection (spec 50 §8). */
export const ROUTE_STOPPED = 'Corresponding route was stopped';

/** All ways to one peer for one purpose, and the connection that is in use (spec 50 §9). */
export class RoutesGroup {
    readonly key: GroupKey;
    readonly id: string;
    readonly #options: RoutesGroupOptions;
    readonly #routes = new Map<string, Route>();
    readonly #active: ActiveConnection;
    readonly #log: LoggedConnection[] = [];
    #isTemporary: boolean;
    /** Connections in a row that did not last. */
    #failures = 0;
    #cancelReconnect: (() => void) | undefined;

    constructor(key: GroupKey, isTemporary: boolean, options: RoutesGroupOptions) {
        this.key = key;
        this.id = groupIdOf(key);
        this.#isTemporary = isTemporary;
        this.#options = options;
        this.#active = new ActiveConnection({
            timer: options.timer,
            now: options.now,
            hasSmallerKey: key.localKey < key.remoteKey,
            onIdle: (_, ms) => this.#onIdle(ms),
        });
    }

    /** Of a key that is not known; it is gone with its connection. */
    get isTemporary(): boolean {
        return this.#isTemporary;
    }

    get routes(): readonly Route[] {
        return [...this.#routes.values()];
    }

    get active(): Candidate | undefined {
        return this.#active.current;
    }

    get isEnabled(): boolean {
        return this.routes.some(({ isEnabled }) => isEnabled);
    }

    /** Of the last connections, and of the current one. */
    get log(): LoggedConnection[] {
        const { active } = this;
        return active === undefined ? [...this.#log] : [...this.#log, logged(active)];
    }

    /** A new one is disabled; with it the key is known. @returns whether it is new */
    add(routeId: string, create: () => Route): boolean {
        this.#isTemporary = false;
        if (this.#routes.has(routeId)) return false;
        this.#routes.set(routeId, create());
        return true;
    }

    /** As if it was disabled first. */
    async remove(routeId: string): Promise<void> {
        const ending = this.disable(routeId);
        this.#routes.delete(routeId);
        await ending;
    }

    /** @param routeId default: all */
    enable(routeId?: string): void {
        for (const route of this.#chosen(routeId)) {
            route.isEnabled = true;
            if (route.direction === 'incoming' || this.active === undefined) route.start();
        }
    }

    /**
     * Established connections of other routes live on.
     * @param routeId default: all
     * @returns when the listeners are closed that nobody else needs
     */
    async disable(routeId?: string): Promise<void> {
        const routes = this.#chosen(routeId);
        for (const route of routes) {
            route.isEnabled = false;
            this.#active.close(ROUTE_STOPPED, route.id);
        }
        if (!this.isEnabled) this.#stopReconnect();
        for (const route of routes) await route.stop();
    }

    /** Tries to connect now, if it tries at all. */
    hurry(): void {
        if (this.active !== undefined) return;
        this.#startOutgoing();
        for (const route of this.#outgoing()) route.hurry();
    }

    /** At the moment when `sync` was sent or has come. @returns whether it is in use now; if not, it is closed */
    async admit(candidate: Candidate): Promise<boolean> {
        if (!this.#takes(candidate)) return false;
        void candidate.connection.closed.then(() => this.#onClosed(candidate));
        // It may take a second, in which everything may be switched off.
        if (!(await this.#active.admit(candidate)) || !this.#takes(candidate)) return false;
        this.#stopReconnect();
        for (const each of this.#outgoing()) each.rest();
        this.#options.onChange();
        return true;
    }

    /** One that came by a way that the group does not have is taken if any way is open. */
    #takes({ connection, routeId, isInitiator }: Candidate): boolean {
        const isOpen = this.#routes.get(routeId)?.isEnabled ?? (this.#isTemporary || this.isEnabled);
        if (!isOpen) connection.close(isInitiator ? ROUTE_STOPPED : 'Route is disabled');
        return isOpen;
    }

    /** Closes whatever is open. */
    close(reason: string): void {
        this.#active.close(reason);
    }

    #chosen(routeId: string | undefined): readonly Route[] {
        return routeId === undefined ? this.routes : this.routes.filter(({ id }) => id === routeId);
    }

    #outgoing(): OutgoingRoute[] {
        return this.routes.filter(route => route.direction === 'outgoing');
    }

    #startOutgoing(): void {
        this.#stopReconnect();
        for (const route of this.#outgoing()) if (route.isEnabled) route.start();
    }

    #onClosed(candidate: Candidate): void {
        this.#log.push(logged(candidate));
        this.#log.splice(0, this.#log.length - MAX_CONNECTION_LOG);
        this.#options.onChange();
    }

    #onIdle(ms: number): void {
        this.#failures = ms < STABLE_MS ? this.#failures + 1 : 0;
        this.#options.onIdle();
        if (!this.#outgoing().some(({ isEnabled }) => isEnabled)) return;
        const { timer, random, reconnectDelay } = this.#options;
        const factor = Math.min(2 ** Math.max(0, this.#failures - 2), MAX_RECONNECT_FACTOR);
        this.#stopReconnect();
        // Random, so that two sides that drop each other's connection do not meet again.
        this.#cancelReconnect = timer(() => this.#startOutgoing(), reconnectDelay * factor * (1 + random()));
    }

    #stopReconnect(): void {
        this.#cancelReconnect?.();
        this.#cancelReconnect = undefined;
    }
}

function logged({ connection, routeId }: Candidate): LoggedConnection {
    return { ...connection.statistics, routeId, connectionId: connection.id };
}
