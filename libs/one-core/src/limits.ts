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

/** Bytes of values of `state` that a store keeps in memory: the upper pages of all sets that are in use, and what is read always. */
export const MAX_STATE_CACHE_BYTES = 4 * 1024 * 1024;

/** Milliseconds that a commit waits at most for tasks that would have to wait for it. */
export const GATHER_MS = 20;

/** Most entries of reverse maps and feeds that one commit writes: their numbers are those of the commit times this. */
export const MAX_ORDERED_ENTRIES = 2 ** 20;

/** Largest BLOB that is kept like an object, in the commit of its journal entry; larger ones are files or pieces. */
export const MAX_INLINE_BLOB = 64 * 1024;

/** Roots of grantees that are kept in memory, so that peers may ask for their lists again and again; about 300 bytes each. */
export const MAX_KEPT_ROOTS = 400_000;

/** Entries of a feed that are read at once. */
export const MAX_FEED_PART = 1000;

/** Longest list of children: 90 bytes each, in one message. Whoever has more is better served by a shared channel. */
export const MAX_CHILDREN = 500_000;

/** BLOBs and CLOBs that are received from one peer at the same time: each has a file open. */
export const MAX_STREAMS_AT_ONCE = 4;

/** Objects of one tree that are fetched before those that they need are looked at. */
export const IMPORT_LOOK_AHEAD = 64;

/** UTF-16 units of fetched objects, with their costs, after which they are stored, even if more belong to them. */
export const IMPORT_COMMIT_BYTES = 4 * 1024 * 1024;

/** Requests that a peer has to serve at the same time for one importer. Deployed peers serve any number, but hold each in memory. */
export const REQUESTS_AT_ONCE = 32;

/** Trees that are fetched at the same time: each holds what it has fetched until it is stored. */
export const TREES_AT_ONCE = 32;

/** Trees of one session under way while new ones begin: those that are older wait for long BLOBs. */
export const MAX_TREES_AT_ONCE = 4 * TREES_AT_ONCE;

/** Versions of one ID that are merged in one transaction: each looks at the whole history, and other store calls wait. */
export const MAX_MERGES_AT_ONCE = 32;

/** Versions of one ID that are merged before other trees of the session have their turn. */
export const MAX_MERGES_OF_RUN = 8 * MAX_MERGES_AT_ONCE;

/** Milliseconds after which the next pass may begin though trees are still under way: a film must not hold back a message. */
export const PASS_PATIENCE_MS = 5_000;

/** Versions of one ID that are asked for one by one, oldest first; of more the newest comes first and leads to all others. */
export const MAX_NODES_ONE_BY_ONE = 4;

/** Failed roots that are remembered; what finds no room is tried again in every pass. */
export const MAX_FAILED_ROOTS = 100_000;

/** Pause before a failed root is tried again; it doubles with every attempt. */
export const RETRY_FIRST_MS = 5_000;
/** Longest pause between attempts. */
export const RETRY_LAST_MS = 10 * 60_000;

/** Pause between two passes over the root list of a peer (spec 40 §7.1). */
export const POLL_INTERVAL_MS = 5_000;

/** Peers that hint at what is new are polled so many times less often. */
export const HINTED_POLL_FACTOR = 12;

/** Requests for the version of a peer that has not started yet, and the pauses between them (spec 40 §7.2). */
export const VERSION_ATTEMPTS = 16;
export const VERSION_PAUSE_MS = 300;
/** After which an answer to it counts as lost. */
export const VERSION_ANSWER_MS = 5_000;

/** A peer that answers nothing for so long, though it was asked, is given up (spec 40 §10). */
export const SILENCE_MS = 60_000;

/** Errors of one session that are remembered. */
export const MAX_SESSION_ERRORS = 1000;

/** Hashes that a Chum object lists for one direction; what comes behind them is counted only. */
export const MAX_LOGGED_TRANSFERS = 10_000;

/** UTF-16 units of a root list that is kept until the next one comes, for each session: about 50 000 roots. */
export const MAX_KEPT_LIST = 8 * 1024 * 1024;

/**
 * Most bytes of one instance's histories, as estimated: some 50 000 versions of small changes. Enough for the histories that
 * are merged into all the time; little beside what an instance needs anyway, also in a browser.
 */
export const MAX_HISTORY_CACHE_BYTES = 32 * 1024 * 1024;

/** UTF-16 units of what one session has fetched and not stored; above it only its oldest tree goes on. */
export const IMPORT_HELD_BYTES = 32 * 1024 * 1024;

/** Longest root list of a peer, and its bad entries that are told one by one. */
export const MAX_ROOTS = 1_000_000;
export const MAX_LIST_ERRORS = 10;

/** A root list is computed from everything that is granted: it may take so long. */
export const ROOT_LIST_MS = 10 * 60_000;

/** Persons that are remembered for having sent one object; others send it again when it matters. */
export const MAX_SHOWN_BY = 32;

/** Largest BLOB that is taken from a peer: one without end must not fill the disk. A film in cinema quality has room. */
export const MAX_RECEIVED_BLOB = 256 * 1024 * 1024 * 1024;

/** Entries of the journal that a follower handles in one transaction: few enough that it delays no store call noticeably. */
export const MAX_FOLLOWED_ENTRIES = 100;

/** Records of the journal that are handled in one transaction: with some kilobytes for each, far below `MAX_TRANSACTION_BYTES`. */
export const MAX_PART_RECORDS = 2000;

/** Entries of the journal that are read at once: even if each was a commit of 10 000 objects, it is 5 MB. */
export const JOURNAL_READ_AT_ONCE = 16;

/** Pause before a follower tries again what has failed; it doubles with every attempt. */
export const FOLLOW_RETRY_FIRST_MS = 1000;
/** Longest pause between attempts. */
export const FOLLOW_RETRY_LAST_MS = 60_000;

/** Who waits until nothing is stored any more waits at most so many times as long. */
export const QUIET_FACTOR = 10;

/** Entries of reverse maps that are added to an older instance in one commit: some 3 MB. */
export const MAX_ADDED_ENTRIES = 10_000;

/** Entries of reverse maps that are kept in memory while others are added, about 150 bytes each; the longest map may be longer. */
export const MAX_KNOWN_ENTRIES = 200_000;
