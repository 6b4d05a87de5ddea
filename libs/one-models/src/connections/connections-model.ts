import type { Instance, OneInstance, Person, SHA256IdHash, Timer } from '@refinio/one.core';
import type { GroupModel } from '../leute/group-model.ts';
import type { LeuteModel } from '../leute/leute-model.ts';
import { INITIALLY_DISABLED } from '../leute/well-known.ts';
import { CHUMS_CHANGE_MS, INVITATION_MS } from '../limits.ts';
import { OneEvent } from '../one-event.ts';
import type { InvitationStore } from '../pairing/invitation-store.ts';
import { MemoryInvitations } from '../pairing/memory-invitations.ts';
import { Pairing } from '../pairing/pairing.ts';
import type { Dial } from '../transports/message-socket.ts';
import { dialNative } from '../transports/native-socket.ts';
import { ChumSessions, type RunningChum } from './chum-sessions.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { Delayed } from './delayed.ts';
import { CONNECTION_GROUPS } from './group.ts';
import {
    LeuteConnections,
    type FailedConnection,
    type IdentifiedConnection,
    type Visitor,
} from './leute-connections.ts';
import { DirectListeners } from './routes/direct-listeners.ts';
import type { IncomingConnectionConfiguration } from './routes/route-ids.ts';

/** Spec 53 §1.1. */
export interface ConnectionsOptions {
    /** Where this instance is registered, so that others reach it, and where invitations point to. */
    readonly commServerUrl?: string;
    /** False: this instance connects to others only. */
    readonly acceptIncomingConnections?: boolean;
    /**
     * Whether instances that are not known may synchronize if their person is a contact, and has the key that is known of it. That the
     * instance belongs to the person, nobody has said: deployed contacts can be made to answer for somebody else.
     */
    readonly acceptUnknownInstances?: boolean;
    /** Whether everybody may synchronize. They get what is granted to them, and what they grant is taken over. */
    readonly acceptUnknownPersons?: boolean;
    /** Whether invitations can be used here. */
    readonly allowPairing?: boolean;
    /** Requests for debugging (spec 50 §7.2) are not served. */
    readonly allowDebugRequests?: false;
    /** Milliseconds. */
    readonly pairingTokenExpirationDuration?: number;
    /** Whether contacts that can be dialled are. */
    readonly establishOutgoingConnections?: boolean;
    readonly noImport?: boolean;
    readonly noExport?: boolean;
    /** All ways in, instead of the one that follows from `commServerUrl`. Their `catchAll` follows from the other options. */
    readonly incomingConnectionConfigurations?: readonly IncomingConnectionConfiguration[];
    /** Where invitations point to, instead of `commServerUrl`. */
    readonly invitationUrl?: string;
}

export interface ConnectionsModelOptions extends ConnectionsOptions {
    /** Default: the WebSocket of the platform. */
    readonly dial?: Dial;
    /** Of the process; needed for configurations of the type `socket`. */
    readonly direct?: DirectListeners;
    /** Default: in memory, so that invitations end with this model. */
    readonly invitations?: InvitationStore;
    /** Told of what has failed, and is tried again. */
    readonly onError?: (error: unknown) => void;
    /** Milliseconds. */
    readonly reconnectDelay?: number;
    readonly timer?: Timer;
    /** From [0, 1). */
    readonly random?: () => number;
}

/** What holds where nothing is said: nobody is let in but contacts, and who has an invitation. */
export const CONNECTIONS_DEFAULTS = {
    commServerUrl: 'ws://localhost:8000',
    acceptIncomingConnections: true,
    acceptUnknownInstances: false,
    acceptUnknownPersons: false,
    allowPairing: true,
    allowDebugRequests: false,
    pairingTokenExpirationDuration: INVITATION_MS,
    establishOutgoingConnections: true,
    noImport: false,
    noExport: false,
} as const satisfies ConnectionsOptions;

type Settings = ConnectionsOptions & Required<Pick<ConnectionsOptions, keyof typeof CONNECTIONS_DEFAULTS>>;
type PersonIdHash = SHA256IdHash<Person>;

/** Who synchronizes with whom from now on. */
export interface ProtocolStart {
    readonly initiatedLocally: boolean;
    readonly localPersonId: PersonIdHash;
    readonly localInstanceId: SHA256IdHash<Instance>;
    readonly remotePersonId: PersonIdHash;
    readonly remoteInstanceId: SHA256IdHash<Instance>;
    readonly protocol: 'chum';
}

