// Which versions of peers are taken over (spec 60 §9.1). Deployed instances take over all of them; then one version of `Someone{me}`
// makes another person of me, and everybody writes my profiles.
//
//   Leute, Someone, GroupProfile    from nobody: they are the local bookkeeping of their instance
//   Profile                         from its owner, and from my own devices; from others only what is not here yet, or what is not
//                                   owned by me
//   everything else                 as its own rules say
import type { IncomingVersion, ObjectReader, Person, SHA256IdHash } from '@refinio/one.core';
import { currentAs } from '../typed-objects.ts';
import { ProfileRecipe } from '../recipes/people-recipes.ts';

const LOCAL_TYPES = new Set(['Leute', 'Someone', 'GroupProfile']);

export interface Owners {
    /** Whether a person is me, or one of my devices. */
    isMine(person: SHA256IdHash<Person>): Promise<boolean>;
}

export async function acceptsVersion(
    objects: ObjectReader,
    owners: Owners,
    { obj, idHash, from }: IncomingVersion,
): Promise<boolean> {
    if (LOCAL_TYPES.has(obj.$type$)) return false;
    if (obj.$type$ !== 'Profile') return true;
    const owner = obj['owner'] as SHA256IdHash<Person>;
    const sender = from as SHA256IdHash<Person>;
    if (owner === sender || (await owners.isMine(sender))) return true;
    // A contact may be passed on, once; what its owner says later counts more than what is passed on.
    return !(await owners.isMine(owner)) && (await currentAs(objects, ProfileRecipe, idHash)) === undefined;
}
