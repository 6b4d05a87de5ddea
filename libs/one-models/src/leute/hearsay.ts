// What is only told by others. It is taken over for want of better, and does not count any more when the person was
// met, or has said something itself.
import { shownBy, type ObjectReader, type ObjectTransaction, type Person, type SHA256IdHash } from '@refinio/one.core';
import type { Profile } from '../recipes/people-recipes.ts';
import { newestVersions } from '../trust/newest-versions.ts';

type PersonId = SHA256IdHash<Person>;

export interface Owners {
    /** Whether a person is me, or one of my devices. */
    isMine(person: PersonId): Promise<boolean>;
}

/**
 * Whether others than its owner, me and my devices have sent all that is here of a profile; also if nothing is. The
 * newest versions say it: once they are not by others, nothing of others follows.
 */
export async function isHearsay(
    objects: ObjectReader,
    owners: Owners,
    owner: PersonId,
    profile: SHA256IdHash<Profile>,
): Promise<boolean> {
    for (const version of await newestVersions(objects, profile)) {
        const senders = (await shownBy(objects.reader, version)) as readonly PersonId[];
        // What nobody has sent was written here.
        if (senders.length === 0 || senders.includes(owner)) return false;
        for (const sender of senders) if (await owners.isMine(sender)) return false;
    }
    return true;
}

/**
 * I have met a person, as pairing does it:
 *
 *   state/met.<person>    present
 */
export function noteMet({ transaction }: ObjectTransaction, person: PersonId): void {
    transaction.put('state', metKey(person), Uint8Array.of(1));
}

/** Not of persons whom another software has stored as contacts. */
export async function wasMet({ reader }: ObjectReader, person: PersonId): Promise<boolean> {
    return (await reader.get('state', metKey(person))) !== undefined;
}

function metKey(person: PersonId): string {
    return `met.${person}`;
}
