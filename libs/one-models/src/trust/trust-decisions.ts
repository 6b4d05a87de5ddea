import { ensureHash, type ObjectOf, type Person, type SHA256Hash, type SHA256IdHash } from '@refinio/one.core';
import { MAX_KEY_STATEMENTS } from '../limits.ts';
import {
    AffirmationCertificateRecipe,
    RightToDeclareTrustedKeysForEverybodyCertificateRecipe,
    RightToDeclareTrustedKeysForSelfCertificateRecipe,
    SignatureRecipe,
    TrustKeysCertificateRecipe,
    type certificateRecipes,
    type Signature,
} from '../recipes/trust-recipes.ts';
import { findObject } from './find-object.ts';
import { Memo } from './memo.ts';
import { readOwnDevices, type OwnDeviceState } from './own-devices.ts';
import { acceptedOwners, allRevocations, ownRevocations, type Revocations } from './revocations.ts';
import { verifies } from './signatures.ts';
import type { TrustFacts } from './trust-facts.ts';
import {
    collectTrust,
    nodeName,
    trustRanks,
    type KeyCertificate,
    type KeyFacts,
    type TrustGraph,
    type TrustNode,
    type Vouch,
} from './trust-graph.ts';

/** Root keys of the main identity, or of all own ones (spec 32-C.2). */
export type RootKeyMode = 'MainId' | 'All';

/** What a person may do by certificates (spec 32-C.3). */
export interface Rights {
    /** Make keys in any profile trusted by `TrustKeysCertificate`. */
    readonly everybody: boolean;
    /** Make keys in own profiles trusted by `AffirmationCertificate`. */
    readonly self: boolean;
}

/** Why a key is trusted, or not. */
export interface KeyTrustInfo {
    /** 64 lower case hexadecimal digits. */
    readonly key: string;
    readonly trusted: boolean;
    /** For people; empty when certificates made it trusted. */
    readonly reason: string;
    /**
     * At first all certificates that count, whose keys would be trusted without this one, too. Below it, each time, the
     * one by which a root key is nearest: so the whole never becomes large, however many ways there are.
     */
    readonly certificates: readonly { readonly certificate: KeyCertificate; readonly keyTrustInfo: KeyTrustInfo }[];
}

export const trustReasons = {
    root: 'a key of this device',
    revoked: 'the key was revoked with its device',
    unknown: 'no profile of a known person contains the key',
    none: 'no certificate by somebody who may issue it, with a trusted key, is on a profile with the key',
    limited: 'more profiles, keys, certificates or revocations would have to be looked at than is done',
} as const;

const vouching = [TrustKeysCertificateRecipe, AffirmationCertificateRecipe] as const;
const granting = [
    ['everybody', RightToDeclareTrustedKeysForEverybodyCertificateRecipe],
    ['self', RightToDeclareTrustedKeysForSelfCertificateRecipe],
] as const;

interface Statement<C> {
    readonly certificate: C;
    readonly certificateHash: SHA256Hash<C>;
    readonly signature: Signature;
    readonly signatureHash: SHA256Hash<Signature>;
}

type PersonId = SHA256IdHash<Person>;
type Decided = Pick<KeyTrustInfo, 'trusted' | 'reason'> & { readonly graph: TrustGraph };

/** Counts what is read, up to a bound. */
class Reading {
    cost = 0;

    get limited(): boolean {
        return this.cost > MAX_KEY_STATEMENTS;
    }

    /** @returns whether another one may be read */
    another(): boolean {
        this.cost++;
        return !this.limited;
    }
}

/**
 * The rules of spec 32-C.2–C.4 over what was read. Nothing in it is ever corrected: after news, another one is made.
 */
export class TrustDecisions {
    readonly facts: TrustFacts;
    readonly #ownRevocations = new Memo<Revocations>();
    readonly #revocations = new Memo<Revocations>();
    readonly #rights = new Memo<Rights>();
    readonly #vouches = new Memo<KeyFacts>();
    readonly #beforeOthers = new Memo<Decided>();
    readonly #decided = new Memo<Decided>();
    readonly #explained = new Memo<KeyTrustInfo>();
    readonly #acceptedOwners = new Memo<readonly PersonId[]>();
    readonly #ownDevices = new Memo<readonly OwnDeviceState[]>();

    constructor(facts: TrustFacts) {
        this.facts = facts;
    }

    /** Number of what it remembers. */
    get size(): number {
        return this.facts.size + this.#rights.size + this.#vouches.size + this.#decided.size + this.#explained.size;
    }

