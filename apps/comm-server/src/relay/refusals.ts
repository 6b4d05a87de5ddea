import type { Logger } from '@lama/service-kit';
import { EVENTS } from '../events.ts';
import { REFUSED_LOG_MS } from '../limits.ts';

/** Tells once a minute what was refused since the last time, by reason and without addresses. */
export function logRefusals(logger: Logger, refused: () => Readonly<Record<string, number>>): AsyncDisposable {
    let before = refused();
    const timer = setInterval(() => {
        const now = refused();
        const more = Object.entries(now)
            .map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const)
            .filter(([, count]) => count > 0);
        before = now;
        if (more.length > 0) logger.info({ refused: Object.fromEntries(more) }, EVENTS.refused);
    }, REFUSED_LOG_MS);
    return {
        [Symbol.asyncDispose]() {
            clearInterval(timer);
            return Promise.resolve();
        },
    };
}
