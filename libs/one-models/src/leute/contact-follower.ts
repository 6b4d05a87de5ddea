import {
    GroupRecipe,
    JournalFollower,
    type JournalEntry,
    type ObjectTransaction,
    type OneInstance,
} from '@refinio/one.core';
import type { Profile } from '../recipes/people-recipes.ts';
import { currentAs, type Version } from '../typed-objects.ts';
import { AddressBook } from './address-book.ts';
import { isNewPerson, profilesIn, takeOver, type TakenOver } from './contact-rules.ts';
import type { Introductions } from './introductions.ts';
import { ignoreBroken } from './leute-error.ts';
import { renewCertificates } from './renew-certificates.ts';
import { BLACKLIST_ID } from './well-known.ts';

export interface ContactFollowerOptions {
    readonly one: OneInstance;
    readonly introductions: Introductions;
    /** Told when it is durable; all that was taken over together. */
    readonly onTakenOver: (taken: readonly TakenOver[]) => void;
    /** Told of profiles that cannot be taken over, and of failures after which it is tried again. */
    readonly onError: (error: unknown) => void;
}

/**
 * Takes over every version of a profile, also those that were stored while nobody looked: however an instance ends, no
 * contact is forgotten. Many that arrive together are one version of Leute.
 */
export function followContacts({ one, introductions, onTakenOver, onError }: ContactFollowerOptions): JournalFollower {
    const takeAll = async (
        objects: ObjectTransaction,
        entries: readonly JournalEntry[],
        isOld: boolean,
    ): Promise<void> => {
        const report = (error: unknown): void => {
            // What is broken must not keep out all others; it is looked at again when it has another version.
            ignoreBroken(error);
            onError(error);
        };
        const records = entries.flatMap(each => each.records);
        const profiles = await profilesIn(objects, records, report);
        if (profiles.length === 0) return;
        const book = await AddressBook.read(objects);
        const blocked = new Set((await currentAs(objects, GroupRecipe, BLACKLIST_ID))?.obj.person);
        const mayAdd = async ({ obj: { personId }, idHash }: Version<Profile>): Promise<boolean> => {
            if (blocked.has(personId)) return false;
            // Who was removed comes back with a new version only.
            if (isOld && !(await isNewPerson(objects, personId))) return false;
            return introductions.admit(objects, personId, idHash);
        };
        const steps = Map.groupBy(records, record => (record.kind === 'version' ? record.idHash : undefined));
        const taken: TakenOver[] = [];
        for (const profile of profiles)
            try {
                const each = await takeOver(objects, book, profile, mayAdd);
                if (each !== undefined) taken.push(each);
                await renewCertificates(one, objects, profile, steps.get(profile.idHash)?.length ?? 1);
            } catch (error) {
                report(error);
            }
        await book.store(objects);
        objects.transaction.whenDurable(() => onTakenOver(taken));
    };
    return JournalFollower.start({
        ...{ objects: one.objects, name: 'contacts', onError },
        handle: (objects, entries) => takeAll(objects, entries, false),
        startAnew: (objects, entries) => takeAll(objects, entries, true),
    });
}
