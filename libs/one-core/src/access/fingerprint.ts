// Fingerprints of sets: the sum of one 256-bit number per element, in eight lanes modulo 2^32. The number is a hash under a
// key that only those know who may read the set, so that nobody else can choose elements whose numbers cancel out.
//
//   number     SHA-256(key (64 hexadecimal digits) ‖ hash (64 hexadecimal digits)), as eight big endian 32-bit lanes
import { hashText } from '../crypto/hash.ts';

const LANES = 8;
export const FINGERPRINT_BYTES = 4 * LANES;

export type Fingerprint = Uint32Array;

export function emptyFingerprint(): Fingerprint {
    return new Uint32Array(LANES);
}

/** The number of one element. @param key of the set */
export async function elementNumber(key: string, hash: string): Promise<Fingerprint> {
    const digest = await hashText(key + hash);
    const number = emptyFingerprint();
    for (let lane = 0; lane < LANES; lane++) number[lane] = Number.parseInt(digest.slice(8 * lane, 8 * lane + 8), 16);
    return number;
}

/** Adds a number to a sum, in place; with `sign` −1 takes it away. */
export function addTo(sum: Fingerprint, number: Fingerprint, sign: 1 | -1 = 1): void {
    // Typed arrays wrap around by themselves.
    for (let lane = 0; lane < LANES; lane++) sum[lane] = (sum[lane] ?? 0) + sign * (number[lane] ?? 0);
}

export function writeFingerprint(view: DataView, offset: number, sum: Fingerprint): void {
    for (let lane = 0; lane < LANES; lane++) view.setUint32(offset + 4 * lane, sum[lane] ?? 0);
}

export function readFingerprint(view: DataView, offset: number): Fingerprint {
    const sum = emptyFingerprint();
    for (let lane = 0; lane < LANES; lane++) sum[lane] = view.getUint32(offset + 4 * lane);
    return sum;
}

export function fingerprintToHex(sum: Fingerprint): string {
    return Array.from(sum, lane => lane.toString(16).padStart(8, '0')).join('');
}
