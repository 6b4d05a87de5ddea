// What a person is called (spec 60 §6.4).
import type { ObjectStore, Person, SHA256IdHash } from '@refinio/one.core';
import { PersonNameRecipe, ProfileRecipe, type Profile } from '../recipes/people-recipes.ts';
import { currentAs } from '../typed-objects.ts';
import type { People } from './people.ts';
import { profileIdObject } from './someones.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

const PERSON_NAME_FRAME = '<div itemscope itemtype="//refin.io/PersonName">';

/**
 * Only default profiles count: first what I call the person, then what it calls itself, then what others do. Without any name it is the
 * ID of the person; never its e-mail.
 */
export async function displayName(objects: ObjectStore, people: People, person: SHA256IdHash<Person>): Promise<string> {
    const own = await people.ownIdentities();
    const profiles: { readonly id: SHA256IdHash<Profile>; readonly rank: number }[] = [];
    for (const id of await people.profilesOf(person)) {
        const { profileId, owner } = await profileIdObject(objects, id);
        if (profileId !== DEFAULT_PROFILE) continue;
        profiles.push({ id, rank: own.has(owner) ? 0 : owner === person ? 1 : 2 });
    }
    for (const { id } of profiles.sort((a, b) => a.rank - b.rank)) {
        const name = await nameIn(objects, id);
        if (name !== undefined) return name;
    }
    return person;
}

/** The first one in the order of microdata. */
async function nameIn(objects: ObjectStore, id: SHA256IdHash<Profile>): Promise<string | undefined> {
    const profile = await currentAs(objects, ProfileRecipe, id);
    for (const hash of profile?.obj.personDescription ?? []) {
        const text = await objects.findText(hash);
        if (text?.startsWith(PERSON_NAME_FRAME) === true) return objects.microdata.parseAs(PersonNameRecipe, text).name;
    }
    return undefined;
}