/**
 * Keeps an instance connected with all others that it knows, and synchronizes with them (spec 53): what is granted flows by itself from
 * `init` to `shutdown`.
 *
 * ```ts
 * const connections = new ConnectionsModel(one, leute, { commServerUrl: 'wss://relay.example.org' });
 * await connections.init();
 * const { invitation } = await connections.pairing.createInvitation();
 * ```
 */
export class ConnectionsModel implements AsyncDisposable {
    /** Told before the first word of a synchronization; that the other side wants it, too, is not known yet. */
    readonly onProtocolStart = new OneEvent<[start: ProtocolStart]>();
    /** Synchronizations have begun, ended or come further; told a few times a second at most. */
    readonly onChumsChange = new OneEvent();
    readonly pairing: Pairing;
    readonly settings: Readonly<Settings>;
    readonly #leute: LeuteModel;
    readonly #onError: (error: unknown) => void;
    readonly #connections: LeuteConnections;
    readonly #chums: ChumSessions;
    readonly #ends: (() => void)[] = [];
    readonly #progress: Delayed;
    #initiallyDisabled: GroupModel | undefined;
    #blacklist: GroupModel | undefined;
    #starting: Promise<void> | undefined;
    /** Those that end with this model. */
    readonly #ownInvitations: MemoryInvitations | undefined;
    /** One change of the group after the other. */
    #changing: Promise<unknown> = Promise.resolve();

