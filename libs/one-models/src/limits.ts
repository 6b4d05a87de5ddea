/** Longest invitation text that is looked at. A link of deployed peers has about 400 characters; a QR code ends at 2 953. */
export const MAX_INVITATION_LENGTH = 4_096;

/** Objects that a grant is looked through for mistakes: of a chat of years, the old ones were granted long ago. */
export const MAX_CHECKED_PARTS = 10_000;

// People: what a contact can make others do.

/** Contacts that come through one contact, by profiles that it passes on, or those do who came so: a company in one list. */
export const MAX_INTRODUCED = 1_000;

/** Members of the group `everyone`: each version of it has 80 bytes for each of them, and a contact can make up persons. */
export const MAX_EVERYONE = 20_000;

/** Entries of the list of addresses of one profile that are looked at. Honest ones have a dozen. */
export const MAX_PROFILE_ADDRESSES = 500;

/** Statements of others that they own one of my devices, before more of them are refused. One is enough. */
export const MAX_OWNER_CLAIMS = 100;

/** Nodes of a history that are looked at for its newest versions: of what two or three devices have written at once. */
export const MAX_NEWEST_VERSIONS = 8;

/** Milliseconds after which persons become members of the group `everyone`, as deployed instances have it. */
export const EVERYONE_QUIET_MS = 10_000;

/** Persons whose names are remembered: those of a large group, and of all chats of a week. */
export const MAX_CACHED_PERSONS = 20_000;

/** Contacts of a list that are read at once. */
export const CONTACTS_READ_AT_ONCE = 50;

// Bounds on what is examined before a signature is believed (spec 32-C). What lies behind them counts as not there, so that
// a hostile peer, who may store any number of profiles and certificates, can at most take trust away that rests on them.

/** Versions of one profile that are looked through, newest first, and profiles with one key: 20 a day for seven years. */
export const MAX_PROFILE_VERSIONS = 50_000;

/** Profiles about one person, in the order of storing. Every contact may have a few about everybody. */
export const MAX_PERSON_PROFILES = 1_000;

/** Profiles that are looked at to find those about one person: what others say of it, and it says of others. */
export const MAX_PROFILES_READ = 10_000;

/** Signing keys of one person that are tried for a signature: as new devices are new persons, few have two. */
export const MAX_PERSON_KEYS = 100;

/** Certificates and signatures that are read for one key, or the rights of one person: a second where reading is slow. */
export const MAX_KEY_STATEMENTS = 10_000;

/** Keys whose trust decides about that of one key: all for whom an administrator of a thousand persons has vouched. */
export const MAX_TRUST_KEYS = 1_000;

/** Certificates and signatures about one thing that are looked at to answer who has signed it: of a large group, all. */
export const MAX_STATEMENTS_ABOUT = 10_000;

/** `MAX_KEY_STATEMENTS` of all those keys together. */
export const MAX_TRUST_STATEMENTS = 100_000;

/** Signed revocations of one owner. One that is not seen would leave a stolen device trusted: then only own keys are. */
export const MAX_REVOCATIONS = 10_000;

/** What is remembered of profiles, signatures and the places where trust was read: entries of about 200 bytes. */
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

// Routes (spec 50 §9).

/** Milliseconds that a connection is active before another one may take its place. */
export const DUPLICATE_MS = 2_000;

/** Milliseconds that a duplicate is kept, until the peer has decided as well. */
export const KEPT_DUPLICATE_MS = 1_000;

/** Milliseconds between attempts to dial, the last one for all that follow; and the part of them that is added at random, at most. */
export const DIAL_DELAYS_MS: readonly number[] = [5_000, 10_000, 20_000, 30_000, 60_000, 120_000];
export const DIAL_JITTER = 0.2;

/** Attempts to dial that an instance makes at once: a thousand peers that do not answer are asked within 80 s. */
export const MAX_DIALS = 64;

