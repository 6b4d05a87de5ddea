// What can be done with a Someone (spec 60 §5), without storing anything.
import type { ObjectReader, Person, SHA256IdHash } from '@refinio/one.core';
import { ProfileRecipe, type Profile, type Someone } from '../recipes/people-recipes.ts';
import { LeuteError } from './leute-error.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

type PersonId = SHA256IdHash<Person>;
type ProfileId = SHA256IdHash<Profile>;

export function createSomeone(someoneId: string, person: PersonId, profile: ProfileId): Someone {
    return { $type$: 'Someone', someoneId, mainProfile: profile, identities: new Map([[person, new Set([profile])]]) };
}

/** @throws LeuteError `PERSON_MANAGED` */
export function withIdentity(someone: Someone, person: PersonId): Someone {
    if (someone.identities.has(person))
        throw new LeuteError(
            'PERSON_MANAGED',
            `The person ${person.slice(0, 8)}… is an identity of this someone already`,
        );
    return { ...someone, identities: new Map([...someone.identities, [person, new Set<ProfileId>()]]) };
}

/** The main profile stays what it is. @throws LeuteError `PERSON_NOT_MANAGED` */
export function withoutIdentity(someone: Someone, person: PersonId): Someone {
    profilesOf(someone, person);
    return { ...someone, identities: new Map([...someone.identities].filter(([identity]) => identity !== person)) };
}

/** The same object if the profile is there. @throws LeuteError `PERSON_NOT_MANAGED` */
export function withProfile(someone: Someone, person: PersonId, profile: ProfileId): Someone {
    const profiles = profilesOf(someone, person);
    return profiles.has(profile) ? someone : withProfiles(someone, person, new Set([...profiles, profile]));
}

/** @throws LeuteError `PERSON_NOT_MANAGED` */
export function withoutProfile(someone: Someone, person: PersonId, profile: ProfileId): Someone {
    const profiles = new Set(profilesOf(someone, person));
    profiles.delete(profile);
    return withProfiles(someone, person, profiles);
}

/** The profile becomes the main one, and one of its person. @throws LeuteError `PERSON_NOT_MANAGED` */
export function withMainProfile(someone: Someone, person: PersonId, profile: ProfileId): Someone {
    return { ...withProfile(someone, person, profile), mainProfile: profile };
}

/**
 * The profile by which a person is shown: its own default one, else any default one, else the first.
 * @throws LeuteError `PERSON_NOT_MANAGED`, `PERSON_HAS_NO_PROFILE`
 */
export async function mainProfileOf(objects: ObjectReader, someone: Someone, person: PersonId): Promise<ProfileId> {
    const profiles = [...profilesOf(someone, person)];
    const [first] = profiles;
    if (first === undefined)
        throw new LeuteError('PERSON_HAS_NO_PROFILE', `There is no profile of the person ${person.slice(0, 8)}…`);
    const defaults: ProfileId[] = [];
    for (const id of profiles) {
        const { profileId, owner } = await profileIdObject(objects, id);
        if (profileId !== DEFAULT_PROFILE) continue;
        if (owner === person) return id;
        defaults.push(id);
    }
    return defaults[0] ?? first;
}

/** What a profile is about, and whose it is. @throws ObjectStoreError `SB-READ2`, MicrodataError */
export async function profileIdObject(
    objects: ObjectReader,
    id: ProfileId,
): Promise<Pick<Profile, 'profileId' | 'personId' | 'owner'>> {
    return objects.microdata.parseIdAs(ProfileRecipe, await objects.text(id));
}

function profilesOf(someone: Someone, person: PersonId): ReadonlySet<ProfileId> {
    const profiles = someone.identities.get(person);
    if (profiles === undefined)
        throw new LeuteError('PERSON_NOT_MANAGED', `The person ${person.slice(0, 8)}… is no identity of this someone`);
    return profiles;
}

function withProfiles(someone: Someone, person: PersonId, profiles: ReadonlySet<ProfileId>): Someone {
    // A map is written in the order of its entries: that of the person stays.
    const entries = [...someone.identities].map(
        ([identity, before]) => [identity, identity === person ? profiles : before] as const,
    );
    return { ...someone, identities: new Map(entries) };
}
