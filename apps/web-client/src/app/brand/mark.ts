/**
 * The mark of LAMA Federation on a 32 × 32 grid, as one path: an archive and two devices grown together into an L, and
 * a fourth node of somebody else, close but apart until it is granted access. public/favicon.svg holds the same path.
 */
export const MARK =
    // The links: archive to the device above, archive to the device at its right.
    'M13.83 18.65A7.5 7.5 0 0 1 12.86 9.95L4.31 10.23A7.5 7.5 0 0 1 3.9 18.97Z' +
    'M13.03 28.1A7.5 7.5 0 0 1 21.77 27.69L22.05 19.14A7.5 7.5 0 0 1 13.35 18.17Z' +
    // The nodes: device, archive, device, somebody else.
    'M3.5 7.5a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z' +
    'M2.5 23a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0Z' +
    'M19.5 23.5a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z' +
    'M20.5 7.5a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z';
