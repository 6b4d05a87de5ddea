import { OneError } from '../errors.ts';
import { encodeTagged } from './tagged-values.ts';

/** @throws Error showing both values, if they are not equal in type, content and order */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
    const [a, b] = [encodeTagged(actual), encodeTagged(expected)];
    if (a !== b) throw new Error(`${what} is ${shorten(a)}, not ${shorten(b)}`);
}

/**
 * The error of something that must be refused, by one of our error classes: anything else is a crash, not a refusal.
 * @throws Error if it is accepted, crashes, or is refused with another code
 */
export async function expectError(run: () => unknown, what: string, code?: string): Promise<OneError> {
    let result: unknown;
    try {
        result = await run();
    } catch (error) {
        if (!(error instanceof OneError)) throw new Error(`${what} makes it crash: ${String(error)}`, { cause: error });
        if (code !== undefined && error.code !== code)
            throw new Error(`${what} is refused with ${error.code}, not ${code}`, {
                cause: error,
            });
        return error;
    }
    throw new Error(`${what} is accepted: ${shorten(encodeTagged(result))}`);
}

function shorten(text: string): string {
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
