// What a person is called (spec 60 §6.4).
import { isHash, type ObjectStore, type Person, type SHA256IdHash } from '@refinio/one.core';
import { PersonNameRecipe, ProfileRecipe, type Profile } from '../recipes/people-recipes.ts';
import { MAX_NAMED_DESCRIPTIONS, MAX_SHOWN_NAME } from '../limits.ts';
import { currentAs } from '../typed-objects.ts';
import { ignoreBroken } from './leute-error.ts';
import type { People } from './people.ts';
import { profileIdObject } from './someones.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

const PERSON_NAME_FRAME = '<div itemscope itemtype="//refin.io/PersonName">';

/**
 * Only default profiles count: first what I call the person, then what it calls itself, then what others do. Without any name it is the
 * ID of the person; never its e-mail.
 */
export async function displayName(objects: ObjectStore, people: People, person: SHA256IdHash<Person>): Promise<string> {
    if (!isHash(person)) return String(person);
    const own = await people.ownIdentities();
    const profiles: { readonly id: SHA256IdHash<Profile>; readonly rank: number }[] = [];
    for (const id of await people.profilesOf(person)) {
        const profile = await profileIdObject(objects, id).catch(ignoreBroken);
        if (profile?.profileId !== DEFAULT_PROFILE) continue;
        const { owner } = profile;
        profiles.push({ id, rank: own.has(owner) ? 0 : owner === person ? 1 : 2 });
    }
    for (const { id } of profiles.sort((a, b) => a.rank - b.rank)) {
        const name = await nameIn(objects, id);
        if (name !== undefined) return name;
    }
    return person;
}

/** Without what hides or reverses a text, and not longer than anybody is called. */
function shownName(name: string): string {
    return name
        .slice(0, MAX_SHOWN_NAME)
        .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
        .trim();
}

/** The first one in the order of microdata that is not empty. */
async function nameIn(objects: ObjectStore, id: SHA256IdHash<Profile>): Promise<string | undefined> {
    const profile = await currentAs(objects, ProfileRecipe, id).catch(ignoreBroken);
    for (const hash of profile?.obj.personDescription.slice(0, MAX_NAMED_DESCRIPTIONS) ?? []) {
        const text = await objects.findText(hash);
        if (text?.startsWith(PERSON_NAME_FRAME) !== true) continue;
        const name = shownName(objects.microdata.parseAs(PersonNameRecipe, text).name);
        if (name !== '') return name;
    }
    return undefined;
}