/** Milliseconds from the end of a connection to the next attempt: between this and twice as much. */
export const RECONNECT_MS = 5_000;

/**
 * A connection that has lasted less is no success. After the second in a row, the time to the next attempt is doubled, up to so many
 * times: a peer that refuses for ever is asked every one or two minutes.
 */
export const STABLE_MS = 30_000;
export const MAX_RECONNECT_FACTOR = 12;

/** Endpoints of one person that count: a dozen devices with a few addresses each. Whoever writes more has others dialled for nothing. */
export const MAX_PERSON_ENDPOINTS = 64;

/** Ended connections of which a routes group keeps the statistics (spec 53 §7). */
export const MAX_CONNECTION_LOG = 10;

/** Connections of the listeners of a process whose other side is not known; of more, the oldest are closed. What a flood costs. */
export const MAX_STRANGERS = 500;

/** UTF-16 units of the name of a group. */
export const MAX_GROUP_NAME = 100;

/** Milliseconds after which routes are looked for again when what is stored could not be read. */
export const REFRESH_RETRY_MS = 10_000;

/** Milliseconds that peers have to answer a close frame when this instance is shut down. */
export const SHUTDOWN_CLOSE_MS = 1_000;

/** Milliseconds between two tellings that synchronizations have come further: as often as a progress bar needs it. */
export const CHUMS_CHANGE_MS = 200;

/** Milliseconds after which a change of the online state is told (spec 53 §7). */
export const ONLINE_STATE_MS = 1_000;

/** Milliseconds that an invitee has to close the connection after pairing (spec 52 §2.2). */
export const PAIRING_CLOSE_MS = 10_000;

/** Milliseconds for each message of pairing: the other side stores a contact before it answers. */
export const PAIRING_MS = 30_000;

/** Milliseconds after the end of pairing until the new contact is dialled: it may not have stored this side yet (spec 52 §5). */
export const DIAL_AFTER_PAIRING_MS = 1_000;

/** Milliseconds that an invitation lives if nothing else is said (spec 52 §1). */
export const INVITATION_MS = 60_000;

/** UTF-16 units of a message to or from a communication server before it relays: a challenge with its key has 400. */
export const MAX_RELAY_MESSAGE = 8_192;

/** Bytes of a frame of a client before it relays; further ones are not even read. */
export const MAX_RELAY_MESSAGE_BYTES = 2 * MAX_RELAY_MESSAGE;

/** Milliseconds after which a client that has not said what it wants is gone, and so is one that does not answer the challenge. */
export const RELAY_FIRST_MESSAGE_MS = 10_000;

/** Milliseconds between two pings of a communication server, and how much later their answer may come (spec 51 §3.5). */
export const RELAY_PING_INTERVAL_MS = 25_000;
export const RELAY_PONG_TIMEOUT_MS = 1_000;

/** Milliseconds by which a ping may be late before a listener gives the server up (spec 51 §4). */
export const RELAY_PING_LATE_MS = 4_000;

/** Spare connections of one key: a person has a few listeners with two each, and nobody needs the server to keep hundreds. */
export const MAX_RELAY_SPARES = 64;

/** Bytes of frames that a requester sends before its listener is there, each with `UNREAD_COST` on top; an honest one sends none. */
export const MAX_RELAY_EARLY_BYTES = 65_536;

/** Bytes that wait for one side of a relay before the other one is not read any more, and fewer than which it is read again. */
export const RELAY_BUFFER_HIGH = 1_048_576;
export const RELAY_BUFFER_LOW = 262_144;

/** Milliseconds between two looks at the buffer of a socket that does not tell (browsers): a full one is empty after ten at 100 MB/s. */
export const DRAIN_LOOK_MS = 5;

/**
 * Sockets that one address has open at a communication server: a hundred people behind the address of an office or a provider, each with an
 * archive that keeps two spare connections and two relays.
 */
