// What becomes of a new version of a profile, written here or received (spec 60 §6.2):
//
//   1. Its person is an identity of me or of a contact; if of nobody, there is a new contact.
//   2. The profile is one of that person's; a default one becomes the main profile of a contact that is shown by another.
//   3. Nothing else makes a contact: no endpoint, no Someone, no Person.
//   4. Doing it again changes nothing.
import type { JournalRecord, ObjectReader, SHA256Hash, SHA256IdHash } from '@refinio/one.core';
import {
    OneInstanceEndpointRecipe,
    ProfileRecipe,
    type OneInstanceEndpoint,
    type Profile,
    type Someone,
} from '../recipes/people-recipes.ts';
import type { Version } from '../typed-objects.ts';
import { ENDPOINT_FRAME } from './endpoints.ts';
import type { AddressBook, SomeoneEntry } from './address-book.ts';
import { profileIdObject, withProfile } from './someones.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

const PROFILE_FRAME = '<div itemscope itemtype="//refin.io/Profile">';

/** A version that was taken over. */
export interface TakenOver {
    readonly profile: Version<Profile>;
    readonly someone: SHA256IdHash<Someone>;
    readonly isMe: boolean;
    readonly isNewContact: boolean;
    readonly endpoints: readonly {
        readonly endpoint: OneInstanceEndpoint;
        readonly hash: SHA256Hash<OneInstanceEndpoint>;
    }[];
}

/** The current versions of profiles that records tell of, each once. */
export async function profilesIn(
    objects: ObjectReader,
    records: readonly JournalRecord[],
): Promise<Version<Profile>[]> {
    const last = new Map<string, string>();
    for (const record of records) if (record.kind === 'version') last.set(record.idHash, record.hash);
    const profiles: Version<Profile>[] = [];
    for (const [idHash, hash] of last) {
        // Nearly all versions are something else: that is seen without parsing them.
        const text = await objects.findText(hash);
        if (text?.startsWith(PROFILE_FRAME) !== true) continue;
        const obj = objects.microdata.parseAs(ProfileRecipe, text);
        profiles.push({ obj, hash: hash as SHA256Hash<Profile>, idHash: idHash as SHA256IdHash<Profile> });
    }
    return profiles;
}

/** The caller stores the address book. */
export async function takeOver(
    objects: ObjectReader,
    book: AddressBook,
    profile: Version<Profile>,
): Promise<TakenOver> {
    const { idHash: id, obj } = profile;
    const known = await book.someoneOf(obj.personId);
    const { idHash: someone } = known ?? (await book.addContact(obj.personId, id));
    if (known !== undefined) book.change(someone, await withKnownProfile(objects, known, book.me, profile));
    const endpoints: { endpoint: OneInstanceEndpoint; hash: SHA256Hash<OneInstanceEndpoint> }[] = [];
    for (const hash of obj.communicationEndpoint) {
        const text = await objects.text(hash);
        if (!text.startsWith(ENDPOINT_FRAME)) continue;
        const endpoint = objects.microdata.parseAs(OneInstanceEndpointRecipe, text);
        endpoints.push({ endpoint, hash: hash as string as SHA256Hash<OneInstanceEndpoint> });
    }
    return { profile, someone, isMe: someone === book.me, isNewContact: known === undefined, endpoints };
}

async function withKnownProfile(
    objects: ObjectReader,
    { idHash, someone }: SomeoneEntry,
    me: SHA256IdHash<Someone>,
    { idHash: id, obj }: Version<Profile>,
): Promise<Someone> {
    const changed = withProfile(someone, obj.personId, id);
    if (idHash === me || obj.profileId !== DEFAULT_PROFILE) return changed;
    const main = await profileIdObject(objects, someone.mainProfile);
    return main.profileId === DEFAULT_PROFILE ? changed : { ...changed, mainProfile: id };
}
