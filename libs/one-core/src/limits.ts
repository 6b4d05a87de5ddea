/**
 * Longest microdata that is written or read, in UTF-16 units. A set of 700 000 references still fits; a text that is
 * longer belongs into a BLOB, which is streamed. Keeps one message of a peer from filling the memory.
 */
export const MAX_MICRODATA_LENGTH = 64 * 1024 * 1024;

/**
 * Deepest JSON of a `stringifiable` value. The writer is recursive, as those of deployed peers are: far below what ends
 * their stack, far above what an application builds.
 */
export const MAX_JSON_NESTING = 1_000;

/** Deepest item type of a recipe. Everything else about nesting follows from it, because objects follow their recipe. */
export const MAX_ITEM_TYPE_NESTING = 64;

/** Most rules of one recipe, nested ones included; the largest recipe in use has about twenty. */
export const MAX_RULES = 10_000;

/** Longest chain of `inheritFrom`; a longer one is a circle. */
export const MAX_INHERITANCE = 32;

/** Characters of an offending text that an error message shows. */
export const SHOWN_CHARACTERS = 80;
