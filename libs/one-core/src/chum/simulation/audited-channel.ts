// For tests: listens at an exporter's end of a connection, and compares everything that leaves it with what the person on the
// other side may read.
import type { MessageChannel } from '../message-channel.ts';
import { services } from '../services.ts';
import { hashOf, type ExpectedReach, type Reach } from './expected-reach.ts';

/** A request, and what was readable when it came. */
interface Open {
    readonly serviceId: unknown;
    readonly hash: unknown;
    readonly before: Reach;
}

const HASH = /[0-9a-f]{64}/g;

export class AuditedChannel implements MessageChannel {
    readonly #inner: MessageChannel;
    readonly #reach: ExpectedReach;
    readonly #person: string;
    readonly #report: (problem: string) => void;
    readonly #open = new Map<number, Open>();
    /** Hashes that were in lists on this connection. */
    readonly #listed = new Set<string>();

    /** @param person on the other side */
    constructor(inner: MessageChannel, reach: ExpectedReach, person: string, report: (problem: string) => void) {
        this.#inner = inner;
        this.#reach = reach;
        this.#person = person;
        this.#report = report;
    }

    get id(): number {
        return this.#inner.id;
    }

    get bufferedAmount(): number {
        return this.#inner.bufferedAmount;
    }

    get closed(): Promise<void> {
        return this.#inner.closed;
    }

    close(reason?: string): void {
        this.#inner.close(reason);
    }

    listen(listener: (message: string | Uint8Array) => void): void {
        this.#inner.listen(message => {
            if (typeof message === 'string') this.#came(message);
            listener(message);
        });
    }

    send(message: string | Uint8Array): void {
        if (typeof message === 'string') this.#leaves(message);
        else this.#checkStream(new DataView(message.buffer, message.byteOffset).getFloat64(0, true));
        this.#inner.send(message);
    }

    #came(text: string): void {
        const { type, requestId, serviceId, args } = properties(parsed(text));
        if (type !== 'request' || typeof requestId !== 'number') return;
        const [hash] = Array.isArray(args) ? (args as unknown[]) : [];
        this.#open.set(requestId, { serviceId, hash, before: this.#reach.of(this.#person) });
    }

    #leaves(text: string): void {
        const { type, responseId, data } = properties(parsed(text));
        if (typeof responseId !== 'number') return;
        const open = this.#open.get(responseId);
        if (open === undefined) {
            this.#report(`an answer to nothing: ${text.slice(0, 200)}`);
            return;
        }
        if (type === 'stream') {
            this.#checkStream(responseId);
            return;
        }
        this.#open.delete(responseId);
        // Of data that belong to nobody else, nothing is said: texts of objects are checked as a whole.
        const now = this.#reach.of(this.#person);
        const mayName = (hash: string): boolean =>
            hash === open.hash || open.before.named.has(hash) || now.named.has(hash);
        for (const [hash] of text.matchAll(HASH))
            if (!mayName(hash))
                this.#report(`service ${String(open.serviceId)} names ${hash}, which is not for this peer`);
        if (type === 'data') this.#checkData(open, data, now);
    }

    #checkData({ serviceId, hash, before }: Open, data: unknown, now: Reach): void {
        switch (serviceId) {
            case services.accessibleRoots:
                this.#checkRoots(String(data), before, now);
                this.#list(String(data));
                return;
            case services.objectChildren:
            case services.idObjectChildren:
                this.#list(String(data));
                break;
            case services.object:
            case services.idObject:
                if (hashOf(String(data)) !== hash) this.#report(`something else was given than ${String(hash)}`);
        }
        const isAboutHash = [4, 5, 6, 7].includes(Number(serviceId));
        if (isAboutHash && !this.#mayRead(hash, before, now))
            this.#report(`service ${String(serviceId)} answers for ${String(hash)}, which is not for this peer`);
    }

    /** A part of it may be of before a change, and the rest of after it. */
    #checkRoots(data: string, before: Reach, now: Reach): void {
        const listed = new Set((JSON.parse(data) as object[]).map(root => JSON.stringify(root)));
        const expected = new Set([...before.roots.values(), ...now.roots.values()]);
        for (const root of listed) if (!expected.has(root)) this.#report(`the root ${root} is not for this peer`);
        for (const [key, root] of before.roots)
            if (now.roots.has(key) && !listed.has(root)) this.#report(`the root ${root} is not listed`);
    }

    #list(text: string): void {
        for (const [hash] of text.matchAll(HASH)) this.#listed.add(hash);
    }

    /** Whatever is asked for has to be listed first (spec 40 §5.3). */
    #mayRead(hash: unknown, before: Reach, now: Reach): boolean {
        if (typeof hash !== 'string' || !this.#listed.has(hash)) return false;
        return before.readable.has(hash) || now.readable.has(hash);
    }

    #checkStream(responseId: number): void {
        const open = this.#open.get(responseId);
        if (open?.serviceId !== services.blob || !this.#mayRead(open.hash, open.before, this.#reach.of(this.#person)))
            this.#report(`a stream of ${String(open?.hash)} is sent, which is not for this peer`);
    }
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function properties(value: unknown): Readonly<Record<string, unknown>> {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
