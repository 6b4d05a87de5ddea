// For tests: timers and the clock move only when a test lets them, and nothing else takes time. With a store in memory a run
// is the same whenever it is repeated.
import { jest } from '@jest/globals';

// eslint-disable-next-line no-restricted-globals -- for Node only: each turn of a timer would take a millisecond
const turn = setImmediate;

/** Milliseconds since 1970 at which it begins. */
export const VIRTUAL_START = 1_000_000;

export function beginVirtualTime(): void {
    jest.useFakeTimers({
        now: VIRTUAL_START,
        doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'performance', 'hrtime'],
    });
}

/** Forgets all timers. */
export function endVirtualTime(): void {
    jest.clearAllTimers();
    jest.useRealTimers();
}

/** Resolves when all that is left to do waits for timers. */
export function settled(): Promise<void> {
    return new Promise(resolve => turn(resolve));
}

/** Resolves when so many milliseconds are over, and all that happens meanwhile has happened. */
export async function elapse(ms: number): Promise<void> {
    let isOver = false;
    setTimeout(() => (isOver = true), ms);
    await settled();
    for (;;) {
        jest.advanceTimersToNextTimer();
        await settled();
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- by the timer
        if (isOver) return;
    }
}

/** Lets time go by until something is done. */
export async function whenDone<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const end = (): void => void (isDone = true);
    promise.then(end, end);
    await settled();
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- by the promise
    while (!isDone) {
        jest.advanceTimersToNextTimer();
        await settled();
    }
    return promise;
}
