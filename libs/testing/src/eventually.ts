const PAUSE_MS = 20;

/**
 * Repeats a check until it stops throwing, for states of other processes that announce no event. Fails with the last
 * error of the check, so that the test says what was seen.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> {
    const end = performance.now() + timeoutMs;
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (performance.now() > end) throw error;
        }
        await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
}
