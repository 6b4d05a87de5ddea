import {
    createRandomString,
    getAllEntries,
    InstanceRecipe,
    type AccessRequest,
    type Group,
    type JournalFollower,
    type OneInstance,
    type ObjectTransaction,
    type Person,
    type PublicIdentityRecord,
    type SHA256IdHash,
} from '@refinio/one.core';
import { OneEvent } from '../one-event.ts';
import { ProfileRecipe, type OneInstanceEndpoint, type Profile, type Someone } from '../recipes/people-recipes.ts';
import { Certificates } from '../trust/certificate-queries.ts';
import { createSigner } from '../trust/signer.ts';
import { TrustedKeys } from '../trust/trusted-keys.ts';
import { isHexKey } from '../trust/signatures.ts';
import { currentAs, readAs, type Version } from '../typed-objects.ts';
import { AddressBook } from './address-book.ts';
import { followContacts } from './contact-follower.ts';
import { storeContactIdentity, trustProfile } from './contact-identity.ts';
import { ensureNotSomebodyElse, type ImportContactOptions } from './known-keys.ts';
import { takeOver, type TakenOver } from './contact-rules.ts';
import { DeviceModel } from './device-model.ts';
import { Endpoints } from './endpoints.ts';
import { followPersons } from './everyone-group.ts';
import { firstStart, ownReachable } from './first-start.ts';
import { addMembers, createGroupIn, GroupModel } from './group-model.ts';
import { acceptsVersion } from './import-rules.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import { displayName } from './names.ts';
import {
    createOwnIdentity,
    mainProfileFor,
    setMainProfile,
    switchMainIdentity,
    type MainProfile,
} from './own-identities.ts';
import { People } from './people.ts';
import { createProfileIn, ProfileModel } from './profile-model.ts';
import { ensureShareable } from './shareable.ts';
import { SomeoneModel } from './someone-model.ts';
import { DEFAULT_PROFILE, EVERYONE, EVERYONE_ID, ME_ID } from './well-known.ts';

const PROFILE_ID_LENGTH = 32;

export interface LeuteOptions {
    /** Where this instance can be dialled by others. None for a browser. It counts at the first start only. */
    readonly commServerUrl?: string | undefined;
    /** Whether all persons ever seen are members of the group `everyone`, so that everybody can be told something. Default: not. */
    readonly createEveryoneGroup?: boolean;
    /** Told of what could not be taken over, and of failures after which it is tried again. */
    readonly onError?: (error: unknown) => void;
}

/** What has changed. */
export type LeuteChange =
    | { readonly type: 'contactAdded' | 'contactRemoved'; readonly someone: SHA256IdHash<Someone> }
    | { readonly type: 'groupAdded'; readonly group: SHA256IdHash<Group> }
    | { readonly type: 'mainIdentity'; readonly person: SHA256IdHash<Person> }
    | { readonly type: 'profile'; readonly profile: SHA256IdHash<Profile>; readonly person: SHA256IdHash<Person> };

/**
 * Who is known to an instance: me, my contacts, groups (spec 60). All of it is read from the store when it is asked for; nothing
 * that somebody else has changed is ever overwritten by what was remembered.
 *
 * ```ts
 * const one = await OneInstance.open({ ...modelOptions, name, email, secret, storage });
 * await using leute = new LeuteModel(one);
 * await leute.init();
 * ```
 */
export class LeuteModel implements AsyncDisposable {
    /** Told of every version of a profile that was taken over. */
    readonly onProfileUpdate = new OneEvent<[profile: Version<Profile>, isMe: boolean]>();
    /** Told of the endpoints in such a version, also of those that were known before. */
    readonly onNewOneInstanceEndpoint = new OneEvent<[endpoint: OneInstanceEndpoint, isMe: boolean]>();
    readonly onMeIdentitiesChange = new OneEvent();
    /** Awaited before and after the main identity is another one. */
    readonly beforeMainIdSwitch = new OneEvent<[before: SHA256IdHash<Person>, after: SHA256IdHash<Person>]>();
    readonly afterMainIdSwitch = new OneEvent<[before: SHA256IdHash<Person>, after: SHA256IdHash<Person>]>();
    readonly onUpdated = new OneEvent<[change: LeuteChange]>();
    /** Where people can be reached. */
    readonly endpoints: Endpoints;
    readonly people: People;
    /** Which keys are to be believed. */
    readonly trust: TrustedKeys;
    readonly certificates: Certificates;
    /** The devices of the main identity. */
    readonly devices: DeviceModel;
    readonly #one: OneInstance;
    readonly #options: LeuteOptions;
    readonly #followers: JournalFollower[] = [];
    #endGuards: (() => void) | undefined;
    #starting: Promise<void> | undefined;

