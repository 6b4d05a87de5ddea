import type {
    ObjectStore,
    ObjectTransaction,
    OneInstance,
    Person,
    SHA256Hash,
    SHA256IdHash,
    Typed,
} from '@refinio/one.core';
import {
    ProfileRecipe,
    type CommunicationEndpoint,
    type PersonDescription,
    type PersonImage,
    type PersonStatus,
    type Profile,
} from '../recipes/people-recipes.ts';
import { currentAs, readAs, storeChange, storeObject } from '../typed-objects.ts';
import { LeuteError } from './leute-error.ts';

type OfType<T extends Typed, Name extends T['$type$']> = Extract<T, { readonly $type$: Name }>;
type Endpoints = Profile['communicationEndpoint'];
type Descriptions = Profile['personDescription'];

/** Which profile: what is described, by whom, and which of several descriptions. */
export type ProfileId = Pick<Profile, 'profileId' | 'personId' | 'owner'>;

/**
 * One profile, to be read and edited (spec 60 §4.2). What is changed is kept in the lists until `save`, which changes
 * what was changed here and nothing else: what others have added meanwhile stays. A later version is only seen after
 * `load`.
 */
export class ProfileModel {
    readonly idHash: SHA256IdHash<Profile>;
    readonly profileId: string;
    /** Whom it describes. */
    readonly personId: SHA256IdHash<Person>;
    /** Who describes. Only the owner should write it. */
    readonly owner: SHA256IdHash<Person>;
    /** In the order of their hashes, after loading. */
    communicationEndpoints: CommunicationEndpoint[] = [];
    /** In the order of their hashes, after loading. */
    personDescriptions: PersonDescription[] = [];
    readonly #objects: ObjectStore;
    /** What was in the lists when they were loaded. */
    #loaded: { readonly hash: SHA256Hash<Profile>; readonly endpoints: Endpoints; readonly descriptions: Descriptions };
    /** Types of which all were replaced since then. */
    readonly #replaced = new Set<string>();
    /** Appended since then: the next one takes its place. */
    #status: PersonStatus | undefined;
    #image: PersonImage | undefined;

    private constructor(
        objects: ObjectStore,
        idHash: SHA256IdHash<Profile>,
        hash: SHA256Hash<Profile>,
        profile: Profile,
    ) {
        this.#objects = objects;
        this.idHash = idHash;
        ({ profileId: this.profileId, personId: this.personId, owner: this.owner } = profile);
        this.#loaded = { hash, endpoints: profile.communicationEndpoint, descriptions: profile.personDescription };
    }

    /** The current version. @throws LeuteError `PROFILE_MISSING`; ObjectStoreError if a part of it is missing */
    static async load({ objects }: OneInstance, idHash: SHA256IdHash<Profile>): Promise<ProfileModel> {
        const current = await currentProfile(objects, idHash);
        const model = new ProfileModel(objects, idHash, current.hash, current.obj);
        await model.#read();
        return model;
    }

    /** A certain version: `save` adds to the current one what is changed in it. @throws ObjectStoreError `SB-READ2` */
    static async loadVersion({ objects }: OneInstance, hash: SHA256Hash<Profile>): Promise<ProfileModel> {
        const profile = await readAs(objects, ProfileRecipe, hash);
        const model = new ProfileModel(objects, await objects.microdata.idHash(profile), hash, profile);
        await model.#read();
        return model;
    }

    /** The profile, made if it is not there; to one that is there, what is missing is added (spec 60 §4.2, quirk). */
    static async create(
        one: OneInstance,
        id: ProfileId,
        endpoints: readonly CommunicationEndpoint[] = [],
        descriptions: readonly PersonDescription[] = [],
    ): Promise<ProfileModel> {
        const { idHash } = await one.objects.transact(objects => createProfileIn(objects, id, endpoints, descriptions));
        return ProfileModel.load(one, idHash);
    }

    /** Of the version that was loaded. */
    get loadedVersion(): SHA256Hash<Profile> {
        return this.#loaded.hash;
    }

    endpointsOfType<Name extends CommunicationEndpoint['$type$']>(name: Name): OfType<CommunicationEndpoint, Name>[] {
        return this.communicationEndpoints.filter(each => isOfType(each, name));
    }

    descriptionsOfType<Name extends PersonDescription['$type$']>(name: Name): OfType<PersonDescription, Name>[] {
        return this.personDescriptions.filter(each => isOfType(each, name));
    }

    /** The first one; a profile should have one. */
    get name(): string | undefined {
        return this.descriptionsOfType('PersonName')[0]?.name;
    }

    /** Takes the place of all names. */
    set name(name: string | undefined) {
        this.#replace('PersonName', name === undefined ? [] : [{ $type$: 'PersonName', name }]);
    }

    /** Hash of the BLOB of the picture. */
    get image(): SHA256Hash | undefined {
        return this.descriptionsOfType('ProfileImage')[0]?.image;
    }

    /** @param image hash of a stored BLOB; takes the place of all pictures */
    set image(image: SHA256Hash | undefined) {
        const images = image === undefined ? [] : [{ $type$: 'ProfileImage', image } as PersonDescription];
        this.#replace('ProfileImage', images);
    }

    /** The latest one. */
    get status(): PersonStatus | undefined {
        return latest(this.descriptionsOfType('PersonStatus'));
    }

