import type { ObjectReader, ObjectTransaction, OneInstance, Person, SHA256IdHash } from '@refinio/one.core';
import {
    SomeoneRecipe,
    type CommunicationEndpoint,
    type PersonDescription,
    type Profile,
    type Someone,
} from '../recipes/people-recipes.ts';
import { currentAs, storeChange } from '../typed-objects.ts';
import { AddressBook } from './address-book.ts';
import { keepBlocked } from './blocking.ts';
import { LeuteError } from './leute-error.ts';
import { ME_ID } from './well-known.ts';
import { createProfileIn, ProfileModel, type ProfileId } from './profile-model.ts';
import {
    mainProfileOf,
    profileIdObject,
    withIdentity,
    withMainProfile,
    withoutIdentity,
    withoutProfile,
    withProfile,
} from './someones.ts';

type Change = (someone: Someone, objects: ObjectTransaction) => Someone | Promise<Someone>;

/**
 * Someone with all their identities and profiles (spec 60 §5). What is read is what was loaded; every change is made to
 * the current version, in one transaction, and loads what has become of it.
 */
export class SomeoneModel {
    readonly idHash: SHA256IdHash<Someone>;
    readonly #one: OneInstance;
    #someone: Someone;

    private constructor(one: OneInstance, idHash: SHA256IdHash<Someone>, someone: Someone) {
        this.idHash = idHash;
        this.#one = one;
        this.#someone = someone;
    }

    /** @throws LeuteError `SOMEONE_MISSING` */
    static async load(one: OneInstance, idHash: SHA256IdHash<Someone>): Promise<SomeoneModel> {
        return new SomeoneModel(one, idHash, (await currentSomeone(one.objects, idHash)).obj);
    }

    get someoneId(): string {
        return this.#someone.someoneId;
    }

    get mainProfileId(): SHA256IdHash<Profile> {
        return this.#someone.mainProfile;
    }

    /** In the order in which they were added. */
    get identities(): SHA256IdHash<Person>[] {
        return [...this.#someone.identities.keys()];
    }

    /** IDs of all profiles, or of those of one identity. */
    profileIds(person?: SHA256IdHash<Person>): SHA256IdHash<Profile>[] {
        if (person !== undefined) return [...(this.#someone.identities.get(person) ?? [])];
        return [...this.#someone.identities.values()].flatMap(ids => [...ids]);
    }

    mainProfile(): Promise<ProfileModel> {
        return ProfileModel.load(this.#one, this.mainProfileId);
    }

    /** The person of the main profile. */
    async mainIdentity(): Promise<SHA256IdHash<Person>> {
        return (await profileIdObject(this.#one.objects, this.mainProfileId)).personId;
    }

    /** All profiles, or those of one identity. */
    profiles(person?: SHA256IdHash<Person>): Promise<ProfileModel[]> {
        return Promise.all(this.profileIds(person).map(id => ProfileModel.load(this.#one, id)));
    }

    async load(): Promise<void> {
        this.#someone = (await currentSomeone(this.#one.objects, this.idHash)).obj;
    }

    /** @throws LeuteError `PERSON_MANAGED`, also if it is an identity of somebody else */
    addIdentity(person: SHA256IdHash<Person>): Promise<void> {
        return this.#change(async (someone, objects) => {
            const other = await (await AddressBook.read(objects)).someoneOf(person);
            if (other !== undefined && other.idHash !== this.idHash)
                throw new LeuteError(
                    'PERSON_MANAGED',
                    `The person ${person.slice(0, 8)}… is an identity of somebody else`,
                );
            const changed = withIdentity(someone, person);
            if (this.idHash !== ME_ID) await keepBlocked(objects, changed.identities.keys());
            return changed;
        });
    }

    /**
     * The main profile stays, also if it is one of this person.
     * @throws LeuteError `PERSON_NOT_MANAGED`; `SOMEONE_IS_ME` for my main identity
     */
    removeIdentity(person: SHA256IdHash<Person>): Promise<void> {
        return this.#change(async someone => {
            if (this.idHash === ME_ID && (await this.#personOf(someone.mainProfile)) === person)
                throw new LeuteError(
                    'SOMEONE_IS_ME',
                    'My main identity cannot be removed: make another one the main one first',
                );
            return withoutIdentity(someone, person);
        });
    }

    /** @throws LeuteError `PERSON_NOT_MANAGED` */
    addProfile(profile: SHA256IdHash<Profile>): Promise<void> {
        return this.#change(async someone => withProfile(someone, await this.#personOf(profile), profile));
    }

    /** @throws LeuteError `PERSON_NOT_MANAGED` */
    removeProfile(profile: SHA256IdHash<Profile>): Promise<void> {
        return this.#change(async someone => withoutProfile(someone, await this.#personOf(profile), profile));
    }

    /** One that is there gets what is missing in it. @throws LeuteError `PERSON_NOT_MANAGED` */
    async createProfile(
        id: ProfileId,
        endpoints: readonly CommunicationEndpoint[] = [],
        descriptions: readonly PersonDescription[] = [],
    ): Promise<ProfileModel> {
        const profile = await this.#one.objects.transact(async objects => {
            const { idHash } = await createProfileIn(objects, id, endpoints, descriptions);
            const { obj } = await currentSomeone(objects, this.idHash);
            await storeChange(objects, withProfile(obj, id.personId, idHash));
            return idHash;
        });
        await this.load();
        return ProfileModel.load(this.#one, profile);
    }

    /** @throws LeuteError `PERSON_NOT_MANAGED`; `SOMEONE_IS_ME`: see `LeuteModel.setMyMainProfile` */
    async setMainProfile(profile: SHA256IdHash<Profile>): Promise<void> {
        this.#ensureNotMe();
        return this.#change(async someone => withMainProfile(someone, await this.#personOf(profile), profile));
    }

    /**
     * @throws LeuteError `PERSON_NOT_MANAGED`, `PERSON_HAS_NO_PROFILE`; `SOMEONE_IS_ME`: see
     * `LeuteModel.changeMyMainIdentity`
     */
    async setMainIdentity(person: SHA256IdHash<Person>): Promise<void> {
        this.#ensureNotMe();
        return this.#change(async someone => {
            const profile = await mainProfileOf(this.#one.objects, someone, person);
            return withMainProfile(someone, person, profile);
        });
    }

    /** Rights and events belong to that. */
    #ensureNotMe(): void {
        if (this.idHash === ME_ID)
            throw new LeuteError(
                'SOMEONE_IS_ME',
                'Who I am is changed by changeMyMainIdentity and setMyMainProfile of LeuteModel',
            );
    }

    async #personOf(profile: SHA256IdHash<Profile>): Promise<SHA256IdHash<Person>> {
        return (await profileIdObject(this.#one.objects, profile)).personId;
    }

    async #change(change: Change): Promise<void> {
        await this.#one.objects.transact(async objects => {
            const { obj } = await currentSomeone(objects, this.idHash);
            await storeChange(objects, await change(obj, objects));
        });
        await this.load();
    }
}

async function currentSomeone(objects: ObjectReader, id: SHA256IdHash<Someone>) {
    const current = await currentAs(objects, SomeoneRecipe, id);
    if (current === undefined) throw new LeuteError('SOMEONE_MISSING', `There is no someone ${id.slice(0, 8)}…`);
    return current;
}
