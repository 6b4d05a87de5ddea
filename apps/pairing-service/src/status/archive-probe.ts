import { readinessSchema, type ArchiveStatus, type Readiness } from '@lama/federation';
import type { Dependency } from '@lama/service-kit';
import { ARCHIVE_ANSWER_MS, STATUS_REUSE_MS } from '../limits.ts';

/**
 * Knows how the archive is. The words for people name no address and no cause that an attacker could use; the reasons
 * for operators are in `check()`, which the internal health endpoint shows.
 */
export class ArchiveProbe implements Dependency {
    readonly name = 'archive-node';
    readonly kind = 'degrading';
    readonly #ready: URL;
    readonly #now: () => number;
    #last: { readonly at: number; readonly status: Promise<ArchiveStatus> } | undefined;

    constructor(controlUrl: URL, now: () => number = () => performance.now()) {
        this.#ready = new URL('health/ready', controlUrl.href.endsWith('/') ? controlUrl : `${controlUrl.href}/`);
        this.#now = now;
    }

    async check(): Promise<void> {
        const { status } = await this.#ask();
        if (status !== 'ready' && status !== 'degraded') throw new Error(`it answers "${status}"`);
    }

    /** For the public status. Asked at most once a second. */
    status(): Promise<ArchiveStatus> {
        if (this.#last === undefined || this.#now() - this.#last.at >= STATUS_REUSE_MS) {
            this.#last = { at: this.#now(), status: this.#publicStatus() };
        }
        return this.#last.status;
    }

    async #publicStatus(): Promise<ArchiveStatus> {
        try {
            return inWords((await this.#ask()).status);
        } catch {
            // The reason is for operators: check() tells it on the internal port.
            return { state: 'unreachable', reason: 'Your archive does not answer.' };
        }
    }

    async #ask(): Promise<Readiness> {
        const response = await fetch(this.#ready, { signal: AbortSignal.timeout(ARCHIVE_ANSWER_MS) }).catch(
            (error: unknown) => {
                // `fetch failed` alone helps nobody; the cause names the address.
                throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
            },
        );
        return readinessSchema.parse(await response.json());
    }
}

function inWords(status: Readiness['status']): ArchiveStatus {
    switch (status) {
        case 'ready':
            return { state: 'ready' };
        case 'degraded':
            return { state: 'degraded', reason: 'Your archive works, but something it uses is away.' };
        case 'starting':
            return { state: 'unreachable', reason: 'Your archive is starting.' };
        case 'stopping':
            return { state: 'unreachable', reason: 'Your archive is stopping.' };
        case 'not-ready':
            return { state: 'unreachable', reason: 'Your archive runs but cannot work now.' };
    }
}
