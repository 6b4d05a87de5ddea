import {
    KeysRecipe,
    type Instance,
    type Keys,
    type OneInstance,
    type Person,
    type SHA256IdHash,
    type Timer,
} from '@refinio/one.core';
import type { LeuteModel } from '../leute/leute-model.ts';
import { ONLINE_STATE_MS } from '../limits.ts';
import { OneEvent } from '../one-event.ts';
import type { Dial } from '../transports/message-socket.ts';
import { readAs } from '../typed-objects.ts';
import { ConnectionError } from './connection-error.ts';
import { describeGroup, type ConnectionInfo } from './connection-info.ts';
import type { Connection } from './connection.ts';
import { Delayed } from './delayed.ts';
import { exchangeIdentities, type PeerIdentity, type PeerRecords } from './identities.ts';
import type { OwnKey } from './own-keys.ts';
import { PeerRoutes } from './peer-routes.ts';
import type { DirectListeners } from './routes/direct-listeners.ts';
import type { IncomingConnectionConfiguration } from './routes/route-ids.ts';
import { RouteManager, type EstablishedConnection } from './routes/route-manager.ts';
import { ROUTE_STOPPED } from './routes/routes-group.ts';

type PersonIdHash = SHA256IdHash<Person>;

/** Spec 53 §1.2. */
export interface LeuteConnectionsOptions {
    /** Default: nobody can connect. */
    readonly incomingConnectionConfigurations?: readonly IncomingConnectionConfiguration[];
    /** Groups for which known peers may connect. Default: none. */
    readonly incomingRoutesGroupIds?: readonly string[];
    /** Groups for which known peers that can be dialled are. Default: none. */
    readonly outgoingRoutesGroupIds?: readonly string[];
    /** Milliseconds. Default: 5 000. */
    readonly reconnectDelay?: number;
    /** Whether routes that are found are enabled at once. Default: so. */
    readonly newRoutesEnabled?: boolean;
    readonly dial: Dial;
    /** Shared by all instances of a process. */
    readonly direct: DirectListeners;
    /** Told of what has failed, and is tried again: attempts to dial, listeners. */
    readonly onError?: (error: unknown) => void;
    /**
     * Asked before this side proves who it is to somebody who has connected: why it is not let in, as peers are told; undefined if it is.
     * Default: everybody may come as far as `onUnknownConnection`.
     */
    readonly refuse?: (visitor: Visitor) => string | undefined;
    readonly timer?: Timer;
    /** Milliseconds, of any beginning. */
    readonly now?: () => number;
    /** From [0, 1). */
    readonly random?: () => number;
}

/** Who says to be whom, before it has proved it. */
export interface Visitor {
    readonly groupName: string;
    /** By which the handshake was made. */
    readonly remoteKey: string;
    readonly personId: PersonIdHash;
    readonly keys: Keys;
    /** An instance of this person with this key stands in a profile. */
    readonly isKnown: boolean;
}

/** Both sides have proved who they are. */
export interface IdentifiedConnection {
    readonly connection: Connection;
    readonly groupName: string;
    readonly localPersonId: PersonIdHash;
    readonly localInstanceId: SHA256IdHash<Instance>;
    readonly remotePersonId: PersonIdHash;
    readonly remoteInstanceId: SHA256IdHash<Instance>;
    /** Hexadecimal: by which the handshake was made; of an instance or, for pairing, of a person. */
    readonly remoteKey: string;
    readonly initiatedLocally: boolean;
    readonly own: OwnKey;
    readonly peer: PeerIdentity;
}

export interface FailedConnection {
    readonly error: unknown;
    readonly connection: Connection;
    readonly groupName: string;
    readonly localPersonId: PersonIdHash;
    readonly localInstanceId: SHA256IdHash<Instance>;
    readonly initiatedLocally: boolean;
}

interface Running {
    readonly routes: RouteManager<OwnKey>;
    readonly peers: PeerRoutes;
}

/**
 * Turns the endpoints in profiles into routes, and routes into connections with persons who have proved who they are (spec 53). What is
 * done with them is for others to say.
 */
