// For tests: people without storage, connections between them, and time that passes when the test says so.
import {
    createKeyPair,
    createSignKeyPair,
    CryptoApi,
    ensureIdHash,
    uint8ArrayToHex,
    type Instance,
    type Person,
    type Timer,
} from '@refinio/one.core';
import { createSocketPair, type SocketPairOptions } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { Connection } from './connection.ts';
import { acceptHandshake, initiateHandshake } from './handshake.ts';
import type { KnownPeer, LocalIdentity, PeerRecords } from './identities.ts';
import { idOf } from './identity-objects.ts';
import type { Message } from './message.ts';

/** The real one, even if a test replaces timers. */
const later = setTimeout;

/** Resolves when nothing happens any more but for timers. */
export function settled(): Promise<void> {
    return new Promise(resolve => later(resolve, 0));
}

/** Time that passes on demand. */
export class TestClock {
    #now = 0;
    #nextId = 0;
    readonly #waiting = new Map<number, { readonly at: number; readonly callback: () => void }>();

    readonly timer: Timer = (callback, ms) => {
        const id = this.#nextId++;
        this.#waiting.set(id, { at: this.#now + ms, callback });
        return () => this.#waiting.delete(id);
    };

    /** Milliseconds since it was made. */
    get elapsed(): number {
        return this.#now;
    }

    /** Timers that wait. */
    get waiting(): number {
        return this.#waiting.size;
    }

    /** What follows from each timer happens before the next. */
    async pass(ms: number): Promise<void> {
        const end = this.#now + ms;
        for (;;) {
            const [next] = [...this.#waiting].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
            if (next === undefined) break;
            const [id, { at, callback }] = next;
            this.#waiting.delete(id);
            this.#now = at;
            callback();
            await settled();
        }
        this.#now = end;
    }
}

export interface TestIdentity extends LocalIdentity {
    readonly instanceCrypto: CryptoApi;
    readonly known: KnownPeer;
}

export async function testIdentity(name: string): Promise<TestIdentity> {
    const [cryptoApi, instanceCrypto] = [1, 2].map(() => new CryptoApi(createKeyPair(), createSignKeyPair()));
    if (cryptoApi === undefined || instanceCrypto === undefined) throw new TypeError('There are two.');
    const person = { $type$: 'Person', email: `${name}@test` } as const;
    const owner = ensureIdHash<Person>(await idOf(person));
    const instance = { $type$: 'Instance', name: `${name} device`, owner } as const;
    return {
        person,
        keys: {
            $type$: 'Keys',
            owner,
            publicKey: uint8ArrayToHex(cryptoApi.publicEncryptionKey),
            publicSignKey: uint8ArrayToHex(cryptoApi.publicSignKey),
        },
        cryptoApi,
        instance,
        instanceCrypto,
        known: { personId: owner, instanceId: ensureIdHash<Instance>(await idOf(instance)) },
    };
}

export const nobodyKnown: PeerRecords = { known: [], personKeys: () => Promise.resolve([]) };

export function recordsOf({ known, keys }: TestIdentity): PeerRecords {
    return { known: [known], personKeys: () => Promise.resolve([keys.publicKey]) };
}

export interface TestPair {
    readonly clock: TestClock;
    readonly initiator: Connection;
    readonly acceptor: Connection;
    readonly sockets: readonly [MessageSocket, MessageSocket];
}

export function testPair(options?: SocketPairOptions): TestPair {
    const clock = new TestClock();
    const sockets = createSocketPair(options);
    const [initiator, acceptor] = [new Connection(sockets[0], clock), new Connection(sockets[1], clock)];
    return { clock, initiator, acceptor, sockets };
}

/** After the handshake. */
export async function encryptedPair(options?: SocketPairOptions): Promise<TestPair> {
    const pair = testPair(options);
    const [source, target] = [new CryptoApi(createKeyPair()), new CryptoApi(createKeyPair())];
    const { timer } = pair.clock;
    await Promise.all([
        initiateHandshake(pair.initiator, source, target.publicEncryptionKey, { timer }),
        acceptHandshake(pair.acceptor, [{ cryptoApi: target }], { timer }),
    ]);
    return pair;
}

export function inboxOf(connection: Connection): Message[] {
    const messages: Message[] = [];
    connection.listen(message => messages.push(message));
    return messages;
}
