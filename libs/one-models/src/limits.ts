/** Longest invitation text that is looked at. A link of deployed peers has about 400 characters; a QR code ends at 2 953. */
export const MAX_INVITATION_LENGTH = 4_096;

/** Objects that a grant is looked through for mistakes: a chat of years has more, of which the old ones were granted long ago. */
export const MAX_CHECKED_PARTS = 10_000;

/** Milliseconds after which persons become members of the group `everyone`, as deployed instances have it. */
export const EVERYONE_QUIET_MS = 10_000;

// Bounds on what is examined before a signature is believed (spec 32-C). What lies behind them counts as not there, so that a hostile
// peer, who may store any number of profiles and certificates, can at most take trust away that rests on them.

/** Versions that are looked through of one profile, newest first, and profiles with one key: twenty changes a day for seven years. */
export const MAX_PROFILE_VERSIONS = 50_000;

/** Profiles about one person, in the order of storing. Every contact may have a few about everybody. */
export const MAX_PERSON_PROFILES = 1_000;

/** Signing keys of one person that are tried for a signature, oldest first: new devices are new persons, so that few have two. */
export const MAX_PERSON_KEYS = 100;

/** Certificates and signatures that are read for one key, or for the rights of one person: a second of work where reading is slow. */
export const MAX_KEY_STATEMENTS = 10_000;

/** Keys whose trust decides about that of one key: all that an administrator of a thousand persons has vouched for, in a chain. */
export const MAX_TRUST_KEYS = 1_000;

/** `MAX_KEY_STATEMENTS` of all those keys together. */
export const MAX_TRUST_STATEMENTS = 100_000;

/** Revocations of one owner, signed or not. One that is not seen would leave a stolen device trusted: then nothing is but own keys. */
export const MAX_REVOCATIONS = 10_000;

/** What is remembered of profiles and of the places where trust was read, as numbers of entries of about 200 bytes. */
export const MAX_TRUST_CACHE = 200_000;

// Connections (spec 50). Until both sides know each other, everything here is what a stranger may take.

/** Bytes of one frame that is accepted. Peers send 65 808 at most; a megabyte is what spec 50 §1 advises. */
export const MAX_FRAME = 1024 * 1024;

/** Milliseconds until an open attempt fails (spec 50 §2.1). */
export const OPEN_MS = 5_000;

/** Milliseconds that the peer has for its close frame, before the line is cut. As libraries of WebSockets have it. */
export const CLOSE_MS = 30_000;

/** Bytes received that nobody has taken, each frame with `UNREAD_COST` on top, before reading from the network pauses. */
export const UNREAD_HIGH = 256 * 1024;

/** The same where reading cannot pause (browsers); above: closed. CHUM sends 256 KiB ahead, and a fast line is ahead of a slow page. */
export const MAX_UNREAD = 64 * 1024 * 1024;

/** Memory of a waiting frame or fragment besides its bytes, so that empty ones count as well. */
export const UNREAD_COST = 256;

/** Sockets of one address of a listener: a household has a hundredth of it, and a flood must leave files to be opened. */
export const MAX_SOCKETS = 2_000;

/** Milliseconds that an HTTP request has to become a WebSocket. */
export const UPGRADE_MS = 5_000;

/** Messages that wait for sequential reading (spec 50 §3.5). */
export const MAX_QUEUED_MESSAGES = 10;

/** Bytes of one message, and of all that wait, before a connection is in use. The longest that is ever sent there has 700. */
export const MAX_SETUP_BYTES = 64 * 1024;

/**
 * Bytes of one message joined from fragments: an object of the longest microdata that CHUM takes, 64 Mi UTF-16 units (spec 40 §10), if
 * each needs three bytes. Only peers that are authenticated can use it up.
 */
export const MAX_JOINED = 192 * 1024 * 1024;

/** Milliseconds for all of the handshake (spec 50 §4) … */
export const HANDSHAKE_MS = 20_000;
/** … for the group (§5) … */
export const GROUP_MS = 20_000;
/** … for persons and instances (§6): a phone may have to load and check hundreds of profiles … */
export const IDENTITIES_MS = 30_000;
/** … and for the first word of CHUM (§7.1), before which deployed peers store what is new. */
export const SYNCHRONISATION_MS = 30_000;

/** UTF-16 units of a message to or from a communication server before it relays: a challenge with its key has 400. */
export const MAX_RELAY_MESSAGE = 8_192;

/** Milliseconds after which a client that has not said what it wants is gone, and so is one that does not answer the challenge. */
export const RELAY_FIRST_MESSAGE_MS = 10_000;

/** Milliseconds between two pings of a communication server, and how much later their answer may come (spec 51 §3.5). */
export const RELAY_PING_INTERVAL_MS = 25_000;
export const RELAY_PONG_TIMEOUT_MS = 1_000;

/** Milliseconds by which a ping may be late before a listener gives the server up (spec 51 §4). */
export const RELAY_PING_LATE_MS = 4_000;

/** Spare connections of one key: a person has a few listeners with two each, and nobody needs the server to keep hundreds. */
export const MAX_RELAY_SPARES = 64;

/** Bytes of frames that a requester sends before its listener is there; an honest one sends none. */
export const MAX_RELAY_EARLY_BYTES = 1_048_576;

/** Bytes that wait for one side of a relay before the other one is not read any more, and fewer than which it is read again. */
export const RELAY_BUFFER_HIGH = 1_048_576;
export const RELAY_BUFFER_LOW = 262_144;

/** Milliseconds between two looks at the buffer of a side that is behind: at 200 MB/s a full one is empty after five. */
export const RELAY_BUFFER_LOOK_MS = 2;

/** Connections that a listener keeps registered at a communication server, and milliseconds between attempts (spec 51 §4). */
export const RELAY_SPARES = 2;
export const RELAY_RETRY_MS = 10_000;

/** UTF-16 units of a name that is shown. */
export const MAX_SHOWN_NAME = 256;

/** Descriptions of a profile among which a name is looked for; honest ones have a dozen. */
export const MAX_NAMED_DESCRIPTIONS = 500;