export class LeuteConnections {
    /** Told of connections with instances that stand in a profile … */
    readonly onKnownConnection = new OneEvent<[identified: IdentifiedConnection]>();
    /** … and with others. */
    readonly onUnknownConnection = new OneEvent<[identified: IdentifiedConnection]>();
    readonly onConnectionsChange = new OneEvent();
    /** Told a second after it may have changed. */
    readonly onOnlineStateChange = new OneEvent<[isOnline: boolean]>();
    /** Somebody could not prove who it is, or is somebody else than recorded. */
    readonly onConnectionError = new OneEvent<[failed: FailedConnection]>();
    /** Whether routes that are found from now on are enabled. */
    newRoutesEnabled: boolean;
    readonly #one: OneInstance;
    readonly #leute: LeuteModel;
    readonly #options: LeuteConnectionsOptions;
    readonly #online: Delayed;
    /** By routes group; those of which it is known who is on the other side. */
    readonly #identified = new Map<string, IdentifiedConnection>();
    #blocked: ReadonlySet<PersonIdHash> = new Set();
    #running: Running | undefined;
    #areCatchAllsEnabled = false;
    /** Routes are not enabled until all of them are known: otherwise peers would be met as strangers. */
    #isStarting = false;

    constructor(one: OneInstance, leute: LeuteModel, options: LeuteConnectionsOptions) {
        this.#one = one;
        this.#leute = leute;
        this.#options = options;
        this.newRoutesEnabled = options.newRoutesEnabled ?? true;
        this.#online = new Delayed(ONLINE_STATE_MS, options.timer, () => this.onOnlineStateChange.emit(this.isOnline));
    }

    /** Whether every communication server has this instance registered; also if there are none. */
    get isOnline(): boolean {
        return this.#running?.routes.isOnline ?? true;
    }