    async rootKeys(mode: RootKeyMode): Promise<string[]> {
        const persons = mode === 'All' ? await this.facts.ownIdentities() : [await this.facts.mainIdentity()];
        const { keys: revoked } = await this.#revokedByOwn();
        const keys = new Set<string>();
        for (const person of persons)
            for (const key of await this.facts.rootKeys(person)) if (!revoked.has(key)) keys.add(key);
        return [...keys];
    }

    async isSignedByRootKey(signature: Signature, mode: RootKeyMode): Promise<boolean> {
        if (signature.issuer !== (await this.facts.mainIdentity())) return false;
        return (await this.rootKeys(mode)).some(key => verifies(signature, key));
    }

    rightsOf(person: PersonId): Promise<Rights> {
        return this.#rights.get(person, () => this.#readRights(person));
    }

    revocations(): Promise<Revocations> {
        return this.#revocations.get('', async () =>
            allRevocations(
                this.facts,
                await this.#revokedByOwn(),
                async node => (await this.#beforeOther(node)).trusted,
            ),
        );
    }

    /** Owners that this device has accepted itself. */
    acceptedOwners(): Promise<readonly PersonId[]> {
        return this.#acceptedOwners.get('', async () => {
            const { found } = await acceptedOwners(this.facts, node => this.isTrusted(node));
            return [...new Set(found)];
        });
    }

    ownDevices(owner: PersonId): Promise<readonly OwnDeviceState[]> {
        return this.#ownDevices.get(owner, async () =>
            readOwnDevices(this.facts, owner, await this.revocations(), node => this.isTrusted(node)),
        );
    }

    async isTrusted(node: TrustNode): Promise<boolean> {
        return (await this.#decide(node)).trusted;
    }

    explain(node: TrustNode): Promise<KeyTrustInfo> {
        return this.#explained.get(nodeName(node), async () => explanation(node, await this.#decide(node)));
    }

    /** Whose key a key may be: own identities that have it here, and known persons in whose profiles it stands. */
    async personsOf(key: string): Promise<PersonId[]> {
        const persons = new Set<PersonId>();
        for (const own of await this.facts.ownIdentities())
            if ((await this.facts.rootKeys(own)).includes(key)) persons.add(own);
        for (const person of await this.facts.personsOf(key)) persons.add(person);
        return [...persons];
    }

    #revokedByOwn(): Promise<Revocations> {
        return this.#ownRevocations.get('', () => ownRevocations(this.facts));
    }

    #decide(node: TrustNode): Promise<Decided> {
        return this.#decided.get(nodeName(node), async () => this.#decideAfter(await this.revocations(), node));
    }

    /** By which the revocations of others are believed. */
    #beforeOther(node: TrustNode): Promise<Decided> {
        return this.#beforeOthers.get(nodeName(node), async () => this.#decideAfter(await this.#revokedByOwn(), node));
    }

    async #decideAfter(revocations: Revocations, node: TrustNode): Promise<Decided> {
        const graph = await collectTrust(node, each => this.#factsOf(each, revocations));
        const trusted = trustRanks(graph).has(nodeName(node));
        const kind = graph.keys.get(nodeName(node))?.kind;
        return { graph, trusted, reason: reasonOf(kind, trusted, graph.limited) };
    }

    async #factsOf(node: TrustNode, revocations: Revocations): Promise<KeyFacts> {
        if (revocations.keys.has(node.key)) return { kind: 'revoked', ...nothing };
        if ((await this.facts.ownIdentities()).has(node.person))
            if ((await this.facts.rootKeys(node.person)).includes(node.key)) return { kind: 'root', ...nothing };
        if (revocations.limited) return { kind: 'key', ...nothing, limited: true };
        return this.#vouches.get(nodeName(node), () => this.#readVouches(node));
    }

    async #readVouches({ person, key }: TrustNode): Promise<KeyFacts> {
        const versions = await this.facts.versionsWith(person, key);
        const reading = new Reading();
        const vouches: Vouch[] = [];
        let { limited } = versions;
        const kind = versions.found.length > 0 ? 'key' : 'unknown';
        for (const version of versions.found) {
            for (const recipe of vouching)
                for await (const statement of this.#statements(version, recipe, reading)) {
                    const { certificate, signature } = statement;
                    const { issuer } = signature;
                    if (targetOf(certificate) !== version || !(await this.#mayVouch(certificate, issuer, person)))
                        continue;
                    const by = await this.facts.keyOf(signature);
                    if (by !== undefined) vouches.push({ certificate: statement, by: { person: issuer, key: by } });
                    else limited ||= (await this.facts.keysOf(issuer)).limited;
                }
        }
        return { kind, vouches, cost: reading.cost, limited: limited || reading.limited };
    }

    /**
     * Whether the issuer has the right that a certificate of this type needs. With the right for oneself others than me
     * can only vouch for themselves: deployed instances let them vouch for everybody (spec 32-C.5 #3).
     */
    async #mayVouch(certificate: KeyCertificate['certificate'], issuer: PersonId, person: PersonId): Promise<boolean> {
        if (!(await this.facts.isKnown(issuer))) return false;
        if (certificate.$type$ === 'TrustKeysCertificate') return (await this.rightsOf(issuer)).everybody;
        if (issuer !== person && !(await this.facts.ownIdentities()).has(issuer)) return false;
        return (await this.rightsOf(issuer)).self;
    }

    async #readRights(person: PersonId): Promise<Rights> {
        const rights = { everybody: false, self: false };
        for (const [right, recipe] of granting)
            for await (const { certificate, signature } of this.#statements(person, recipe, new Reading()))
                if (certificate.beneficiary === person && (await this.isSignedByRootKey(signature, 'MainId'))) {
                    rights[right] = true;
                    break;
                }
        return rights;
    }

    /** The certificates of a type that link to a target, with each of their signatures, in the order of storing. */
    async *#statements<const R extends (typeof certificateRecipes)[number]>(
        target: string,
        recipe: R,
        reading: Reading,
    ): AsyncGenerator<Statement<ObjectOf<R>>> {
        const { objects } = this.facts.sources;
        for (const certificateHash of await this.facts.entries(target, recipe.name)) {
            if (!reading.another()) return;
            const certificate = await findObject(objects, recipe, certificateHash);
            if (certificate === undefined) continue;
            for (const signatureHash of await this.facts.entries(certificateHash, 'Signature')) {
                if (!reading.another()) return;
                const signature = await findObject(objects, SignatureRecipe, signatureHash);
                if (signature === undefined || signature.data !== (certificateHash as unknown)) continue;
                yield {
                    ...{ certificate, certificateHash: ensureHash(certificateHash) },
                    ...{ signature, signatureHash: ensureHash(signatureHash) },
                };
            }
        }
    }
}

