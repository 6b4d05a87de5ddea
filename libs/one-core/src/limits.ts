/**
 * Longest microdata that is written or read, in UTF-16 units. A set of 600 000 references still fits; a text that is
 * longer belongs into a BLOB, which is streamed. Keeps one message of a peer from filling the memory.
 */
export const MAX_MICRODATA_LENGTH = 64 * 1024 * 1024;

/**
 * Deepest JSON of a `stringifiable` value. Writer and reader are recursive: half of what the stack of a browser's worker,
 * the smallest one, was seen to bear, and far above what an application builds.
 */
export const MAX_JSON_NESTING = 500;

/** Deepest item type of a recipe. Everything else about nesting follows from it, because objects follow their recipe. */
export const MAX_ITEM_TYPE_NESTING = 64;

/** Most rules of one recipe, nested and inherited ones included; the largest recipe in use has about twenty. */
export const MAX_RULES = 2_000;

/** Characters of an offending text that an error message shows. */
export const SHOWN_CHARACTERS = 80;

/** Most bytes of one transaction: it is collected in memory before it is stored. The largest object fits four times. */
export const MAX_TRANSACTION_BYTES = 256 * 1024 * 1024;

/** Bytes of finished transactions that wait for the disk before the next one has to. A second's work of a slow disk. */
export const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** Bytes after which no further transaction joins a commit: larger groups gain nothing, and delay whoever is in them. */
export const MAX_COMMIT_BYTES = 8 * 1024 * 1024;

/** Most entries of reverse maps and feeds that one commit writes: their numbers are those of the commit times this. */
export const MAX_ORDERED_ENTRIES = 2 ** 20;

/** Largest BLOB that is kept like an object, in the commit of its journal entry; larger ones are files or pieces. */
export const MAX_INLINE_BLOB = 64 * 1024;
