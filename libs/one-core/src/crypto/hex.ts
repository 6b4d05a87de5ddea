// Hexadecimal and base64 texts (spec 30 §3). Writers emit lower case: the hash of an object depends on it.
import { CryptoError } from './crypto-errors.ts';
import type { Bytes } from './primitives.ts';

const HEX = /^[0-9a-fA-F]*$/;
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two lower case digits a byte. */
export function uint8ArrayToHex(bytes: Uint8Array): string {
    let text = '';
    for (const byte of bytes) text += DIGITS[byte] ?? '';
    return text;
}

/** Whether a text is bytes in hexadecimal digits of either case; the empty text is. */
export function isHexString(text: unknown): text is string {
    return typeof text === 'string' && text.length % 2 === 0 && HEX.test(text);
}

/** @throws CryptoError `HEX_INVALID` */
export function hexToUint8ArrayWithCheck(text: string): Bytes {
    if (!isHexString(text)) throw new CryptoError('HEX_INVALID', 'the text is no hexadecimal, two digits a byte');
    return hexToUint8Array(text);
}

/**
 * Decodes as leniently as deployed peers: a pair that does not begin with a digit is 0, one whose second character is
 * none is its first digit. Ours is `hexToUint8ArrayWithCheck`. @throws RangeError for an odd length
 */
export function hexToUint8Array(text: string): Bytes {
    if (text.length % 2 !== 0) throw new RangeError('Hexadecimal text has an even number of digits.');
    const bytes = new Uint8Array(text.length / 2);
    for (let i = 0; i < bytes.length; i++) {
        const [first, second] = [digit(text.charCodeAt(2 * i)), digit(text.charCodeAt(2 * i + 1))];
        bytes[i] = first < 0 ? 0 : second < 0 ? first : 16 * first + second;
    }
    return bytes;
}

/** Value of a digit by its character code; below 0 for other characters. */
function digit(code: number): number {
    if (code >= 0x30 && code <= 0x39) return code - 0x30;
    const lower = code | 0x20;
    return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64 with padding: how secret keys leave and enter by the application API. */
export function uint8ArrayToBase64(bytes: Uint8Array): string {
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return btoa(binary);
}

/** @throws CryptoError `BASE64_INVALID`, which does not repeat the text: it may be a secret key */
export function base64ToUint8Array(text: string): Bytes {
    if (text.length % 4 !== 0 || !BASE64.test(text))
        throw new CryptoError('BASE64_INVALID', 'the text is no base64 with padding');
    return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}
