import {
    JournalFollower,
    MicrodataError,
    ObjectStoreError,
    type JournalEntry,
    type ObjectTransaction,
    type OneInstance,
} from '@refinio/one.core';
import { AddressBook } from './address-book.ts';
import { profilesIn, takeOver, type TakenOver } from './contact-rules.ts';

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
    const handle = async (objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> => {
        const profiles = await profilesIn(
            objects,
            entries.flatMap(({ records }) => records),
        );
        if (profiles.length === 0) return;
        const book = await AddressBook.read(objects);
        const taken: TakenOver[] = [];
        for (const profile of profiles)
            try {
                taken.push(await takeOver(objects, book, profile));
            } catch (error) {
                // What is broken must not keep out all others; it is looked at again when it has another version.
                if (!(error instanceof MicrodataError || error instanceof ObjectStoreError)) throw error;
                onError(error);
            }
        await book.store(objects);
        objects.transaction.whenDurable(() => onTakenOver(taken));
    };
    return JournalFollower.start({ objects: one.objects, name: 'contacts', handle, onError });
}
