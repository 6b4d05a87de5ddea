// Why a grant exists (DESIGN §1.1, decision 7). The persons of an Access object are the union of the origins of its
// target, so that a policy can take back what it gave without touching what pairing or a person granted.
import type { SHA256Hash, SHA256IdHash } from '@refinio/one.core';

/** Who granted: pairing, a person by hand (imported stores too), or the policy with this ID hash. */
export type GrantReason = 'pairing' | 'manual' | SHA256IdHash;

/** One reason why one person may read one target (the object of an Access or IdAccess). */
export interface GrantOrigin {
    readonly target: SHA256Hash | SHA256IdHash;
    readonly person: SHA256IdHash;
    readonly origin: GrantReason;
}

/** The origins with one more. The same origin twice is one origin; the array is unchanged then. */
export function addOrigin(origins: readonly GrantOrigin[], added: GrantOrigin): readonly GrantOrigin[] {
    return origins.some(origin => isSame(origin, added)) ? origins : [...origins, added];
}

/** The origins without one. Other origins of the same target and person keep the grant alive. */
export function removeOrigin(origins: readonly GrantOrigin[], removed: GrantOrigin): readonly GrantOrigin[] {
    return origins.filter(origin => !isSame(origin, removed));
}

/** The persons that the Access object of a target names: sorted, each once. */
export function personsOf(origins: readonly GrantOrigin[], target: GrantOrigin['target']): readonly SHA256IdHash[] {
    const persons = origins.filter(origin => origin.target === target).map(origin => origin.person);
    return [...new Set(persons)].sort();
}

function isSame(a: GrantOrigin, b: GrantOrigin): boolean {
    return a.target === b.target && a.person === b.person && a.origin === b.origin;
}
