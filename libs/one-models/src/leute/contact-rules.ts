// What becomes of a new version of a profile, written here or received (spec 60 §6.2):
//
//   1. Its person is an identity of me or of a contact; if of nobody, there is a new contact.
//   2. The profile is one of that person's; a default one becomes the main profile of a contact that is shown by another.
//   3. Nothing else makes a contact: no endpoint, no Someone, no Person.
//   4. Doing it again changes nothing.
import type { JournalRecord, ObjectReader, Person, SHA256Hash, SHA256IdHash } from '@refinio/one.core';
import { ProfileRecipe, type OneInstanceEndpoint, type Profile, type Someone } from '../recipes/people-recipes.ts';
import type { Version } from '../typed-objects.ts';
import { endpointsIn } from './endpoints.ts';
import type { AddressBook, SomeoneEntry } from './address-book.ts';
import { ignoreBroken } from './leute-error.ts';
import { someonesOf } from './someones-of.ts';
import { profileIdObject, withProfile } from './someones.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

const PROFILE_FRAME = '<div itemscope itemtype="//refin.io/Profile">';

/** A version that was taken over. */
export interface TakenOver {
    readonly profile: Version<Profile>;
    readonly someone: SHA256IdHash<Someone>;
    readonly isMe: boolean;
    readonly isNewContact: boolean;
    readonly endpoints: readonly OneInstanceEndpoint[];
}

/** The current versions of profiles that records tell of, each once. @param report told of those that cannot be read */
export async function profilesIn(
    objects: ObjectReader,
    records: readonly JournalRecord[],
    report: (error: unknown) => void,
): Promise<Version<Profile>[]> {
    const last = new Map<string, string>();
    for (const record of records) if (record.kind === 'version') last.set(record.idHash, record.hash);
    const profiles: Version<Profile>[] = [];
    for (const [idHash, hash] of last) {
        try {
            // Nearly all versions are something else: that is seen without parsing them.
            const text = await objects.findText(hash);
            if (text?.startsWith(PROFILE_FRAME) !== true) continue;
            const obj = objects.microdata.parseAs(ProfileRecipe, text);
            profiles.push({ obj, hash: hash as SHA256Hash<Profile>, idHash: idHash as SHA256IdHash<Profile> });
        } catch (error) {
            report(error);
        }
    }
    return profiles;
}

/**
 * The caller stores the address book.
 * @param isOld the version may be one of before: who was a contact, and was removed, does not come back by it
 * @returns undefined for somebody who stays removed
 */
export async function takeOver(
    objects: ObjectReader,
    book: AddressBook,
    profile: Version<Profile>,
    isOld = false,
): Promise<TakenOver | undefined> {
    const { idHash: id, obj } = profile;
    // First, so that what cannot be read changes nothing.
    const endpoints = await endpointsIn(objects, obj);
    const known = await book.someoneOf(obj.personId);
    if (known !== undefined) book.change(known.idHash, await withKnownProfile(objects, known, book, profile));
    else if (isOld && !(await isNewPerson(objects, obj.personId))) return undefined;
    const { idHash: someone } = known ?? (await book.addContact(obj.personId, id));
    return { profile, someone, isMe: someone === book.me, isNewContact: known === undefined, endpoints };
}

/** Nobody had the person as a contact before, and has removed it. */
async function isNewPerson(objects: ObjectReader, person: SHA256IdHash<Person>): Promise<boolean> {
    for await (const _ of someonesOf(objects, person)) return false;
    return true;
}

async function withKnownProfile(
    objects: ObjectReader,
    { idHash, someone }: SomeoneEntry,
    book: AddressBook,
    { idHash: id, obj }: Version<Profile>,
): Promise<Someone> {
    const changed = withProfile(someone, obj.personId, id);
    if (idHash === book.me || obj.profileId !== DEFAULT_PROFILE) return changed;
    const main = await profileIdObject(objects, someone.mainProfile).catch(ignoreBroken);
    const own = (await book.get(book.me)).identities;
    // How a third person calls a contact shows it only as long as neither the contact nor I say anything.
    const isFrom = (owner: SHA256IdHash<Person>, person: SHA256IdHash<Person>): boolean =>
        owner === person || own.has(owner);
    const isShown = main?.profileId === DEFAULT_PROFILE && isFrom(main.owner, main.personId);
    const isBetter = main?.profileId !== DEFAULT_PROFILE || isFrom(obj.owner, obj.personId);
    return !isShown && isBetter ? { ...changed, mainProfile: id } : changed;
}
