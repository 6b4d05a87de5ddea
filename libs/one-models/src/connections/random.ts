/** So many random bytes in an array of their own. Given from outside, so that tests can repeat what was recorded. */
export type Random = (length: number) => Uint8Array;

export const systemRandom: Random = length => crypto.getRandomValues(new Uint8Array(length));