    /** Appended to those of before; set again before the next `save`, it takes the place of what was set. */
    setStatus(value: string, location = ''): void {
        const status: PersonStatus = { $type$: 'PersonStatus', value, timestamp: this.#objects.now(), location };
        this.#append(this.#status, status);
        this.#status = status;
    }

    /** The latest one. */
    get personImage(): PersonImage | undefined {
        return latest(this.descriptionsOfType('PersonImage'));
    }

    /** @param image hash of a stored BLOB; otherwise like `setStatus` */
    setPersonImage(image: PersonImage['image'], location = ''): void {
        const added: PersonImage = { $type$: 'PersonImage', image, timestamp: this.#objects.now(), location };
        this.#append(this.#image, added);
        this.#image = added;
    }

    /** The current version; what was changed and not saved is gone. @throws as the static one */
    async load(): Promise<void> {
        const { hash, obj } = await currentProfile(this.#objects, this.idHash);
        this.#loaded = { hash, endpoints: obj.communicationEndpoint, descriptions: obj.personDescription };
        await this.#read();
    }

    /** Stores what was changed, and loads what has become of it. Unchanged content makes no version. */
    async save(): Promise<void> {
        await this.#objects.transact(async objects => {
            const { obj } = await currentProfile(objects, this.idHash);
            const { endpoints, descriptions } = this.#loaded;
            await storeChange<Profile>(objects, {
                ...obj,
                communicationEndpoint: merged(
                    obj.communicationEndpoint,
                    endpoints,
                    await stored(objects, this.communicationEndpoints),
                ),
                personDescription: merged(
                    await this.#withoutReplaced(obj.personDescription),
                    await this.#withoutReplaced(descriptions),
                    await stored(objects, this.personDescriptions),
                ),
            });
        });
        await this.load();
    }

    async #read(): Promise<void> {
        this.communicationEndpoints = await parts<CommunicationEndpoint>(this.#objects, this.#loaded.endpoints);
        this.personDescriptions = await parts<PersonDescription>(this.#objects, this.#loaded.descriptions);
        this.#status = this.#image = undefined;
        this.#replaced.clear();
    }

    /** Without what others have written meanwhile in the place of which something else was set here. */
    async #withoutReplaced(current: Descriptions): Promise<Descriptions> {
        if (this.#replaced.size === 0) return current;
        const kept: Descriptions[number][] = [];
        for (const hash of current) {
            const { $type$: type } = await this.#objects.read(hash);
            if (!this.#replaced.has(type)) kept.push(hash);
        }
        return kept;
    }

    #replace(type: PersonDescription['$type$'], descriptions: readonly PersonDescription[]): void {
        this.#replaced.add(type);
        const others = this.personDescriptions.filter(({ $type$ }) => $type$ !== type);
        this.personDescriptions = [...others, ...descriptions];
    }

    #append(before: PersonDescription | undefined, added: PersonDescription): void {
        this.personDescriptions = [...this.personDescriptions.filter(each => each !== before), added];
    }
}

/** As a part of a transaction: see `ProfileModel.create`. */
export async function createProfileIn(
    objects: ObjectTransaction,
    id: ProfileId,
    endpoints: readonly CommunicationEndpoint[] = [],
    descriptions: readonly PersonDescription[] = [],
) {
    const idHash = await objects.microdata.idHash({ $type$: 'Profile', ...id } as const);
    const before = (await currentAs(objects, ProfileRecipe, idHash))?.obj;
    return storeChange<Profile>(objects, {
        ...{ $type$: 'Profile', ...id },
        communicationEndpoint: merged(before?.communicationEndpoint ?? [], [], await stored(objects, endpoints)),
        personDescription: merged(before?.personDescription ?? [], [], await stored(objects, descriptions)),
    });
}

async function currentProfile(objects: ObjectStore | ObjectTransaction, idHash: SHA256IdHash<Profile>) {
    const current = await currentAs(objects, ProfileRecipe, idHash);
    if (current === undefined)
        throw new LeuteError('PROFILE_MISSING', `There is no version of the profile ${idHash.slice(0, 8)}… here`);
    return current;
}

/** What is there now, with what was added and without what was removed since it was loaded; each once. */
function merged<T>(current: readonly T[], loaded: readonly T[], edited: readonly T[]): T[] {
    const removed = new Set(loaded.filter(each => !edited.includes(each)));
    const added = edited.filter(each => !loaded.includes(each));
    return [...new Set([...current.filter(each => !removed.has(each)), ...added])];
}

async function stored<T extends Typed>(objects: ObjectTransaction, list: readonly T[]): Promise<SHA256Hash<T>[]> {
    const hashes: SHA256Hash<T>[] = [];
    for (const each of list) hashes.push(await storeObject(objects, each));
    return hashes;
}

async function parts<T>(objects: ObjectStore, hashes: readonly SHA256Hash<T>[]): Promise<T[]> {
    const list: T[] = [];
    for (const hash of hashes) list.push((await objects.read(hash)) as unknown as T);
    return list;
}

function isOfType<T extends Typed, Name extends T['$type$']>(object: T, name: Name): object is OfType<T, Name> {
    return object.$type$ === name;
}

function latest<T extends { readonly timestamp: number }>(list: readonly T[]): T | undefined {
    return list.reduce<T | undefined>(
        (best, each) => (best && best.timestamp >= each.timestamp ? best : each),
        undefined,
    );
}
