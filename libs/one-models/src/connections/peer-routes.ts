import {
    InstanceRecipe,
    KeysRecipe,
    type Instance,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { ignoreBroken } from '../leute/leute-error.ts';
import type { LeuteModel } from '../leute/leute-model.ts';
import type { OneInstanceEndpoint } from '../recipes/people-recipes.ts';
import { readAs } from '../typed-objects.ts';
import { createOwnKey, type OwnKey } from './own-keys.ts';
import { PeerTable, type PeerEndpoint } from './peer-table.ts';
import { Refresher } from './refresher.ts';
import {
    groupIdOf,
    incomingRouteId,
    outgoingRouteId,
    type IncomingConnectionConfiguration,
} from './routes/route-ids.ts';
import type { RouteManager } from './routes/route-manager.ts';

type PersonIdHash = SHA256IdHash<Person>;

/** Entry for what stands in the profiles about myself. */
const ME = 'me';

export interface PeerRoutesOptions {
    /** At first. */
    readonly incoming: readonly IncomingConnectionConfiguration[];
    readonly incomingGroups: readonly string[];
    readonly outgoingGroups: readonly string[];
    /** Whether a route that is found is enabled. */
    readonly isEnabled: (persons: readonly PersonIdHash[]) => boolean;
    /** Whether catch-all routes that are made for a new key are enabled. */
    readonly isCatchAllEnabled: () => boolean;
    /** Routes were added or removed. */
    readonly onChange: () => void;
    readonly onError: (error: unknown) => void;
}

/**
 * Keeps the routes as the profiles are (spec 53 §3, §4): each own instance has routes to the key of each instance in them. What
 * disappears from all profiles is not dialled any more.
 *
 * 1. Own keys are known before endpoints are looked at: otherwise this device would dial itself.
 * 2. A route that is there is neither enabled nor disabled here.
 */
export class PeerRoutes {
    readonly #one: OneInstance;
    readonly #leute: LeuteModel;
    readonly #routes: RouteManager<OwnKey>;
    readonly #options: PeerRoutesOptions;
    readonly #own = new Map<string, OwnKey>();
    readonly #peers = new PeerTable();
    readonly #refresher: Refresher<string>;
    readonly #ends: (() => void)[] = [];
    readonly #held = new Set<string>();
    readonly #incoming: IncomingConnectionConfiguration[];
    #hasNewIncoming = false;

    constructor(one: OneInstance, leute: LeuteModel, routes: RouteManager<OwnKey>, options: PeerRoutesOptions) {
        this.#one = one;
        this.#leute = leute;
        this.#routes = routes;
        this.#options = options;
        this.#incoming = [...options.incoming];
        this.#refresher = new Refresher({
            refresh: person => this.#refreshPerson(person),
            refreshAll: () => this.#refreshAll(),
            onError: options.onError,
        });
    }

    /** By their keys. */
    get own(): ReadonlyMap<string, OwnKey> {
        return this.#own;
    }

    get peers(): Pick<PeerTable, 'of'> {
        return this.#peers;
    }

    /** Resolves when all routes are there. @throws KeyChainError if the key chain is locked */
    async start(): Promise<void> {
        const { onProfileUpdate, onMeIdentitiesChange, onUpdated } = this.#leute;
        this.#ends.push(
            onProfileUpdate.listen(({ obj }, isMe) => this.#refresher.add(isMe ? ME : obj.personId)),
            onMeIdentitiesChange.listen(() => this.#refresher.add(undefined)),
            onUpdated.listen(({ type }) => {
                if (type === 'contactRemoved' || type === 'contactChanged') this.#refresher.add(undefined);
            }),
        );
        await this.#refresher.first();
    }

    /** Waits until the routes are as the profiles that are stored now. */
    async settled(): Promise<void> {
        await this.#leute.settled();
        await this.#refresher.settled();
    }

    /** One more way in, for everybody who is known. Resolves when the routes are there. */
    async addIncoming(configuration: IncomingConnectionConfiguration): Promise<void> {
        if (!this.#incoming.some(each => isSame(each, configuration))) this.#incoming.push(configuration);
        this.#hasNewIncoming = true;
        this.#refresher.add(undefined);
        await this.#refresher.settled();
    }

    /** What came by it, and by nothing else, ends. */
    async removeIncoming(configuration: IncomingConnectionConfiguration): Promise<void> {
        this.#incoming.splice(0, Infinity, ...this.#incoming.filter(each => !isSame(each, configuration)));
        for (const own of this.#own.values()) await this.#routes.removeIncoming(own, configuration);
    }

    /** Leaves the routes to a person as they are. @returns ends it */
    hold(person: PersonIdHash): () => void {
        this.#held.add(person);
        return () => {
            this.#held.delete(person);
            this.#refresher.add(person);
        };
    }

    async stop(): Promise<void> {
        for (const end of this.#ends.splice(0)) end();
        await this.#refresher.stop();
    }

    /** Wipes the keys; nothing uses them any more. */
    dispose(): void {
        for (const own of this.#own.values()) own[Symbol.dispose]();
        this.#own.clear();
    }

    /** @param local restricts it to the instance of this own person @returns IDs of routes groups */
    groupsOfPerson(remote: PersonIdHash, local?: PersonIdHash): string[] {
        return this.#groupIds(this.#peers.keysOfPerson(remote), local);
    }

    /** @param local as `groupsOfPerson` @returns IDs of routes groups */
    groupsOfInstance(remote: SHA256IdHash<Instance>, local?: PersonIdHash): string[] {
        return this.#groupIds(this.#peers.keysOfInstance(remote), local);
    }

    #groupIds(remoteKeys: readonly string[], local: PersonIdHash | undefined): string[] {
        const keys = new Set(remoteKeys);
        const owns = [...this.#own.values()].filter(({ personId }) => local === undefined || personId === local);
        const { incomingGroups, outgoingGroups } = this.#options;
        return [...keys].flatMap(remoteKey =>
            owns.flatMap(({ key: localKey }) =>
                [...new Set([...incomingGroups, ...outgoingGroups])].map(groupName =>
                    groupIdOf({ localKey, remoteKey, groupName }),
                ),
            ),
        );
    }

    async #refreshAll(): Promise<void> {
        await this.#refreshMe();
        const { endpoints } = this.#leute;
        const gone = new Set(this.#peers.persons);
        gone.delete(ME);
        for await (const [person, found] of endpoints.byPerson()) {
            await this.#set(person, found);
            gone.delete(person);
        }
        for (const person of gone) await this.#set(person, []);
        if (this.#hasNewIncoming) {
            this.#hasNewIncoming = false;
            for (const remoteKey of this.#peers.keys)
                for (const own of this.#own.values()) await this.#apply(own, remoteKey);
        }
        // Who is known has routes by now: nobody is met as a stranger.
        this.#addCatchAlls();
        this.#options.onChange();
    }

    async #refreshPerson(person: string): Promise<void> {
        if (person === ME) {
            await this.#refreshMe();
            this.#addCatchAlls();
        } else await this.#set(person, await this.#leute.endpoints.ofPerson(person as PersonIdHash));
        this.#options.onChange();
    }

    async #refreshMe(): Promise<void> {
        await this.#refreshOwn();
        await this.#set(ME, await this.#leute.endpoints.internetOfMe());
    }

    /** Keys are only added. */
    async #refreshOwn(): Promise<void> {
        for (const local of await this.#leute.endpoints.myLocalInstances()) {
            const own = await createOwnKey(this.#one, local);
            if (this.#own.has(own.key)) {
                own[Symbol.dispose]();
                continue;
            }
            this.#own.set(own.key, own);
            await this.#routes.removeGroupsTo(own.key);
            for (const remoteKey of this.#peers.keys) await this.#apply(own, remoteKey);
        }
    }

    #addCatchAlls(): void {
        for (const own of this.#own.values())
            for (const configuration of this.#incoming)
                if (configuration.catchAll === true) this.#addCatchAll(own, configuration);
    }

    #addCatchAll(own: OwnKey, configuration: IncomingConnectionConfiguration): void {
        if (this.#routes.addCatchAll(own, configuration) && this.#options.isCatchAllEnabled())
            this.#routes.enableCatchAlls();
    }

    async #set(person: string, endpoints: readonly OneInstanceEndpoint[]): Promise<void> {
        if (this.#held.has(person)) return;
        const found: PeerEndpoint[] = [];
        for (const endpoint of endpoints) {
            const { personId, instanceId, url } = endpoint;
            const remoteKey = await this.#keyOf(endpoint).catch(ignoreBroken);
            if (remoteKey === undefined) continue;
            const isPaired = await this.#leute.endpoints.isPaired(endpoint);
            found.push({ personId, instanceId, remoteKey, url, isPaired });
        }
        for (const remoteKey of this.#peers.set(person, found))
            for (const own of this.#own.values()) await this.#apply(own, remoteKey);
    }

    /** Undefined for keys of another instance, or an instance of another person. */
    async #keyOf({ personId, instanceId, instanceKeys }: OneInstanceEndpoint): Promise<string | undefined> {
        const { objects, microdata } = this.#one;
        const { owner, publicKey } = await readAs(objects, KeysRecipe, instanceKeys);
        const instance = microdata.parseIdAs(InstanceRecipe, await objects.text(instanceId));
        const isSound = owner === (instanceId as unknown) && instance.owner === (personId as unknown);
        return isSound ? publicKey.toLowerCase() : undefined;
    }

    /** Makes the routes to a key what they should be. */
    async #apply(own: OwnKey, remoteKey: string): Promise<void> {
        if (this.#own.has(remoteKey)) return;
        const endpoints = this.#peers.of(remoteKey);
        const { incomingGroups, outgoingGroups, isEnabled } = this.#options;
        const isOn = isEnabled(endpoints.map(({ personId }) => personId));
        const urls = [...new Set(endpoints.flatMap(({ url }) => (url === undefined ? [] : [url])))];
        for (const groupName of new Set([...incomingGroups, ...outgoingGroups])) {
            const id = groupIdOf({ localKey: own.key, remoteKey, groupName });
            if (endpoints.length === 0) {
                await this.#routes.removeGroup(id);
                continue;
            }
            const added = [
                ...(outgoingGroups.includes(groupName) ? urls : []).map(url =>
                    this.#routes.addOutgoing(own, remoteKey, groupName, url),
                ),
                ...(incomingGroups.includes(groupName) ? this.#incoming : []).map(each =>
                    this.#routes.addIncoming(own, remoteKey, groupName, each),
                ),
            ];
            const group = this.#routes.group(id);
            if (isOn) for (const routeId of added) if (routeId !== undefined) group?.enable(routeId);
            const wanted = new Set(urls.map(outgoingRouteId));
            for (const route of group?.routes ?? [])
                if (route.direction === 'outgoing' && !wanted.has(route.id)) await group?.remove(route.id);
        }
    }
}

function isSame(a: IncomingConnectionConfiguration, b: IncomingConnectionConfiguration): boolean {
    return incomingRouteId(a, '') === incomingRouteId(b, '');
}
