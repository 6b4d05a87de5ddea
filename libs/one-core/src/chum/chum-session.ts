// One session over one connection (spec 40 §7, §8): both roles at once, until both are done or one has failed.
import type { ObjectFilter } from '../access/accessible-roots.ts';
import type { Accessible } from '../access/accessible.ts';
import {
    HINTED_POLL_FACTOR,
    MAX_SESSION_ERRORS,
    PASS_PATIENCE_MS,
    POLL_INTERVAL_MS,
    SILENCE_MS,
    VERSION_ANSWER_MS,
    VERSION_ATTEMPTS,
    VERSION_PAUSE_MS,
} from '../limits.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { VersionedResult } from '../objects/object-transaction.ts';
import { ChumError } from './chum-errors.ts';
import { Exporter } from './exporter.ts';
import type { FailedRoot } from './failed-roots.ts';
import { Importer, type ImportProgress } from './importer.ts';
import type { MessageChannel } from './message-channel.ts';
import { RequestChannel, type OpenRequest, type Statistics } from './request-channel.ts';
import { RequestError } from './request-errors.ts';
import { PROTOCOL_VERSION, services } from './services.ts';
import { storeChum, TransferLog, type ChumNames } from './session-log.ts';
import type { AcceptObject } from './tree-import.ts';
import type { AcceptVersion } from './version-import.ts';
import { Waiter, type Timer } from '../waiter.ts';

export interface ChumOptions extends ChumNames {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    /** IDs of which no version is taken over from anybody, such as the Instance object's. */
    readonly ownIds?: ReadonlySet<string>;
    /** Authenticated: the person on the other side is `remotePerson`. The session closes it. */
    readonly channel: MessageChannel;
    /** False: one pass, then the end. True: until the connection ends. */
    readonly keepRunning?: boolean;
    /** Milliseconds between passes; a hint of the peer starts one at once. */
    readonly pollInterval?: number;
    readonly noImport?: boolean;
    readonly noExport?: boolean;
    readonly objectFilter?: ObjectFilter | undefined;
    /**
     * Whether a version of the peer is taken over. One that is not counts as failed, and is looked at again when the list of the
     * peer has changed. Default: every version of everything that the peer grants (spec 40 §6.4).
     */
    readonly acceptVersion?: AcceptVersion | undefined;
    /**
     * Whether an object of the peer is taken over. With one that is not, everything fails that needs it. Default: every one that
     * belongs to what the peer grants.
     */
    readonly acceptObject?: AcceptObject | undefined;
    /** Whether a Chum object is written at the end. It grows with every session of the same two instances. Default: not. */
    readonly writeChum?: boolean;
    /** As deployed instances do it, without hints, windows and shortened lists: for comparison with them. */
    readonly likeDeployed?: boolean;
    /** Milliseconds since 1970; default: the clock. */
    readonly now?: () => number;
    /** For the pauses between passes, and between questions for the version; default: the clock. */
    readonly timer?: Timer;
    /** Told when `status` has changed. */
    readonly onStatus?: () => void;
}

export interface ChumStatus {
    /** `idle`: everything of the last list is here, or has failed. */
    readonly state: 'starting' | 'synchronizing' | 'idle' | 'ended';
    /** Of the current pass, or the last one. */
    readonly progress: ImportProgress;
    readonly failed: readonly FailedRoot[];
    /** Lists that were looked at; of the last one, something may still be under way. */
    readonly passes: number;
    /** Objects, ID objects, BLOBs and CLOBs. */
    readonly stored: number;
    readonly sent: number;
    /** Of all messages. */
    readonly bytesReceived: number;
    readonly bytesSent: number;
    /** Milliseconds since 1970. */
    readonly startedAt: number;
    /** When something came or went. */
    readonly activeAt: number;
    readonly statistics: Statistics;
}

/** How a session has ended; `error` if not in order. */
export interface ChumResult {
    readonly error?: unknown;
    /** Requests of the peer that were refused, and roots that failed; the first ones. */
    readonly errors: readonly unknown[];
    readonly stored: number;
    readonly sent: number;
    readonly chum?: VersionedResult;
}

