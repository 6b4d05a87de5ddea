import { RELAY_DROP_FACTOR, RELAY_FAILURE_RATE, RELAY_SOCKET_RATE, RELAY_SOCKETS_PER_ADDRESS } from '../limits.ts';
import { addressGroup } from './address-group.ts';
import { RateTable, type Rate } from './rate-table.ts';

/** What one address may do at a communication server. */
export interface AddressLimits {
    /** Open at the same time. */
    readonly sockets: number;
    readonly socketRate: Rate;
    /** Of registrations without the secret of the key. */
    readonly failureRate: Rate;
}

export const ADDRESS_LIMITS: AddressLimits = {
    sockets: RELAY_SOCKETS_PER_ADDRESS,
    socketRate: RELAY_SOCKET_RATE,
    failureRate: RELAY_FAILURE_RATE,
};

/** Why an address was refused; `dropped`: without a word. */
export type AddressRefusal = 'dropped' | 'address-sockets' | 'address-rate' | 'address-failures';

/**
 * Bounds what one address takes of a communication server, so that nobody can keep the others out (spec 51 §3.9). Addresses are counted by
 * `addressGroup`.
 *
 *   1. Each connection that has entered leaves once; an address without connections is not remembered, but for its rates.
 *   2. Far too many connections are dropped unread: a flood costs as little as possible. Some too many are told why.
 */
export class AddressGuard {
    readonly refused: Record<AddressRefusal, number> = {
        ...{ dropped: 0, 'address-sockets': 0, 'address-rate': 0, 'address-failures': 0 },
    };
    readonly #limits: AddressLimits;
    readonly #opened: RateTable;
    readonly #failures: RateTable;
    readonly #open = new Map<string, number>();

    constructor(limits: Partial<AddressLimits> = {}, now?: () => number) {
        this.#limits = { ...ADDRESS_LIMITS, ...limits };
        const clock = now === undefined ? {} : { now };
        this.#opened = new RateTable(this.#limits.socketRate, clock);
        this.#failures = new RateTable(this.#limits.failureRate, clock);
    }

    /** A connection of which nothing was read. @returns false if it is to be dropped; it does not have to leave then */
    enter(address: string): boolean {
        const group = addressGroup(address);
        const open = this.#open.get(group) ?? 0;
        if (open >= RELAY_DROP_FACTOR * this.#limits.sockets) {
            this.refused.dropped++;
            return false;
        }
        this.#open.set(group, open + 1);
        return true;
    }

    /** It is gone. */
    leave(address: string): void {
        const group = addressGroup(address);
        const open = (this.#open.get(group) ?? 0) - 1;
        if (open > 0) this.#open.set(group, open);
        else this.#open.delete(group);
    }

    /** A WebSocket is wanted by one that has entered. @returns what it is told if it may not have one */
    refuse(address: string): string | undefined {
        const group = addressGroup(address);
        if ((this.#open.get(group) ?? 0) > this.#limits.sockets)
            return this.#refuse('address-sockets', 'There are too many connections from your address.');
        if (!this.#failures.allows(group))
            return this.#refuse('address-failures', 'Too many registrations from your address have failed.');
        if (!this.#opened.take(group))
            return this.#refuse('address-rate', 'Your address opens connections too often. Try again in a minute.');
        return undefined;
    }

    /** It has registered a key without its secret. */
    fail(address: string): void {
        this.#failures.take(addressGroup(address));
    }

    #refuse(reason: AddressRefusal, text: string): string {
        this.refused[reason]++;
        return `Close called: ${text}`;
    }
}