    /** @param leute is started before this model, and stopped after it */
    constructor(one: OneInstance, leute: LeuteModel, options: ConnectionsModelOptions = {}) {
        const { dial = dialNative, onError = () => undefined, timer } = options;
        const settings = (this.settings = settingsOf(options));
        const times = timer && { timer };
        this.#leute = leute;
        this.#onError = onError;
        this.#connections = new LeuteConnections(one, leute, {
            incomingConnectionConfigurations: incomingOf(settings),
            incomingRoutesGroupIds: [CONNECTION_GROUPS.chum],
            outgoingRoutesGroupIds: settings.establishOutgoingConnections ? [CONNECTION_GROUPS.chum] : [],
            direct: options.direct ?? new DirectListeners(undefined),
            refuse: visitor => this.#refuse(visitor),
            ...{ dial, onError, ...times },
            ...(options.reconnectDelay !== undefined && { reconnectDelay: options.reconnectDelay }),
            ...(options.random && { random: options.random }),
        });
        const { noImport, noExport } = settings;
        this.#progress = new Delayed(CHUMS_CHANGE_MS, timer, () => this.onChumsChange.emit());
        const onStatus = (): void => this.#progress.ask();
        this.#chums = new ChumSessions(one, { noImport, noExport, onError, onStatus, ...times });
        this.pairing = new Pairing({
            ...{ leute, connections: this.#connections, dial, onError, ...times },
            invitations: options.invitations ?? (this.#ownInvitations = new MemoryInvitations()),
            url: settings.invitationUrl ?? urlOfCommServer(settings),
            expirationMs: settings.pairingTokenExpirationDuration,
        });
    }

    /** Connections have come or gone, or were enabled or disabled. */
    get onConnectionsChange(): LeuteConnections['onConnectionsChange'] {
        return this.#connections.onConnectionsChange;
    }

    get onOnlineStateChange(): LeuteConnections['onOnlineStateChange'] {
        return this.#connections.onOnlineStateChange;
    }

    get onConnectionError(): OneEvent<[failed: FailedConnection]> {
        return this.#connections.onConnectionError;
    }

    /** Whether every communication server has this instance registered; also if there are none. */
    get onlineState(): boolean {
        return this.#connections.isOnline;
    }

    /** Synchronizations under way. */
    get chums(): RunningChum[] {
        return this.#chums.running;
    }

    /**
     * Opens listeners and dials everybody that can be. Resolves when others can connect to this instance; communication servers are
     * tried for as long as it runs.
     * @param blacklist persons in this group are disabled for as long as they are in it; default: those whom the user has blocked
     * @throws ConnectionError `LISTEN_FAILED`; KeyChainError if the key chain is locked
     */
    init(blacklist?: GroupModel): Promise<void> {
        if (this.#starting !== undefined) return Promise.reject(new TypeError('The connections run already.'));
        this.#starting = this.#start(blacklist);
        return this.#starting;
    }

    async #start(blacklist: GroupModel | undefined): Promise<void> {
        const connections = this.#connections;
        const blocked = (this.#blacklist = blacklist ?? (await this.#leute.blocking.group()));
        this.#initiallyDisabled = await this.#leute.createGroup(INITIALLY_DISABLED);
        const { onRevoked } = this.#leute.devices;
        this.#ends.push(
            connections.onKnownConnection.listen(identified => this.#onConnection(identified, true)),
            connections.onUnknownConnection.listen(identified => this.#onConnection(identified, false)),
            onRevoked.listen(() => this.#updateBlocked()),
            blocked.onUpdated.listen(() => this.#updateBlocked()),
        );
        try {
            await connections.init(await this.#blockedPersons());
        } catch (error) {
            await this.#stop();
            throw error;
        }
    }

    /** Nothing is dialled, listened for or open any more. Invitations in memory are gone. */
    async shutdown(): Promise<void> {
        // One that has just begun is ended, too.
        await this.#starting?.catch(() => undefined);
        await this.#stop();
    }

    async #stop(): Promise<void> {
        this.#starting = undefined;
        for (const end of this.#ends.splice(0)) end();
        await this.#connections.shutdown();
        await this.#chums.ended();
        this.#progress.cancel();
        await this.#ownInvitations?.revokeAll();
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.shutdown();
    }

    /**
     * One more way in, until `shutdown`. What contacts are told stands in the own endpoint: that is another matter.
     * @throws ConnectionError `LISTEN_FAILED`
     */
    addIncoming(configuration: IncomingConnectionConfiguration): Promise<void> {
        return this.#connections.addIncoming({ ...configuration, catchAll: isCatchAll(this.settings) });
    }

    /** Waits until everybody who is known can connect and is dialled. */
    settled(): Promise<void> {
        return this.#connections.settled();
    }

    /** Where a listener can be dialled from this machine; undefined if it is not open. */
    urlOf(configuration: IncomingConnectionConfiguration): Promise<string | undefined> {
        return this.#connections.urlOf(configuration);
    }

    /** @param id of the only entry that is wanted */
    connectionsInfo(id?: string): ConnectionInfo[] {
        return this.#connections.connectionsInfo(id);
    }

    /** Dials now whatever waits for its next attempt: the network is back, or somebody has asked for it. */
    reconnect(): void {
        this.#connections.reconnect();
    }

    /** But those with persons that are disabled. */
    enableAllConnections(): void {
        this.#connections.enableAllConnections();
    }

    disableAllConnections(): Promise<void> {
        return this.#connections.disableAllConnections();
    }

    /** Also after a restart. @param local restricts it to the instance of this own person; then only until then */
    async enableConnectionsToPerson(remote: PersonIdHash, local?: PersonIdHash): Promise<void> {
        if (local === undefined) await this.#keepDisabled(persons => persons.filter(person => person !== remote));
        await this.#connections.enableConnectionsToPerson(remote, local);
    }

    /** Also after a restart. @param local as `enableConnectionsToPerson` */
    async disableConnectionsToPerson(remote: PersonIdHash, local?: PersonIdHash): Promise<void> {
        // Whatever becomes of the rest, the connection is cut.
        await this.#connections.disableConnectionsToPerson(remote, local);
        // A device that was revoked is not let in anyway, and can be put into no group.
        if (local !== undefined || (await this.#leute.devices.isRevoked(remote))) return;
        await this.#keepDisabled(persons => [...new Set([...persons, remote])]);
    }

    enableConnectionsToInstance(remote: SHA256IdHash<Instance>, local?: PersonIdHash): Promise<void> {
        return this.#connections.enableConnectionsToInstance(remote, local);
    }

    disableConnectionsToInstance(remote: SHA256IdHash<Instance>, local?: PersonIdHash): Promise<void> {
        return this.#connections.disableConnectionsToInstance(remote, local);
    }

    async #onConnection(identified: IdentifiedConnection, isKnown: boolean): Promise<void> {
        const { connection, groupName } = identified;
        try {
            if (groupName === CONNECTION_GROUPS.pairing && this.settings.allowPairing)
                await this.pairing.accept(identified);
            else if (groupName !== CONNECTION_GROUPS.chum)
                connection.close(`Error: ConnectionRoutesGroupName ${groupName.slice(0, 40)} not supported`);
            else if (this.#connections.isBlocked(identified.remotePersonId)) connection.close('Route is disabled');
            else if (isKnown || (await this.#acceptsUnknown(identified))) this.#startChum(identified);
            else connection.close(`Error: ${UNKNOWN}`);
        } catch (error) {
            connection.close('Error: The connection could not be used');
            this.#connections.onConnectionError.emit({ error, ...identified });
        }
    }

    /**
     * Nothing is proved to strangers who have nothing to look for here: they could be between two others, and have this side answer the
     * challenges of one of them.
     */
    #refuse({ groupName, remoteKey, personId, keys, isKnown }: Visitor): string | undefined {
        const { allowPairing, acceptUnknownInstances, acceptUnknownPersons } = this.settings;
        if (groupName === CONNECTION_GROUPS.pairing && allowPairing)
            // Deployed invitees, and ours, make the handshake with the key that they prove to hold.
            return remoteKey === keys.publicKey.toLowerCase() ? undefined : 'Pairing needs the key of the person';
        if (groupName !== CONNECTION_GROUPS.chum)
            return `ConnectionRoutesGroupName ${groupName.slice(0, 40)} not supported`;
        const isAwaited = acceptUnknownInstances || acceptUnknownPersons || this.pairing.isRunning(personId);
        return isKnown || isAwaited ? undefined : UNKNOWN;
    }

    /** Somebody whose key stands in no profile (spec 53 §5). */
    async #acceptsUnknown(identified: IdentifiedConnection): Promise<boolean> {
        const { remotePersonId, remoteKey, peer, initiatedLocally } = identified;
        if (initiatedLocally) return false;
        const { acceptUnknownInstances, acceptUnknownPersons } = this.settings;
        // An invitee may be faster than this side, which is still storing what it was told.
        if (await this.pairing.decided(remotePersonId)) {
            await this.#connections.settled();
            if (this.#connections.recordsOf(remoteKey).known.length > 0) return true;
        }
        const isContact = !peer.isNewPerson && (await this.#leute.people.isKnown(remotePersonId));
        if (!acceptUnknownPersons && !(acceptUnknownInstances && isContact)) return false;
        await this.#chums.storePeer(identified);
        return true;
    }

    #startChum(identified: IdentifiedConnection): void {
        const { initiatedLocally, localPersonId, localInstanceId, remotePersonId, remoteInstanceId } = identified;
        if (identified.connection.state === 'closed') return;
        const ids = { localPersonId, localInstanceId, remotePersonId, remoteInstanceId };
        this.#connections.keep(identified.connection);
        this.onProtocolStart.emit({ initiatedLocally, ...ids, protocol: 'chum' });
        this.#chums.start(identified);
    }

    /** Whom the user has blocked or switched off, and devices that were revoked. */
    async #blockedPersons(): Promise<PersonIdHash[]> {
        const revoked = (await this.#leute.trust.revocations()).map(({ revocation }) => revocation.device);
        return [...(this.#initiallyDisabled?.persons ?? []), ...(this.#blacklist?.persons ?? []), ...revoked];
    }

    async #updateBlocked(): Promise<void> {
        try {
            await this.#connections.setBlocked(await this.#blockedPersons());
        } catch (error) {
            this.#onError(error);
        }
    }

    #keepDisabled(change: (persons: PersonIdHash[]) => PersonIdHash[]): Promise<void> {
        const changing = this.#changing.then(() => this.#changeDisabled(change));
        this.#changing = changing.catch(() => undefined);
        return changing;
    }

    async #changeDisabled(change: (persons: PersonIdHash[]) => PersonIdHash[]): Promise<void> {
        const group = (this.#initiallyDisabled ??= await this.#leute.createGroup(INITIALLY_DISABLED));
        await group.load();
        group.persons = change(group.persons);
        await group.save();
        await this.#connections.setBlocked(await this.#blockedPersons());
    }
}

const UNKNOWN = 'Unable to start chum because you are unknown';
const FURTHER = ['incomingConnectionConfigurations', 'invitationUrl'] as const;

function settingsOf(options: ConnectionsModelOptions): Settings {
    const names = new Set<string>([...Object.keys(CONNECTIONS_DEFAULTS), ...FURTHER]);
    const given = Object.entries(options).filter(([name, value]) => names.has(name) && value !== undefined);
    return { ...CONNECTIONS_DEFAULTS, ...Object.fromEntries(given) };
}

function incomingOf(settings: Settings): readonly IncomingConnectionConfiguration[] {
    if (!settings.acceptIncomingConnections) return [];
    const catchAll = isCatchAll(settings);
    const { commServerUrl: url, incomingConnectionConfigurations = [{ type: 'commserver', url }] } = settings;
    return incomingConnectionConfigurations.map(each => ({ ...each, catchAll }));
}

/** Only if this instance is registered there. */
function urlOfCommServer(settings: Settings): string | undefined {
    return incomingOf(settings).find(({ type }) => type === 'commserver')?.url;
}

function isCatchAll({ allowPairing, acceptUnknownInstances, acceptUnknownPersons }: Settings): boolean {
    return allowPairing || acceptUnknownInstances || acceptUnknownPersons;
}
