import { encodeTagged } from './tagged-values.ts';

/** @throws Error showing both values, if they are not equal in type, content and order */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
    const [a, b] = [encodeTagged(actual), encodeTagged(expected)];
    if (a !== b) throw new Error(`${what} is ${shorten(a)}, not ${shorten(b)}`);
}

/** The error of something that must fail. @throws Error if it does not, or fails without a code where one is expected */
export async function expectError(run: () => unknown, what: string, code?: string): Promise<Error> {
    let result: unknown;
    try {
        result = await run();
    } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (code !== undefined && (!('code' in error) || error.code !== code))
            throw new Error(`${what} fails with ${'code' in error ? String(error.code) : error.message}, not ${code}`, {
                cause: error,
            });
        return error;
    }
    throw new Error(`${what} is accepted: ${shorten(encodeTagged(result))}`);
}

function shorten(text: string): string {
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
