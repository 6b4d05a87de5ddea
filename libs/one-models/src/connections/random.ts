/** So many random bytes in an array of their own. Given from outside, so that tests can repeat what was recorded. */
export type Random = (length: number) => Uint8Array;

export const systemRandom: Random = length => crypto.getRandomValues(new Uint8Array(length));

/** Bytes of a pool: paddings of sixteen frames, on average. */
const POOL = 2_048;

/** Random of the system, drawn in larger pieces, as each drawing costs as much as encrypting a kilobyte. Nothing is given out twice, or kept. */
export function createRandomPool(): Random {
    let pool = new Uint8Array(0);
    let at = 0;
    return length => {
        if (length > POOL) return systemRandom(length);
        if (at + length > pool.length) {
            pool = systemRandom(POOL) as Uint8Array<ArrayBuffer>;
            at = 0;
        }
        const bytes = pool.slice(at, at + length);
        pool.fill(0, at, at + length);
        at += length;
        return bytes;
    };
}
