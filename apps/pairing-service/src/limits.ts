/** The archive answers on the same machine or network; longer means that it cannot. */
export const ARCHIVE_ANSWER_MS = 2_000;

/** Browsers ask every ten seconds; however many they are, the archive is asked once in this time. */
export const STATUS_REUSE_MS = 1_000;