    /** Instances on this device. */
    get ownKeys(): readonly OwnKey[] {
        return [...(this.#running?.peers.own.values() ?? [])];
    }

    /**
     * Finds all routes, then opens listeners and dials.
     * @param blocked persons whose routes stay disabled
     * @throws ConnectionError `LISTEN_FAILED`; KeyChainError if the key chain is locked
     */
    async init(blocked: Iterable<PersonIdHash> = []): Promise<void> {
        if (this.#running !== undefined) throw new TypeError('The connections run already.');
        const running = (this.#running = this.#create());
        this.#blocked = new Set(blocked);
        this.#isStarting = true;
        try {
            await running.peers.start();
            if (this.#running !== running) throw new TypeError('The connections were shut down while they began.');
            this.#isStarting = false;
            if (this.newRoutesEnabled) this.enableAllConnections();
            await running.routes.opened();
        } catch (error) {
            if (this.#running === running) await this.shutdown();
            throw error;
        }
    }

    /** One more way in. @throws ConnectionError `LISTEN_FAILED` */
    async addIncoming(configuration: IncomingConnectionConfiguration): Promise<void> {
        const { peers, routes } = this.#running ?? {};
        await peers?.addIncoming(configuration);
        try {
            await routes?.opened();
        } catch (error) {
            // Otherwise the next one that is added would fail with it.
            await peers?.removeIncoming(configuration);
            throw error;
        }
    }

    /** Waits until the routes are as the profiles that are stored now, and listeners listen. @throws ConnectionError `LISTEN_FAILED` */
    async settled(): Promise<void> {
        await this.#running?.peers.settled();
        await this.#running?.routes.opened();
    }

    /** Nothing is dialled, listened for or open any more. */
    async shutdown(): Promise<void> {
        const running = this.#running;
        this.#running = undefined;
        this.#areCatchAllsEnabled = false;
        this.#online.cancel();
        await running?.peers.stop();
        await running?.routes[Symbol.asyncDispose]();
        running?.peers.dispose();
    }

    /** What is recorded of whoever has a key. */
    recordsOf(remoteKey: string): PeerRecords {
        const known = (this.#running?.peers.peers.of(remoteKey) ?? []).map(({ personId, instanceId, isPaired }) => ({
            ...{ personId, instanceId },
            isClaim: !isPaired,
        }));
        return {
            known,
            personKeys: person => this.#personKeys(person),
            ensureWelcome: person => this.#ensureNotRevoked(person),
        };
    }

    /** Where a listener of this configuration can be dialled from this machine; undefined if it is not open. */
    async urlOf(configuration: IncomingConnectionConfiguration): Promise<string | undefined> {
        const [own] = this.ownKeys;
        return own && this.#running?.routes.urlOf(configuration, own);
    }

    /** One for each routes group. @param id of the only one that is wanted */
    connectionsInfo(id?: string): ConnectionInfo[] {
        if (this.#running === undefined) return [];
        const { routes, peers } = this.#running;
        const ownPersons = new Set(this.ownKeys.map(({ personId }) => personId));
        const groups = id === undefined ? [...routes.groups] : [routes.group(id) ?? []].flat();
        return groups.map(group => {
            const { localKey, remoteKey } = group.key;
            const identified = this.#identified.get(group.id)?.peer;
            return describeGroup(group, {
                own: peers.own.get(localKey),
                peer: identified ?? peers.peers.of(remoteKey)[0],
                isMine: person => ownPersons.has(person),
                setEnabled: (enabled, routeId) => this.#setEnabled(enabled, [group.id], routeId),
            });
        });
    }

    /** Dials now whatever waits for its next attempt: the network is back, or somebody has asked for it. */
    reconnect(): void {
        this.#running?.routes.hurry();
    }

    /** But those of blocked persons. */
    enableAllConnections(): void {
        const { routes, peers } = this.#running ?? {};
        for (const group of routes?.groups ?? []) {
            const persons = (peers?.peers.of(group.key.remoteKey) ?? []).map(({ personId }) => personId);
            if (!this.#areBlocked(persons)) group.enable();
        }
        this.#areCatchAllsEnabled = true;
        routes?.enableCatchAlls();
        this.onConnectionsChange.emit();
    }

    async disableAllConnections(): Promise<void> {
        const { routes } = this.#running ?? {};
        const groups = [...(routes?.groups ?? [])];
        for (const { isTemporary, active } of groups) if (isTemporary) active?.connection.close('Disabled by user');
        this.#areCatchAllsEnabled = false;
        await routes?.disableCatchAlls();
        await this.#setEnabled(
            false,
            groups.map(({ id }) => id),
        );
    }

    isBlocked(person: PersonIdHash): boolean {
        return this.#blocked.has(person);
    }

    /** Persons whose routes are disabled, also those that are found later. Those of persons who are not among them any more are enabled. */
    async setBlocked(blocked: Iterable<PersonIdHash>): Promise<void> {
        const [before, after] = [this.#blocked, new Set(blocked)];
        this.#blocked = after;
        // All at once, so that another call does not come between.
        const changes: Promise<void>[] = [];
        for (const person of before) if (!after.has(person)) changes.push(this.enableConnectionsToPerson(person));
        for (const person of after) if (!before.has(person)) changes.push(this.disableConnectionsToPerson(person));
        await Promise.all(changes);
    }

    /** @param local restricts it to the instance of this own person */
    async enableConnectionsToPerson(remote: PersonIdHash, local?: PersonIdHash): Promise<void> {
        await this.#setEnabled(true, this.#running?.peers.groupsOfPerson(remote, local));
    }

    /** @param local as `enableConnectionsToPerson` */
    async disableConnectionsToPerson(remote: PersonIdHash, local?: PersonIdHash): Promise<void> {
        await this.#setEnabled(false, this.#running?.peers.groupsOfPerson(remote, local));
        for (const { remotePersonId, localPersonId, connection } of this.#identified.values())
            if (remotePersonId === remote && (local === undefined || localPersonId === local))
                connection.close(ROUTE_STOPPED);
    }

    /** @param local as `enableConnectionsToPerson` */
    async enableConnectionsToInstance(remote: SHA256IdHash<Instance>, local?: PersonIdHash): Promise<void> {
        await this.#setEnabled(true, this.#running?.peers.groupsOfInstance(remote, local));
    }

    /** @param local as `enableConnectionsToPerson` */
    async disableConnectionsToInstance(remote: SHA256IdHash<Instance>, local?: PersonIdHash): Promise<void> {
        await this.#setEnabled(false, this.#running?.peers.groupsOfInstance(remote, local));
    }

    #create(): Running {
        const { dial, direct, reconnectDelay, timer, now, random } = this.#options;
        const onChange = (): void => this.onConnectionsChange.emit();
        const onError = (error: unknown): void => this.#options.onError?.(error);
        const routes = new RouteManager<OwnKey>({
            ...{ dial, direct, onChange, onError },
            ...(reconnectDelay !== undefined && { reconnectDelay }),
            ...(timer && { timer }),
            ...(now && { now }),
            ...(random && { random }),
            onOnlineChange: () => this.#online.ask(),
            onConnection: established => void this.#identify(established),
        });
        const peers = new PeerRoutes(this.#one, this.#leute, routes, {
            incoming: this.#options.incomingConnectionConfigurations ?? [],
            incomingGroups: this.#options.incomingRoutesGroupIds ?? [],
            outgoingGroups: this.#options.outgoingRoutesGroupIds ?? [],
            isEnabled: persons => !this.#isStarting && this.newRoutesEnabled && !this.#areBlocked(persons),
            isCatchAllEnabled: () => this.#areCatchAllsEnabled,
            ...{ onChange, onError },
        });
        return { routes, peers };
    }

    async #setEnabled(enabled: boolean, groupIds: readonly string[] = [], routeId?: string): Promise<void> {
        const { routes } = this.#running ?? {};
        const groups = groupIds.flatMap(id => routes?.group(id) ?? []);
        if (enabled) for (const group of groups) group.enable(routeId);
        else await Promise.all(groups.map(group => group.disable(routeId)));
        this.onConnectionsChange.emit();
    }

    async #identify(established: EstablishedConnection<OwnKey>): Promise<void> {
        const { connection, local: own, remoteKey, groupName, groupId, isInitiator: initiatedLocally } = established;
        const { personId: localPersonId, instanceId: localInstanceId } = own;
        const shared = { connection, groupName, localPersonId, localInstanceId, initiatedLocally };
        const role = initiatedLocally ? 'initiator' : 'acceptor';
        const { timer } = this.#options;
        try {
            const records = this.recordsOf(remoteKey);
            const isKnown = (personId: PersonIdHash): boolean => records.known.some(each => each.personId === personId);
            const ensureWelcome = async (personId: PersonIdHash, keys: Keys): Promise<void> => {
                await records.ensureWelcome?.(personId, keys);
                const visitor = { groupName, remoteKey, personId, keys, isKnown: isKnown(personId) };
                const reason = initiatedLocally ? undefined : this.#options.refuse?.(visitor);
                if (reason !== undefined) throw new ConnectionError('NOT_WELCOME', reason);
            };
            const welcoming = { ...records, ensureWelcome };
            const times = timer && { timer };
            const peer = await exchangeIdentities(connection, role, own.identity, welcoming, times);
            const { personId: remotePersonId, instanceId: remoteInstanceId } = peer;
            const identified = { ...shared, remotePersonId, remoteInstanceId, remoteKey, own, peer };
            if (connection.state === 'closed') return;
            if (isKnown(remotePersonId)) this.keep(connection);
            this.#identified.set(groupId, identified);
            void connection.closed.then(() => {
                if (this.#identified.get(groupId) === identified) this.#identified.delete(groupId);
            });
            this.onConnectionsChange.emit();
            (isKnown(remotePersonId) ? this.onKnownConnection : this.onUnknownConnection).emit(identified);
        } catch (error) {
            connection.close('Error: The connection could not be used');
            this.onConnectionError.emit({ error, ...shared });
        }
    }

    /** A revoked device is nobody's peer, by whatever key it comes (DESIGN §1.1). */
    async #ensureNotRevoked(person: PersonIdHash): Promise<void> {
        if (await this.#leute.devices.isRevoked(person))
            throw new ConnectionError('DEVICE_REVOKED', 'This device was revoked');
    }

    /** A key that several persons claim is not blocked with one of them. */
    #areBlocked(persons: readonly PersonIdHash[]): boolean {
        return persons.length > 0 && persons.every(each => this.#blocked.has(each));
    }

    /**
     * Those of pairing count, also when the contact was removed; without any, what stands in profiles. One that is damaged must not lock
     * somebody out whose key stands in another one. @throws if all are
     */
    async #personKeys(person: PersonIdHash): Promise<string[]> {
        const paired = await this.#leute.endpoints.pairedKeys(person);
        if (paired.length > 0) return paired.map(({ publicKey }) => publicKey);
        const reading = (await this.#leute.endpoints.ofPerson(person))
            .filter(({ personId }) => personId === person)
            .map(({ personKeys }) => readAs(this.#one.objects, KeysRecipe, personKeys));
        const results = await Promise.allSettled(reading);
        const keys = results.flatMap(result => (result.status === 'fulfilled' ? result.value.publicKey : []));
        return keys.length > 0 ? keys : (await Promise.all(reading)).map(({ publicKey }) => publicKey);
    }

    /** Whoever is on the other side is welcome: a flood of strangers does not end it. */
    keep(connection: Connection): void {
        this.#options.direct.keep(connection);
    }

    /** Nobody is dialled who stands only in profiles about a person, nor removed. @returns ends it */
    hold(person: PersonIdHash): () => void {
        return this.#running?.peers.hold(person) ?? (() => undefined);
    }
}