    constructor(one: OneInstance, options: LeuteOptions = {}) {
        this.#one = one;
        this.#options = options;
        this.people = new People(one);
        this.endpoints = new Endpoints(one, this.people);
        this.trust = new TrustedKeys(one, this.people);
        this.certificates = new Certificates(one, this.trust);
        this.devices = new DeviceModel(one, this.people, this.trust);
    }

    /**
     * What is not there yet is made, in one commit (spec 60 §3). From then on profiles that arrive become contacts, and what must not
     * be shared cannot be granted.
     * @throws LeuteError `LEUTE_NOT_READY` if the instance was not opened with `modelOptions`; KeyChainError
     */
    init(): Promise<void> {
        this.#starting ??= this.#start().catch((error: unknown) => {
            this.#starting = undefined;
            throw error;
        });
        return this.#starting;
    }

    async #start(): Promise<void> {
        const one = this.#one;
        if (!(await this.#isReady()))
            throw new LeuteError('LEUTE_NOT_READY', 'Open the instance with "modelOptions", so that it knows people');
        const reachable = await ownReachable(one, this.#options.commServerUrl);
        const { createEveryoneGroup = false, onError = reportLater } = this.#options;
        {
            using signer = await createSigner(one.keyChain, one.owner);
            await one.objects.transact(async objects => {
                await firstStart(objects, reachable, signer);
                if (createEveryoneGroup) await this.#createEveryone(objects);
            });
        }
        const ends = [
            one.objects.guardAccess((objects, request) => this.#ensureGrantable(objects, request)),
            one.guardImports(version => acceptsVersion(one.objects, this.devices, version)),
        ];
        this.#endGuards = () => {
            for (const end of ends) end();
        };
        const onTakenOver = (taken: readonly TakenOver[]): void => this.#tellTakenOver(taken);
        this.#followers.push(followContacts({ one, onTakenOver, onError }));
        this.#followers.push(this.devices.follow(onError));
        if (createEveryoneGroup) this.#followers.push(followPersons(one, this.devices, onError));
    }

    /** Waits until everything that is stored now was taken over, but for members of the group `everyone`. */
    async settled(): Promise<void> {
        for (const follower of this.#followers.slice(0, 2)) await follower.settled();
    }

    /** What arrives from now on is taken over after the next `init`. */
    async shutdown(): Promise<void> {
        await this.#starting?.catch(() => undefined);
        this.#starting = undefined;
        this.#endGuards?.();
        this.#endGuards = undefined;
        for (const follower of this.#followers.splice(0)) await follower[Symbol.asyncDispose]();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.shutdown();
        this.trust[Symbol.dispose]();
    }

    async me(): Promise<SomeoneModel> {
        return SomeoneModel.load(this.#one, (await this.people.listed()).me);
    }

    async others(): Promise<SomeoneModel[]> {
        const { others } = await this.people.listed();
        const loading = [...others].map(id => SomeoneModel.load(this.#one, id).catch(ignoreBroken));
        return (await Promise.all(loading)).filter(someone => someone !== undefined);
    }

    /** Me or the contact of which a person is an identity. */
    async getSomeone(person: SHA256IdHash<Person>): Promise<SomeoneModel | undefined> {
        const found = await this.people.someoneOf(person);
        return found && SomeoneModel.load(this.#one, found.id);
    }

    /** Persons of contacts, or mine, of which some profile has this public key of signing (64 hexadecimal digits). */
    async findPersonsBySignKey(key: string): Promise<SHA256IdHash<Person>[]> {
        const { objects, microdata } = this.#one;
        if (!isHexKey(key)) return [];
        const signKey = await microdata.hash({ $type$: 'SignKey', key } as const);
        const persons = new Set<SHA256IdHash<Person>>();
        for (const hash of await getAllEntries(objects, signKey, 'Profile')) {
            const { personId } = await readAs(objects, ProfileRecipe, hash);
            if (!persons.has(personId) && (await this.people.isKnown(personId))) persons.add(personId);
        }
        return [...persons];
    }

    /** Makes a contact of a someone that is stored already. @throws LeuteError `SOMEONE_IS_ME`, `SOMEONE_MISSING` */
    async addSomeoneElse(someone: SHA256IdHash<Someone>): Promise<void> {
        const isNew = await this.#changeBook(async book => {
            await book.get(someone);
            book.addOther(someone);
        });
        if (isNew) this.onUpdated.emit({ type: 'contactAdded', someone });
    }

    /** Only the list of contacts loses it. It comes back with the next version of one of its profiles. */
    async removeSomeoneElse(someone: SHA256IdHash<Someone>): Promise<void> {
        // Otherwise versions of before would bring it back.
        await this.settled();
        const isNew = await this.#changeBook(book => book.removeOther(someone));
        if (isNew) this.onUpdated.emit({ type: 'contactRemoved', someone });
    }

    /** A contact of whom nothing is known but perhaps an e-mail. @throws LeuteError `PERSON_EXISTS` */
    async createSomeoneWithShallowIdentity(email = createRandomString()): Promise<SomeoneModel> {
        const owner = await this.myMainIdentity();
        const [someone = ME_ID] = await this.#addContacts(async objects => {
            const person = { $type$: 'Person', email } as const;
            const { idHash, status } = await objects.storeId(person);
            if (status === 'exists')
                throw new LeuteError(
                    'PERSON_EXISTS',
                    `There is a person ${idHash.slice(0, 8)}… with this e-mail already`,
                );
            const id = { profileId: DEFAULT_PROFILE, personId: idHash as SHA256IdHash<Person>, owner };
            return [await createProfileIn(objects, id)];
        });
        return SomeoneModel.load(this.#one, someone);
    }

    /**
     * A contact from what an instance says of itself, as pairing exchanges it: its keys are trusted from now on (spec 60 §9.4). One that
     * is known already gets what is missing.
     * @throws LeuteError `PERSON_IS_ME`; `KEYS_DIFFER` for a person who is known with other keys
     */
    async importContact(record: PublicIdentityRecord): Promise<SomeoneModel> {
        const [someone] = await this.importContacts([record]);
        if (someone === undefined) throw new LeuteError('SOMEONE_MISSING', 'The contact was not stored');
        return SomeoneModel.load(this.#one, someone);
    }

    /**
     * Many at once, in one commit.
     * @returns the contacts in the same order
     * @throws LeuteError `PERSON_IS_ME`, `KEYS_DIFFER`
     */
    async importContacts(
        records: readonly PublicIdentityRecord[],
        options: ImportContactOptions = {},
    ): Promise<SHA256IdHash<Someone>[]> {
        using owner = await createSigner(this.#one.keyChain, this.#one.owner);
        using issuer = await createSigner(this.#one.keyChain, await this.myMainIdentity());
        // Awaited: the keys are wiped at the end of this block.
        return await this.#addContacts(async objects => {
            const profiles: Version<Profile>[] = [];
            for (const record of records) {
                await ensureNotSomebodyElse(this.#one.objects, this.people, this.endpoints, record, options);
                const profile = await storeContactIdentity(objects, record, owner);
                await trustProfile(objects, profile, issuer);
                profiles.push(profile);
            }
            return profiles;
        });
    }

    /** How I describe a person. One that is there is loaded. */
    async createProfileForPerson(
        personId: SHA256IdHash<Person>,
        profileId = createRandomString(PROFILE_ID_LENGTH),
    ): Promise<ProfileModel> {
        return ProfileModel.create(this.#one, { profileId, personId, owner: await this.myMainIdentity() });
    }

    async groups(): Promise<GroupModel[]> {
        const { groups } = await this.people.listed();
        const loading = groups.map(id => this.#group(id).catch(ignoreBroken));
        return (await Promise.all(loading)).filter(group => group !== undefined);
    }

    /** The group of a name, made if it is not there; without a name always a new one. */
    async createGroup(name?: string): Promise<GroupModel> {
        let group: SHA256IdHash<Group> | undefined;
        const isNew = await this.#changeBook(async (book, objects) => {
            group = await createGroupIn(objects, name);
            book.addGroup(group);
        });
        if (group === undefined) throw new LeuteError('GROUP_MISSING', 'The group was not stored');
        if (isNew) this.onUpdated.emit({ type: 'groupAdded', group });
        return this.#group(group);
    }

    /** The person as whom I write, own and certify. */
    myMainIdentity(): Promise<SHA256IdHash<Person>> {
        return this.people.mainIdentity();
    }

    /** @throws LeuteError `PERSON_NOT_MANAGED`, `PERSON_NOT_COMPLETE`, `PERSON_HAS_NO_PROFILE`; what listeners throw before it */
    async changeMyMainIdentity(person: SHA256IdHash<Person>): Promise<void> {
        await this.#switch(await mainProfileFor(this.#one, this.people, { person }));
    }

    /** Its person becomes the main identity. @throws as `changeMyMainIdentity` */
    async setMyMainProfile(profile: SHA256IdHash<Profile>): Promise<void> {
        await this.#switch(await mainProfileFor(this.#one, this.people, { profile }));
    }

    /** One more person of mine, with an instance and all keys on this device. @throws LeuteError `PERSON_EXISTS` */
    async createCompleteIdentityForMyself(email?: string, instanceName?: string): Promise<SHA256IdHash<Person>> {
        const { commServerUrl: url, createEveryoneGroup: tellEveryone = false } = this.#options;
        const profile = await createOwnIdentity(this.#one, this.people, { email, instanceName, url, tellEveryone });
        this.onMeIdentitiesChange.emit();
        return profile.obj.personId;
    }

    /** What a person is called here; its ID if it has no name. */
    displayName(person: SHA256IdHash<Person>): Promise<string> {
        return displayName(this.#one.objects, this.people, person);
    }

    #group(id: SHA256IdHash<Group>): Promise<GroupModel> {
        return GroupModel.load(this.#one, id, person => this.devices.isRevoked(person));
    }

    async #isReady(): Promise<boolean> {
        const { objects, recipes, id } = this.#one;
        const instance = recipes.has('Leute') ? await currentAs(objects, InstanceRecipe, id) : undefined;
        const { enabledReverseMapTypes: maps, enabledReverseMapTypesForIdObjects: idMaps } = instance?.obj ?? {};
        return maps?.has('Someone') === true && maps.has('Signature') && idMaps?.has('Profile') === true;
    }

    async #ensureGrantable(objects: ObjectTransaction, request: AccessRequest): Promise<void> {
        await ensureShareable(objects, request, hash => this.#one.blobs.has(hash));
        for (const person of request.person ?? [])
            if (await this.devices.isRevoked(person as SHA256IdHash<Person>))
                throw new LeuteError('DEVICE_REVOKED', `The device ${person.slice(0, 8)}… was revoked`);
    }

    async #switch(to: MainProfile): Promise<void> {
        const before = await this.myMainIdentity();
        if (before === to.person) {
            await setMainProfile(this.#one, to);
            return;
        }
        await this.beforeMainIdSwitch.emitAndWait(before, to.person);
        await switchMainIdentity(this.#one, before, to);
        await this.afterMainIdSwitch.emitAndWait(before, to.person);
        this.onUpdated.emit({ type: 'mainIdentity', person: to.person });
    }

    async #createEveryone(objects: ObjectTransaction): Promise<void> {
        const group = await createGroupIn(objects, EVERYONE);
        const book = await AddressBook.read(objects);
        book.addGroup(group);
        await book.store(objects);
        await addMembers(objects, EVERYONE_ID, [this.#one.owner]);
    }

    /** The follower finds the profiles already taken over, and tells of them. */
    #addContacts(
        store: (objects: ObjectTransaction) => Promise<readonly Version<Profile>[]>,
    ): Promise<SHA256IdHash<Someone>[]> {
        return this.#one.objects.transact(async objects => {
            const profiles = await store(objects);
            const book = await AddressBook.read(objects);
            const taken: TakenOver[] = [];
            for (const profile of profiles) {
                const each = await takeOver(objects, book, profile);
                if (each !== undefined) taken.push(each);
            }
            await book.store(objects);
            objects.transaction.whenDurable(() => {
                for (const { isNewContact, someone } of taken)
                    if (isNewContact) this.onUpdated.emit({ type: 'contactAdded', someone });
            });
            return taken.map(({ someone }) => someone);
        });
    }

    #changeBook(change: (book: AddressBook, objects: ObjectTransaction) => unknown): Promise<boolean> {
        return this.#one.objects.transact(async objects => {
            const book = await AddressBook.read(objects);
            await change(book, objects);
            return book.store(objects);
        });
    }

    #tellTakenOver(taken: readonly TakenOver[]): void {
        for (const { profile, someone, isMe, isNewContact, endpoints } of taken) {
            if (isNewContact) this.onUpdated.emit({ type: 'contactAdded', someone });
            this.onProfileUpdate.emit(profile, isMe);
            for (const endpoint of endpoints) this.onNewOneInstanceEndpoint.emit(endpoint, isMe);
            this.onUpdated.emit({ type: 'profile', profile: profile.idHash, person: profile.obj.personId });
        }
    }
}

function reportLater(error: unknown): void {
    queueMicrotask(() => {
        throw error;
    });
}
