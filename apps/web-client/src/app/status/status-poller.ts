import { DestroyRef, DOCUMENT, inject, Service, signal } from '@angular/core';
import { FETCH, listenUntilDestroyed, WINDOW } from '../browser.ts';
import { fetchSystemStatus, type StatusResult } from './fetch-system-status.ts';
import { POLL_INTERVAL_MS, REQUEST_TIMEOUT_MS } from './limits.ts';

/** The last thing that is known about the archive. */
export interface Observation {
    readonly result: StatusResult;
    readonly at: Date;
}

/**
 * Keeps asking for the state of the archive while somebody can see it. Invariants:
 *
 * 1. At most one request is under way, and at most one next one is planned; never both.
 * 2. While the page is hidden, and after the end, there is neither.
 * 3. What a request brings that was given up is ignored.
 *
 * It asks without a network connection, too: the archive may run on this very device.
 */
@Service({ autoProvided: false })
export class StatusPoller {
    readonly #document = inject(DOCUMENT);
    readonly #fetch = inject(FETCH);
    readonly #observation = signal<Observation | undefined>(undefined);
    #request: AbortController | undefined;
    #timer: ReturnType<typeof setTimeout> | undefined;

    /** Undefined until the first answer or failure. */
    readonly observation = this.#observation.asReadonly();

    constructor() {
        const window = inject(WINDOW);
        listenUntilDestroyed(this.#document, 'visibilitychange', () => this.#restart());
        listenUntilDestroyed(window, 'online', () => this.#restart());
        listenUntilDestroyed(window, 'offline', () => this.#restart());
        inject(DestroyRef).onDestroy(() => this.#stop());
        this.#restart();
    }

    #restart(): void {
        this.#stop();
        if (this.#document.visibilityState === 'visible') void this.#ask();
    }

    #stop(): void {
        clearTimeout(this.#timer);
        this.#request?.abort();
        this.#request = undefined;
    }

    async #ask(): Promise<void> {
        const request = new AbortController();
        this.#request = request;
        const result = await this.#resultOf(request.signal);
        if (!result || this.#request !== request) return;
        this.#request = undefined;
        this.#observation.set({ result, at: new Date() });
        this.#timer = setTimeout(() => void this.#ask(), POLL_INTERVAL_MS);
    }

    /** Undefined when the request was given up. */
    async #resultOf(signal: AbortSignal): Promise<StatusResult | undefined> {
        try {
            return await fetchSystemStatus({ fetch: this.#fetch, signal, timeoutMs: REQUEST_TIMEOUT_MS });
        } catch (error) {
            if (signal.aborted) return undefined;
            throw error;
        }
    }
}
