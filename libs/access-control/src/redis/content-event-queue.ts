import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { contentEventJobId, contentEventSchema, type ContentEvent } from '../jobs/content-event.ts';
import { KEPT_COMPLETED_JOBS, KEPT_FAILED_JOBS, MAX_ATTEMPTS, MAX_RECONNECT_MS, RETRY_DELAY_MS } from '../limits.ts';

/** BullMQ joins prefix and queue name with a colon: keys start with `one:content-events:`. */
const PREFIX = 'one';

/** The producer's side of the queue `content-events` on Redis (DESIGN §5). */
export class ContentEventQueue implements AsyncDisposable {
    readonly #connection: Redis;
    readonly #queue: Queue<ContentEvent>;

    private constructor(connection: Redis) {
        this.#connection = connection;
        this.#queue = new Queue('content-events', {
            connection,
            prefix: PREFIX,
            defaultJobOptions: {
                attempts: MAX_ATTEMPTS,
                backoff: { type: 'exponential', delay: RETRY_DELAY_MS },
                removeOnComplete: { count: KEPT_COMPLETED_JOBS },
                removeOnFail: { count: KEPT_FAILED_JOBS },
            },
        });
    }

    /** Connects. Fails with the reason of the connection when Redis cannot be reached. */
    static async open(redisUrl: string): Promise<ContentEventQueue> {
        let connected = false;
        let reason: Error | undefined;
        const connection = new Redis(redisUrl, {
            lazyConnect: true,
            maxRetriesPerRequest: 1,
            // Only a connection that stood once is made again by itself.
            retryStrategy: attempt => (connected ? Math.min(attempt * RETRY_DELAY_MS, MAX_RECONNECT_MS) : null),
        });
        connection.on('error', (error: Error) => (reason = error));
        await connection.connect().catch((error: unknown) => {
            throw reason ?? error;
        });
        connected = true;
        return new ContentEventQueue(connection);
    }

    /** Adds events in order; resolves when Redis has them. An event that is already queued is not queued again. */
    async add(events: readonly ContentEvent[]): Promise<void> {
        const jobs = events.map(event => contentEventSchema.parse(event));
        await this.#queue.addBulk(
            jobs.map(data => ({ name: data.kind, data, opts: { jobId: contentEventJobId(data) } })),
        );
    }

    /** How many events wait for a worker. */
    async waiting(): Promise<number> {
        return this.#queue.getWaitingCount();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.#queue.close();
        this.#connection.disconnect();
    }
}