export const RELAY_SOCKETS_PER_ADDRESS = 500;
/** So many times more connections of one address are dropped before anything of them is read; those between are told why. */
export const RELAY_DROP_FACTOR = 2;

/** Sockets that one address opens: all of its sockets at once when the server was restarted, then each of the hundred every ten seconds. */
export const RELAY_SOCKET_RATE = { burst: RELAY_SOCKETS_PER_ADDRESS, perMinute: 600 };

/** Registrations of one address without the secret of the key: one client that was restored with a wrong key fails every ten seconds. */
export const RELAY_FAILURE_RATE = { burst: 20, perMinute: 10 };

/** Requests for one key: a thousand friends of an instance come back within two minutes after the server was restarted. */
export const RELAY_REQUEST_RATE = { burst: 120, perMinute: 600 };

/** Registrations of one key: all of its spares, then one for each request, and as many again that were lost on a bad line. */
export const RELAY_REGISTRATION_RATE = { burst: 2 * MAX_RELAY_SPARES, perMinute: 1_200 };

/** Names that a rate is kept for, 100 bytes each. Of more, those that were seen longest ago start anew. */
export const MAX_RATE_NAMES = 50_000;

/** Milliseconds of silence after which the system asks whether the other side is still there: more often than routers forget. */
export const PROBE_MS = 60_000;

/** Milliseconds that a refused client has to read why, before the line is cut: it must not hold a socket by saying nothing. */
export const REFUSED_MS = 1_000;

/** Milliseconds for another replica of a communication server to hand over a spare connection: it may have to wait for a pong. */
export const RELAY_REPLICA_ANSWER_MS = 5_000;

/** Milliseconds that relayed peers have to answer a close frame when a communication server stops: services stop within ten seconds. */
export const RELAY_STOP_MS = 3_000;

/** Connections that a listener keeps registered at a communication server, and milliseconds between attempts (spec 51 §4). */
export const RELAY_SPARES = 2;
export const RELAY_RETRY_MS = 10_000;

/** UTF-16 units of a name that is shown. */
export const MAX_SHOWN_NAME = 256;

/** Descriptions of a profile among which a name is looked for: a dozen, and whatever the status was in a few years. */
export const MAX_NAMED_DESCRIPTIONS = 10_000;

// Invitations (spec 52 §1). Only the owner adds them, but a program that adds one a second must not fill a store.

/** Open invitations of one instance: a badge for every guest of a large party. */
export const MAX_OPEN_INVITATIONS = 1_000;

/** The same with those that are over, which are kept to say what became of them; the oldest of these make room. */
export const MAX_KEPT_INVITATIONS = 2_000;

/** Uses of one invitation: the same party with one poster at the door. */
export const MAX_INVITATION_USES = 1_000;

/** UTF-16 units of the address in an invitation: one of ASCII, percent-encoded, leaves the rest of `MAX_INVITATION_LENGTH` a thousand. */
export const MAX_INVITATION_URL = 1_000;

/** Milliseconds until an invitation expires at the latest: what spec 52 §1 clamps to, nearly 25 days. */
export const MAX_INVITATION_MS = 2_147_483_647;

/**
 * Milliseconds for which a claim is held before it is renewed or completed: two messages of a slow phone. After a crash in the
 * middle the guest has to wait that long.
 */
export const INVITATION_LEASE_MS = 30_000;

/** Milliseconds for which an expired invitation is told apart from an unknown one: a link that is opened the next morning. */
export const INVITATION_OVER_MS = 24 * 60 * 60_000;

// Channels (spec 61).

/** Milliseconds before or after 1970 that a post may have been made: what dates can say. */
export const MAX_POST_TIME = 8_640_000_000_000_000;

/** Entries that are looked at to tell what is new in a channel; beyond, whoever listens has to read it. */
export const MAX_CHANNEL_UPDATE = 1_000;

/** Things beside one post that are looked at for its author; honest posts have two. */
export const MAX_READ_METADATA = 20;
