/** All bits turned round: what answers a challenge, so that it cannot simply be sent back (spec 50 §6, 51 §4). */
export function complement(bytes: Uint8Array): Uint8Array {
    return bytes.map(byte => ~byte);
}
