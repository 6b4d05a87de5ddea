// CRC-32C, which Node does not have: eight bytes a step.
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;
const table = new Int32Array(256 * SLICES);
for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
}
for (let at = 256; at < table.length; at++) {
    const before = at_(at - 256);
    table[at] = (before >>> 8) ^ at_(before & 0xff);
}

function at_(index: number): number {
    return table[index] ?? 0;
}

function crc32c(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let crc = -1;
    let at = 0;
    for (; at + SLICES <= bytes.length; at += SLICES) {
        const low = crc ^ view.getInt32(at, true);
        const high = view.getInt32(at + 4, true);
        crc =
            at_(0x700 + (low & 0xff)) ^
            at_(0x600 + ((low >>> 8) & 0xff)) ^
            at_(0x500 + ((low >>> 16) & 0xff)) ^
            at_(0x400 + (low >>> 24)) ^
            at_(0x300 + (high & 0xff)) ^
            at_(0x200 + ((high >>> 8) & 0xff)) ^
            at_(0x100 + ((high >>> 16) & 0xff)) ^
            at_(high >>> 24);
    }
    for (; at < bytes.length; at++) crc = at_((crc ^ view.getUint8(at)) & 0xff) ^ (crc >>> 8);
    return ~crc >>> 0;
}

/** LevelDB masks the checksums it stores. */
export function maskedCrc32c(bytes: Uint8Array): number {
    const crc = crc32c(bytes);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
