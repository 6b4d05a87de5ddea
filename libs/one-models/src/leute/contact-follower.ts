import { JournalFollower, type JournalEntry, type ObjectTransaction, type OneInstance } from '@refinio/one.core';
import { AddressBook } from './address-book.ts';
import { profilesIn, takeOver, type TakenOver } from './contact-rules.ts';
import { ignoreBroken } from './leute-error.ts';

export interface ContactFollowerOptions {
    readonly one: OneInstance;
    /** Told when it is durable; all that was taken over together. */
    readonly onTakenOver: (taken: readonly TakenOver[]) => void;
    /** Told of profiles that cannot be taken over, and of failures after which it is tried again. */
    readonly onError: (error: unknown) => void;
}

/**
 * Takes over every version of a profile, also those that were stored while nobody looked: however an instance ends, no contact is
 * forgotten. Many that arrive together are one version of Leute.
 */
export function followContacts({ one, onTakenOver, onError }: ContactFollowerOptions): JournalFollower {
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
        const taken: TakenOver[] = [];
        for (const profile of profiles)
            try {
                const each = await takeOver(objects, book, profile, isOld);
                if (each !== undefined) taken.push(each);
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
