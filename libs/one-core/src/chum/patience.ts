/** Parts into which a time is divided: it counts from the last progress, give or take one part. */
const PARTS = 10;

export interface PatienceOptions {
    /** Milliseconds without any progress that are too many. */
    readonly ms: number;
    /** Changes with everything that shows that waiting makes sense. */
    readonly progress: () => number;
    /** Milliseconds without progress of what is waited for itself that are too many, whatever else goes on. */
    readonly ownMs: number;
    readonly ownProgress: () => number;
}

/**
 * Calls back once when nothing has happened for too long. It counts timers instead of looking at the clock: after a device has
 * slept, its peers get the time to answer.
 * @returns prevents that
 */
export function waitPatiently(options: PatienceOptions, onEnd: () => void): () => void {
    const { ms, progress, ownMs, ownProgress } = options;
    let [seen, own] = [progress(), ownProgress()];
    let [quiet, ownQuiet] = [0, 0];
    const part = ms / PARTS;
    const timer = setInterval(() => {
        const [now, ownNow] = [progress(), ownProgress()];
        quiet = now === seen ? quiet + part : 0;
        ownQuiet = ownNow === own ? ownQuiet + part : 0;
        [seen, own] = [now, ownNow];
        if (quiet < ms && ownQuiet < ownMs) return;
        clearInterval(timer);
        onEnd();
    }, part);
    return () => clearInterval(timer);
}
