import type { Instance, Person, SHA256IdHash } from '@refinio/one.core';
import { MAX_PERSON_ENDPOINTS } from '../limits.ts';

/** Where and as whom an instance can be reached, as a profile says (spec 53 §4). */
export interface PeerEndpoint {
    readonly personId: SHA256IdHash<Person>;
    readonly instanceId: SHA256IdHash<Instance>;
    /** Of the instance: hexadecimal, lower case. */
    readonly remoteKey: string;
    /** None: it connects to others only. */
    readonly url: string | undefined;
    /** Whether the keys of the instance were exchanged in pairing. */
    readonly isPaired: boolean;
}

/**
 * Peers by their keys. Who writes a profile decides what stands in it: several persons may claim a key, and only the one who has it gets
 * through the handshake, so that nobody can displace somebody else.
 */
export class PeerTable {
    /** By the person that the profiles are about. */
    readonly #byPerson = new Map<string, ReadonlyMap<string, PeerEndpoint>>();
    readonly #byKey = new Map<string, Set<PeerEndpoint>>();

    get keys(): Iterable<string> {
        return this.#byKey.keys();
    }

    get persons(): Iterable<string> {
        return this.#byPerson.keys();
    }

    /** If somebody was paired with a key, nobody else's claims to it count. */
    of(remoteKey: string): readonly PeerEndpoint[] {
        const claims = [...(this.#byKey.get(remoteKey) ?? [])];
        const paired = new Set(claims.filter(({ isPaired }) => isPaired).map(({ personId }) => personId));
        return paired.size === 0 ? claims : claims.filter(({ personId }) => paired.has(personId));
    }

    /** Keys of the instances of a person, but for those that others claim, too. */
    keysOfPerson(person: SHA256IdHash<Person>): string[] {
        return this.#keysWhere(({ personId }) => personId === person);
    }

    keysOfInstance(instance: SHA256IdHash<Instance>): string[] {
        return this.#keysWhere(({ instanceId }) => instanceId === instance);
    }

    /**
     * @param person about whom the profiles are in which the endpoints stand
     * @param endpoints all of them; the first ones count
     * @returns the keys of which something is different
     */
    set(person: string, endpoints: readonly PeerEndpoint[]): string[] {
        const before = this.#byPerson.get(person) ?? new Map<string, PeerEndpoint>();
        const after = new Map<string, PeerEndpoint>();
        for (const endpoint of endpoints) if (after.size < MAX_PERSON_ENDPOINTS) after.set(idOf(endpoint), endpoint);
        const changed = new Set<string>();
        for (const [id, endpoint] of before)
            if (!after.has(id)) {
                this.#remove(endpoint);
                changed.add(endpoint.remoteKey);
            }
        for (const [id, endpoint] of after) {
            const known = before.get(id);
            if (known !== undefined) after.set(id, known);
            else {
                this.#keyed(endpoint.remoteKey).add(endpoint);
                changed.add(endpoint.remoteKey);
            }
        }
        if (after.size === 0) this.#byPerson.delete(person);
        else this.#byPerson.set(person, after);
        return [...changed];
    }

    clear(): void {
        this.#byPerson.clear();
        this.#byKey.clear();
    }

    #keysWhere(matches: (endpoint: PeerEndpoint) => boolean): string[] {
        return [...this.#byKey.keys()].filter(key => this.of(key).every(matches));
    }

    #keyed(remoteKey: string): Set<PeerEndpoint> {
        const claims = this.#byKey.get(remoteKey) ?? new Set();
        this.#byKey.set(remoteKey, claims);
        return claims;
    }

    #remove(endpoint: PeerEndpoint): void {
        const claims = this.#keyed(endpoint.remoteKey);
        claims.delete(endpoint);
        if (claims.size === 0) this.#byKey.delete(endpoint.remoteKey);
    }
}

function idOf({ remoteKey, personId, instanceId, isPaired, url = '' }: PeerEndpoint): string {
    return `${remoteKey} ${personId} ${instanceId} ${isPaired} ${url}`;
}