export class ChumSession implements AsyncDisposable {
    /** Never rejects. */
    readonly ended: Promise<ChumResult>;
    readonly #options: ChumOptions;
    readonly #requests: RequestChannel;
    readonly #exporter: Exporter;
    readonly #importer: Importer | undefined;
    readonly #sent = new TransferLog();
    readonly #stored = new TransferLog();
    readonly #errors: unknown[] = [];
    readonly #startedAt: number;
    #activeAt: number;
    #passes = 0;
    #state: ChumStatus['state'] = 'starting';
    readonly #hints: Waiter;
    #hinted = false;
    #hinting = false;
    #hintAgain = false;

    constructor(options: ChumOptions) {
        this.#options = options;
        const { objects, blobs, accessible, remotePerson, likeDeployed = false, now = Date.now } = options;
        this.#startedAt = this.#activeAt = now();
        this.#requests = new RequestChannel(options.channel);
        this.#hints = new Waiter(options.timer);
        const onError = (error: unknown): void => this.#note(error);
        this.#exporter = new Exporter(this.#requests, {
            ...{ objects, blobs, accessible, remotePerson, onError },
            objectFilter: options.objectFilter,
            nothing: options.noExport === true,
            leaveOutFetched: !likeDeployed,
            onSent: (type, hash) => this.#transferred(this.#sent, type, hash),
        });
        if (options.noImport !== true) {
            this.#requests.offer(services.newAccessibleRoot, () => {
                if (likeDeployed) return;
                this.#hinted = true;
                this.#hints.wake();
            });
            this.#importer = new Importer(this.#requests, {
                ...{ objects, blobs, accessible, remotePerson, now, onError },
                sequential: likeDeployed,
                ...(options.ownIds !== undefined && { ownIds: options.ownIds }),
                acceptVersion: options.acceptVersion,
                acceptObject: options.acceptObject,
                onStored: (type, hash) => this.#transferred(this.#stored, type, hash),
                onProgress: () => options.onStatus?.(),
            });
        }
        void this.#requests.closed.then(() => this.#hints.wake());
        this.ended = this.#run();
    }

    get status(): ChumStatus {
        const none: ImportProgress = { roots: 0, missing: 0, failed: 0 };
        return {
            state: this.#state === 'idle' && this.#importer?.isBusy === true ? 'synchronizing' : this.#state,
            progress: this.#importer?.progress ?? none,
            failed: this.#importer?.failed ?? [],
            passes: this.#passes,
            stored: this.#stored.count,
            sent: this.#sent.count,
            bytesReceived: this.#requests.bytesReceived,
            bytesSent: this.#requests.bytesSent,
            startedAt: this.#startedAt,
            activeAt: this.#activeAt,
            statistics: this.#requests.statistics,
        };
    }

    close(reason = 'Chum was closed'): void {
        this.#requests.close(reason);
    }

    /** Closes the connection, and waits for what is being stored. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.close();
        await this.ended;
    }

    async #run(): Promise<ChumResult> {
        const { id } = this.#options.channel;
        const stops = [this.#sendHints(), this.#watchSilence()];
        let failure: unknown;
        try {
            await Promise.all([this.#exporter.ended, this.#import()]);
            this.close(`Chum ended [${id}] normally. Error count ${this.#errors.length}`);
        } catch (error) {
            failure = error;
            this.close(`Chum ended [${id}] with error: ${error instanceof Error ? error.message : String(error)}`);
        } finally {
            for (const stop of stops) stop();
        }
        const open = this.#requests.openRequests;
        await this.#requests.closed;
        await this.#importer?.settled();
        this.#become('ended');
        return this.#result(failure, open);
    }

    async #import(): Promise<void> {
        if (this.#importer === undefined) {
            await this.#requests.closed;
            return;
        }
        const { keepRunning = false, pollInterval = POLL_INTERVAL_MS, likeDeployed = false } = this.#options;
        const patience = keepRunning && !likeDeployed ? PASS_PATIENCE_MS : undefined;
        await this.#ensureVersion();
        for (;;) {
            this.#become('synchronizing');
            await this.#importer.pass(patience);
            if (!this.#requests.isClosed) {
                this.#passes++;
                this.#become('idle');
            }
            if (!keepRunning) break;
            // Whoever hints does so whenever something is new.
            const pause = this.#hinted ? pollInterval * HINTED_POLL_FACTOR : pollInterval;
            await this.#hints.wait(Math.max(0, Math.min(pause, this.#importer.nextAttempt - this.#now())));
            // Quietly (spec 40 §8.2); whoever still has to tell the end fails with that.
            if (this.#requests.isClosed) return;
        }
        await this.#requests.request(services.fin, []);
    }

    /** @throws ChumError `CS-MISMATCH`; RequestError */
    async #ensureVersion(): Promise<void> {
        for (let attempt = 1; ; attempt++)
            try {
                const options = { timeoutMs: VERSION_ANSWER_MS };
                const version = await this.#requests.request(services.protocolVersion, [], options);
                if (version === PROTOCOL_VERSION) return;
                throw new ChumError('CS-MISMATCH', `The peer does not speak version ${PROTOCOL_VERSION} of CHUM`);
            } catch (error) {
                if (attempt >= VERSION_ATTEMPTS || !(error instanceof RequestError)) throw error;
                // A request may be swallowed while the peer starts (spec 40 §7.2).
                if (error.code === 'REQUEST_TIMEOUT') continue;
                if (error.remote?.code !== 'UNKNOWN-SERVICE') throw error;
                await new Waiter(this.#options.timer).wait(VERSION_PAUSE_MS);
            }
    }

    /** Tells the peer when more is accessible to it. @returns the end of it */
    #sendHints(): () => void {
        const { accessible, remotePerson, likeDeployed = false, noExport = false } = this.#options;
        if (likeDeployed || noExport) return () => undefined;
        return accessible.listen(changed => {
            void accessible.subjects(remotePerson).then(
                subjects => subjects.some(subject => changed.has(subject)) && this.#hint(),
                () => undefined,
            );
        });
    }

    /** One at a time: what happens meanwhile is told by the next. */
    #hint(): void {
        this.#hintAgain = this.#hinting;
        if (this.#hinting || this.#requests.isClosed) return;
        this.#hinting = true;
        const next = (): void => {
            this.#hinting = false;
            if (this.#hintAgain) this.#hint();
        };
        // A peer need not know hints.
        this.#requests.request(services.newAccessibleRoot, [], { timeoutMs: SILENCE_MS }).then(next, next);
    }

    /**
     * A peer that answers nothing any more is given up, whatever it asks. A root list may take longer to compute: who waits for
     * nothing else waits until that request fails.
     * @returns the end of it
     */
    #watchSilence(): () => void {
        let [before, quiet] = [-1, 0];
        const step = SILENCE_MS / 6;
        const timer = setInterval(() => {
            const { progress, openRequests } = this.#requests;
            const isWaiting = openRequests.some(({ serviceId }) => serviceId !== services.accessibleRoots);
            quiet = isWaiting && progress === before ? quiet + step : 0;
            before = progress;
            if (quiet >= SILENCE_MS) this.close('The peer has not answered for a minute');
        }, step);
        return () => clearInterval(timer);
    }

    async #result(failure: unknown, open: readonly OpenRequest[]): Promise<ChumResult> {
        const [stored, sent] = [this.#stored.count, this.#sent.count];
        const errors = this.#errors.filter(error => !isClosing(error));
        const result = { errors, stored, sent, ...(failure !== undefined && { error: failure }) };
        const isLogged = this.#options.writeChum === true && (failure === undefined || stored + sent > 0);
        if (!isLogged) return result;
        if (open.length > 0) errors.push(RequestError.openAtClosing(open));
        const statistics = open.length > 0 ? undefined : this.#requests.statistics;
        try {
            const log = { sent: this.#sent, stored: this.#stored, statistics, errors };
            return { ...result, chum: await storeChum(this.#options.objects, this.#options, log) };
        } catch (error) {
            return { ...result, error: failure ?? error };
        }
    }

    #now(): number {
        return (this.#options.now ?? Date.now)();
    }

    #transferred(log: TransferLog, type: Parameters<TransferLog['add']>[0], hash: string): void {
        log.add(type, hash);
        this.#activeAt = this.#now();
        this.#options.onStatus?.();
    }

    #note(error: unknown): void {
        if (this.#errors.length < MAX_SESSION_ERRORS) this.#errors.push(error);
    }

    #become(state: ChumStatus['state']): void {
        this.#state = state;
        this.#options.onStatus?.();
    }
}

/** Errors that only say that the connection is gone. */
function isClosing(error: unknown): boolean {
    return error instanceof RequestError && error.code.startsWith('WSP-ONCL');
}