const nothing = { vouches: [], cost: 0, limited: false } as const;

/** The version of a profile that a certificate is about. A certificate links to its license, too. */
function targetOf(certificate: KeyCertificate['certificate']): string {
    return certificate.$type$ === 'TrustKeysCertificate' ? certificate.profile : certificate.data;
}

function reasonOf(kind: KeyFacts['kind'] | undefined, trusted: boolean, limited: boolean): string {
    if (kind === 'root') return trustReasons.root;
    if (trusted) return '';
    if (kind === 'revoked') return trustReasons.revoked;
    if (limited) return trustReasons.limited;
    return kind === 'unknown' ? trustReasons.unknown : trustReasons.none;
}

function explanation(node: TrustNode, { graph, trusted, reason }: Decided): KeyTrustInfo {
    const ranks = trustRanks(graph, node);
    const vouches = trusted ? (graph.keys.get(nodeName(node))?.vouches ?? []) : [];
    const certificates = vouches
        .filter(({ by }) => ranks.has(nodeName(by)))
        .map(({ certificate, by }) => ({ certificate, keyTrustInfo: shortestWay(graph, ranks, by) }));
    return { key: node.key, trusted, reason, certificates };
}

/** Why a trusted key is trusted, by one certificate at each step to a root key. */
function shortestWay(graph: TrustGraph, ranks: ReadonlyMap<string, number>, from: TrustNode): KeyTrustInfo {
    const way: Vouch[] = [];
    const rankOf = (node: TrustNode): number => ranks.get(nodeName(node)) ?? Infinity;
    for (let node = from; rankOf(node) > 0;) {
        const next = graph.keys.get(nodeName(node))?.vouches.find(({ by }) => rankOf(by) < rankOf(node));
        if (next === undefined) break;
        way.push(next);
        node = next.by;
    }
    const root = way.at(-1)?.by ?? from;
    let info: KeyTrustInfo = { key: root.key, trusted: true, reason: trustReasons.root, certificates: [] };
    for (let i = way.length - 1; i >= 0; i--) {
        const [vouch, key] = [way[i], (way[i - 1]?.by ?? from).key];
        if (vouch !== undefined)
            info = {
                ...{ key, trusted: true, reason: '' },
                certificates: [{ certificate: vouch.certificate, keyTrustInfo: info }],
            };
    }
    return info;
}
