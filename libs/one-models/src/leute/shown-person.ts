// How a person is shown (spec 60 §6.4): by which name, with which picture.
import {
    isHash,
    type BLOB,
    type ObjectReader,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import {
    PersonNameRecipe,
    ProfileImageRecipe,
    ProfileRecipe,
    type Profile,
    type Someone,
} from '../recipes/people-recipes.ts';
import { MAX_NAMED_DESCRIPTIONS, MAX_SHOWN_NAME } from '../limits.ts';
import { currentAs } from '../typed-objects.ts';
import { ignoreBroken } from './leute-error.ts';
import { profileIdObject } from './someones.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

type PersonId = SHA256IdHash<Person>;

export interface ShownPerson {
    /** The ID of the person if it has no name; never its e-mail. */
    readonly name: string;
    readonly hasName: boolean;
    /** Hash of the BLOB of the picture, which may not be here. */
    readonly image?: SHA256Hash<BLOB>;
}

/** Who has to be known of. */
export interface ShownBy {
    /** Me: what I call a person counts most. */
    readonly own: ReadonlySet<PersonId>;
    /** To whom the person belongs; undefined for somebody who is in nobody's list. */
    readonly someone: Someone | undefined;
}

const NAME_FRAME = '<div itemscope itemtype="//refin.io/PersonName">';
const IMAGE_FRAME = '<div itemscope itemtype="//refin.io/ProfileImage">';

/** Only default profiles count: first what I call the person, then what it calls itself, then what others do. */
export async function shownPerson(
    objects: ObjectReader,
    person: PersonId,
    { own, someone }: ShownBy,
): Promise<ShownPerson> {
    if (!isHash(person)) return { name: String(person), hasName: false };
    const profiles: { readonly id: SHA256IdHash<Profile>; readonly rank: number }[] = [];
    for (const id of someone?.identities.get(person) ?? []) {
        const profile = await profileIdObject(objects, id).catch(ignoreBroken);
        if (profile?.profileId !== DEFAULT_PROFILE) continue;
        const { owner } = profile;
        profiles.push({ id, rank: own.has(owner) ? 0 : owner === person ? 1 : 2 });
    }
    let name: string | undefined;
    let image: SHA256Hash<BLOB> | undefined;
    for (const { id } of profiles.sort((a, b) => a.rank - b.rank)) {
        const shown = await shownIn(objects, id);
        name ??= shown.name;
        image ??= shown.image;
        if (name !== undefined && image !== undefined) break;
    }
    return {
        ...(name === undefined ? { name: person, hasName: false } : { name, hasName: true }),
        ...(image !== undefined && { image }),
    };
}

/** Without what hides or reverses a text, and not longer than anybody is called. */
function shownName(name: string): string {
    return name
        .slice(0, MAX_SHOWN_NAME)
        .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
        .trim();
}

/** The first ones in the order of microdata; a name that is not empty. */
async function shownIn(
    objects: ObjectReader,
    id: SHA256IdHash<Profile>,
): Promise<{ name?: string; image?: SHA256Hash<BLOB> }> {
    const profile = await currentAs(objects, ProfileRecipe, id).catch(ignoreBroken);
    const shown: { name?: string; image?: SHA256Hash<BLOB> } = {};
    for (const hash of profile?.obj.personDescription.slice(0, MAX_NAMED_DESCRIPTIONS) ?? []) {
        const text = await objects.findText(hash).catch(ignoreBroken);
        if (shown.name === undefined && text?.startsWith(NAME_FRAME) === true) {
            const name = shownName(objects.microdata.parseAs(PersonNameRecipe, text).name);
            if (name !== '') shown.name = name;
        } else if (shown.image === undefined && text?.startsWith(IMAGE_FRAME) === true)
            shown.image = objects.microdata.parseAs(ProfileImageRecipe, text).image;
        if (shown.name !== undefined && shown.image !== undefined) break;
    }
    return shown;
}
