// What fails a case: without a test runner, an error says what was expected.

export function present<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('expected is something, got nothing');
    return value;
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
    return a?.length === b.length && a.every((byte, i) => byte === b[i]);
}

export async function fails(code: string, task: () => Promise<unknown>): Promise<void> {
    const error: unknown = await task().then(
        () => new Error(`expected is the error ${code}, but it succeeded`),
        (error: unknown) => error,
    );
    const actual = typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
    if (actual !== code) throw new Error(`expected is the error ${code}`, { cause: error });
}

export async function rejects(task: () => Promise<unknown>): Promise<void> {
    const failed = await task().then(
        () => false,
        () => true,
    );
    if (!failed) throw new Error('expected is an error');
}

export function equal(actual: unknown, expected: unknown): void {
    const [a, b] = [sorted(actual), sorted(expected)];
    if (a !== b) throw new Error(`expected is ${String(b)}, got ${String(a)}`);
}

function sorted(value: unknown): string | undefined {
    return JSON.stringify(value, (_, part: unknown) =>
        typeof part === 'object' && part !== null && !Array.isArray(part)
            ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
            : part,
    );
}
