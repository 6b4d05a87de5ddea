// What becomes of a new version of a profile, written here or received (spec 60 §6.2):
//
//   1. Its person is an identity of me or of a contact; if of nobody, there is a new contact.
//   2. The profile is one of that person's; a default one becomes the main profile of a contact that is shown by
//      another.
//   3. Nothing else makes a contact: no endpoint, no Someone, no Person.
//   4. Doing it again changes nothing.
//   5. However much others send, a person has a bounded number of profiles here. That by which it describes itself, and
//      those by which I do, always count.
import type { JournalRecord, ObjectReader, Person, SHA256Hash, SHA256IdHash } from '@refinio/one.core';
import { ProfileRecipe, type OneInstanceEndpoint, type Profile, type Someone } from '../recipes/people-recipes.ts';
import { MAX_PERSON_PROFILES } from '../limits.ts';
import type { Version } from '../typed-objects.ts';
import { endpointsIn } from './endpoints.ts';
import type { AddressBook } from './address-book.ts';
import { ignoreBroken } from './leute-error.ts';
import { someonesOf, type SomeoneEntry } from './someones-of.ts';
import { profileIdObject, withProfile } from './someones.ts';
import { DEFAULT_PROFILE, ME_ID } from './well-known.ts';

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
 * @param mayAdd asked before a new contact is made
 * @returns undefined for what changes nothing: somebody stays unknown, or has too many profiles
 */
export async function takeOver(
    objects: ObjectReader,
    book: AddressBook,
    profile: Version<Profile>,
    mayAdd: (profile: Version<Profile>) => Promise<boolean> = () => Promise.resolve(true),
): Promise<TakenOver | undefined> {
    const { idHash: id, obj } = profile;
    // First, so that what cannot be read changes nothing.
    const endpoints = await ownEndpointsIn(objects, book, obj);
    const known = await book.someoneOf(obj.personId);
    if (known !== undefined) {
        if (await isTooMuch(known, book, profile)) return undefined;
        book.change(known.idHash, await withKnownProfile(objects, known, book, profile));
    } else if (!(await mayAdd(profile))) return undefined;
    const { idHash: someone } = known ?? (await book.addContact(obj.personId, id));
    return { profile, someone, isMe: someone === ME_ID, isNewContact: known === undefined, endpoints };
}

/** What others write about somebody, or about me, does not say where anybody is reached. */
async function ownEndpointsIn(objects: ObjectReader, book: AddressBook, obj: Profile): Promise<OneInstanceEndpoint[]> {
    const { personId: person, owner } = obj;
    if (owner !== person && !(await book.get(ME_ID)).identities.has(owner)) return [];
    return (await endpointsIn(objects, obj)).filter(({ personId }) => personId === person);
}

/** Nobody had the person as a contact before, and has removed it. */
export async function isNewPerson(objects: ObjectReader, person: SHA256IdHash<Person>): Promise<boolean> {
    for await (const _ of someonesOf(objects, person)) return false;
    return true;
}

/** Whether a profile is one more of a person that has very many. */
async function isTooMuch(
    { someone }: SomeoneEntry,
    book: AddressBook,
    { idHash, obj: { personId, owner, profileId } }: Version<Profile>,
): Promise<boolean> {
    const profiles = someone.identities.get(personId);
    if (profiles === undefined || profiles.size < MAX_PERSON_PROFILES || profiles.has(idHash)) return false;
    if (profileId === DEFAULT_PROFILE && owner === personId) return false;
    return !(await book.get(ME_ID)).identities.has(owner);
}

async function withKnownProfile(
    objects: ObjectReader,
    { idHash, someone }: SomeoneEntry,
    book: AddressBook,
    { idHash: id, obj }: Version<Profile>,
): Promise<Someone> {
    const changed = withProfile(someone, obj.personId, id);
    if (idHash === ME_ID || obj.profileId !== DEFAULT_PROFILE) return changed;
    const main = await profileIdObject(objects, someone.mainProfile).catch(ignoreBroken);
    const own = (await book.get(ME_ID)).identities;
    // How a third person calls a contact shows it only as long as neither the contact nor I say anything.
    const isFrom = (owner: SHA256IdHash<Person>, person: SHA256IdHash<Person>): boolean =>
        owner === person || own.has(owner);
    const isShown = main?.profileId === DEFAULT_PROFILE && isFrom(main.owner, main.personId);
    const isBetter = main?.profileId !== DEFAULT_PROFILE || isFrom(obj.owner, obj.personId);
    return !isShown && isBetter ? { ...changed, mainProfile: id } : changed;
}
