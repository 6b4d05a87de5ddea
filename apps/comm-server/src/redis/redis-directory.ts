// What replicas of the relay know of each other, in Redis:
//
//   one:relay-replica:<id>   text that expires (LEASE_MS)        {"url": where it is reached, "token": what to say there}
//   one:relay:<key>          hash that expires (REGISTRATION_MS)  id of each replica with spare connections → since when (ms)
//
// A replica that crashes stops renewing its lease, and with it everything it has registered counts for nothing. Its id is new with each
// start. The token is how replicas recognize each other: whoever can read it in Redis is one of them.
import { randomUUID } from 'node:crypto';
import type { Dependency } from '@lama/service-kit';
import { dialWs, type RelayDirectory, type RelayReplica } from '@refinio/one.models/node';
import { Redis } from 'ioredis';
import * as z from 'zod';
import {
    ANNOUNCE_BATCH,
    HEARTBEAT_MS,
    LEASE_MS,
    REDIS_ANSWER_MS,
    REDIS_CONNECT_MS,
    REDIS_RETRY_MS,
    REFRESH_MS,
    REGISTRATION_MS,
    REPLICA_OPEN_MS,
} from '../limits.ts';

const recordSchema = z.object({ url: z.string().regex(/^ws:\/\//), token: z.string().min(1) });

export interface RedisDirectoryOptions {
    readonly redis: URL;
    /** Where the other replicas reach this one. */
    readonly internal: URL;
    /** What they have to say there. */
    readonly token: string;
    readonly onFailure?: (replica: string, reason: string) => void;
    readonly heartbeatMs?: number;
    readonly leaseMs?: number;
}

/**
 * The directory of one replica.
 *
 *   1. What is registered is kept here, and said again whenever Redis may not know it: after the connection was lost, after a command has failed,
 *      after the lease was missing, and in any case within REFRESH_MS.
 *   2. Nobody waits for a Redis that is away: nothing is found then.
 */
export class RedisDirectory implements RelayDirectory, Dependency, AsyncDisposable {
    readonly name = 'registrations';
    readonly kind = 'degrading';
    readonly token: string;
    /** Attempts to reach another replica that failed. */
    failures = 0;
    readonly #id = randomUUID();
    readonly #options: Required<Pick<RedisDirectoryOptions, 'heartbeatMs' | 'leaseMs'>> & RedisDirectoryOptions;
    readonly #redis: Redis;
    /** Since when. */
    readonly #registered = new Map<string, number>();
    /** Those to be said again, in turn. */
    #refreshing: MapIterator<string> = new Map<string, number>().keys();
    #isComplete = false;
    #heartbeat: ReturnType<typeof setTimeout> | undefined;
    #beating: Promise<void> | undefined;
    #fault: string | undefined = 'not announced yet';
    #isStopped = false;

    constructor(options: RedisDirectoryOptions) {
        this.#options = { heartbeatMs: HEARTBEAT_MS, leaseMs: LEASE_MS, ...options };
        this.token = options.token;
        this.#redis = new Redis(options.redis.href, {
            lazyConnect: true,
            // Callers get an error at once, instead of waiting in a queue.
            enableOfflineQueue: false,
            enableAutoPipelining: true,
            connectTimeout: REDIS_CONNECT_MS,
            commandTimeout: REDIS_ANSWER_MS,
            maxRetriesPerRequest: 0,
            retryStrategy: attempt => Math.min(50 * 2 ** Math.min(attempt, 10), REDIS_RETRY_MS),
        });
        // The service watches Redis by a connection of its own, which also writes the log.
        this.#redis.on('error', () => undefined);
        this.#redis.on('ready', () => {
            this.#isComplete = false;
            void this.#beat();
        });
    }

    /** Of the internal URL. */
    get port(): number {
        return Number(this.#options.internal.port);
    }

    /** Connects, and announces this replica; a Redis that is away is waited for later. */
    async start(): Promise<void> {
        await this.#redis.connect().catch(() => undefined);
        await this.#beat();
    }

    async check(): Promise<void> {
        if (this.#fault !== undefined) throw new Error(this.#fault);
        return Promise.resolve();
    }

    setRegistered(key: string, isRegistered: boolean): void {
        if (isRegistered) this.#registered.set(key, Date.now());
        else this.#registered.delete(key);
        if (this.#isStopped || this.#redis.status !== 'ready') return;
        const said = isRegistered ? this.#announce(key) : this.#redis.hdel(keyOf(key), this.#id);
        said.catch(() => (this.#isComplete = false));
    }

    async find(key: string): Promise<readonly RelayReplica[]> {
        if (this.#redis.status !== 'ready' || !/^[0-9a-f]{64}$/.test(key)) return [];
        try {
            const entries = Object.entries(await this.#redis.hgetall(keyOf(key))).filter(([id]) => id !== this.#id);
            const ids = entries.sort(([, a], [, b]) => Number(b) - Number(a)).map(([id]) => id);
            const records = await Promise.all(ids.map(id => this.#redis.get(replicaOf(id))));
            return ids.flatMap((id, i) => this.#replica(key, id, records[i] ?? null));
        } catch {
            return [];
        }
    }

    /** From now on this replica is not found any more. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#isStopped = true;
        clearTimeout(this.#heartbeat);
        await this.#beating;
        if (this.#redis.status === 'ready') await this.#redis.del(replicaOf(this.#id)).catch(() => undefined);
        this.#redis.disconnect();
    }

    #replica(key: string, id: string, record: string | null): readonly RelayReplica[] {
        if (record === null) {
            // It is gone. One that was only slow says everything again when it finds its lease missing.
            this.#redis.hdel(keyOf(key), id).catch(() => undefined);
            return [];
        }
        const parsed = recordSchema.safeParse(tryParse(record));
        if (!parsed.success) return [];
        const { url, token } = parsed.data;
        const connect: RelayReplica['connect'] = async () => {
            try {
                return await dialWs(url, { token, timeoutMs: REPLICA_OPEN_MS });
            } catch (error) {
                this.failures++;
                this.#options.onFailure?.(id.slice(0, 8), error instanceof Error ? error.message : String(error));
                throw error;
            }
        };
        return [{ connect }];
    }

    /** One at a time, and the next one a while after it. */
    #beat(): Promise<void> {
        clearTimeout(this.#heartbeat);
        this.#beating ??= this.#renew().finally(() => {
            this.#beating = undefined;
            if (!this.#isStopped) this.#heartbeat = setTimeout(() => void this.#beat(), this.#options.heartbeatMs);
        });
        return this.#beating;
    }

    async #renew(): Promise<void> {
        if (this.#redis.status !== 'ready') {
            this.#fault = 'Redis does not answer';
            return;
        }
        try {
            const { internal, leaseMs } = this.#options;
            const record = JSON.stringify({ url: internal.href, token: this.token });
            const key = replicaOf(this.#id);
            if ((await this.#redis.set(key, record, 'PX', leaseMs, 'XX')) === null) {
                this.#isComplete = false;
                await this.#redis.set(key, record, 'PX', leaseMs);
            }
            if (this.#isComplete) await this.#refresh();
            else await this.#announceAll();
            this.#fault = undefined;
        } catch (error) {
            this.#fault = error instanceof Error ? error.message : String(error);
        }
    }

    async #announceAll(): Promise<void> {
        // What fails from now on makes it incomplete again.
        this.#isComplete = true;
        try {
            const keys = [...this.#registered.keys()];
            for (let at = 0; at < keys.length; at += ANNOUNCE_BATCH)
                await this.#announceThose(keys.slice(at, at + ANNOUNCE_BATCH));
        } catch (error) {
            this.#isComplete = false;
            throw error;
        }
    }

    async #refresh(): Promise<void> {
        const count = Math.ceil((this.#registered.size * this.#options.heartbeatMs) / REFRESH_MS);
        const keys: string[] = [];
        while (keys.length < count) {
            const { done, value } = this.#refreshing.next();
            if (done !== true) keys.push(value);
            else if (keys.length > 0) break;
            else this.#refreshing = this.#registered.keys();
        }
        await this.#announceThose(keys);
    }

    async #announceThose(keys: readonly string[]): Promise<void> {
        await Promise.all(keys.map(key => this.#announce(key)));
    }

    /** If it is registered still. */
    async #announce(key: string): Promise<void> {
        const since = this.#registered.get(key);
        if (since === undefined) return;
        await Promise.all([
            this.#redis.hset(keyOf(key), this.#id, since),
            this.#redis.pexpire(keyOf(key), REGISTRATION_MS),
        ]);
    }
}

function keyOf(key: string): string {
    return `one:relay:${key}`;
}

function replicaOf(id: string): string {
    return `one:relay-replica:${id}`;
}

function tryParse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
