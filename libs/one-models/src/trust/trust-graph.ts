// Who is trusted because of whom (spec 32-C.4), once everything that matters is at hand.
//
// The rule of the specification walks from a key to the keys that vouch for it, and so on, and never comes back to a
// key on its own way. What it finds trusted is what can be reached from root keys along certificates: a shortest way
// never visits a key twice. So each key is looked at once, however many ways lead to it, and loops need no care.
import type { Person, SHA256Hash, SHA256IdHash } from '@refinio/one.core';
import { MAX_TRUST_KEYS, MAX_TRUST_STATEMENTS } from '../limits.ts';
import type { AffirmationCertificate, Signature, TrustKeysCertificate } from '../recipes/trust-recipes.ts';

/** A key as one of a person. What makes it trusted as a key of one person says nothing of another one. */
export interface TrustNode {
    readonly person: SHA256IdHash<Person>;
    /** 64 lower case hexadecimal digits. */
    readonly key: string;
}

/** A certificate on a version of a profile, with one of its signatures. */
export interface KeyCertificate {
    readonly certificate: TrustKeysCertificate | AffirmationCertificate;
    readonly certificateHash: SHA256Hash<TrustKeysCertificate | AffirmationCertificate>;
    readonly signature: Signature;
    readonly signatureHash: SHA256Hash<Signature>;
}

/** A certificate counts if the key that signed it is trusted. */
export interface Vouch {
    readonly certificate: KeyCertificate;
    readonly by: TrustNode;
}

/** What is known of a key by itself. */
export interface KeyFacts {
    readonly kind: 'root' | 'revoked' | 'unknown' | 'key';
    readonly vouches: readonly Vouch[];
    /** Certificates and signatures that were read for it. */
    readonly cost: number;
    /** Not all were read. */
    readonly limited: boolean;
}

/** Everything on which the trust of the first key rests. */
export interface TrustGraph {
    readonly keys: ReadonlyMap<string, KeyFacts>;
    /** There is more than was looked at: untrusted may be wrong, trusted is not. */
    readonly limited: boolean;
}

export interface TrustGraphLimits {
    readonly maxKeys: number;
    readonly maxStatements: number;
}

const LIMITS: TrustGraphLimits = { maxKeys: MAX_TRUST_KEYS, maxStatements: MAX_TRUST_STATEMENTS };

export function nodeName({ person, key }: TrustNode): string {
    return `${person}.${key}`;
}

/** Asks for the facts of a key and of all that vouch for it, each once. */
export async function collectTrust(
    start: TrustNode,
    factsOf: (node: TrustNode) => Promise<KeyFacts>,
    { maxKeys, maxStatements }: TrustGraphLimits = LIMITS,
): Promise<TrustGraph> {
    const keys = new Map<string, KeyFacts>();
    const met = new Set([nodeName(start)]);
    // Breadth first: what is nearest is looked at before a bound is reached.
    const queue = [start];
    let statements = 0;
    let limited = false;
    for (const node of queue) {
        if (keys.size >= maxKeys || statements > maxStatements) return { keys, limited: true };
        const facts = await factsOf(node);
        keys.set(nodeName(node), facts);
        statements += facts.cost;
        limited ||= facts.limited;
        for (const { by } of facts.vouches) {
            if (met.has(nodeName(by))) continue;
            met.add(nodeName(by));
            queue.push(by);
        }
    }
    return { keys, limited };
}

/**
 * Number of certificates between each trusted key and a root key; keys without one are not trusted.
 * @param without a key that is left out, so that nothing is trusted because of it
 */
export function trustRanks({ keys }: TrustGraph, without?: TrustNode): ReadonlyMap<string, number> {
    const omitted = without && nodeName(without);
    const vouchedBy = new Map<string, string[]>();
    const ranks = new Map<string, number>();
    for (const [name, { kind, vouches }] of keys) {
        if (name === omitted) continue;
        if (kind === 'root') ranks.set(name, 0);
        for (const { by } of vouches) {
            const names = vouchedBy.get(nodeName(by)) ?? [];
            names.push(name);
            vouchedBy.set(nodeName(by), names);
        }
    }
    // Entries that are added are visited, too.
    for (const [name, rank] of ranks)
        for (const vouched of vouchedBy.get(name) ?? []) if (!ranks.has(vouched)) ranks.set(vouched, rank + 1);
    return ranks;
}
