import {
    createRandomString,
    type Group,
    type OneInstance,
    type Person,
    type PublicIdentityRecord,
    type SHA256IdHash,
} from '@refinio/one.core';
import { OneEvent } from '../one-event.ts';
import type { OneInstanceEndpoint, Profile, Someone } from '../recipes/people-recipes.ts';
import { Certificates } from '../trust/certificate-queries.ts';
import { TrustedKeys } from '../trust/trusted-keys.ts';
import type { Version } from '../typed-objects.ts';
import { Blocking } from './blocking.ts';
import type { BookChange } from './book-changes.ts';
import { ContactBook } from './contact-book.ts';
import { ContactList } from './contact-list.ts';
import type { TakenOver } from './contact-rules.ts';
import { DeviceModel } from './device-model.ts';
import { Endpoints } from './endpoints.ts';
import type { GroupModel } from './group-model.ts';
import { Groups } from './groups.ts';
import { KnownKeys, type ImportContactOptions } from './known-keys.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import type { OwnUrls } from './own-endpoints.ts';
import {
    createOwnIdentity,
    mainProfileFor,
    setMainProfile,
    switchMainIdentity,
    type MainProfile,
} from './own-identities.ts';
import { People } from './people.ts';
import { PersonCache } from './person-cache.ts';
import { ProfileModel } from './profile-model.ts';
import { RunningLeute } from './running-leute.ts';
import { SomeoneModel } from './someone-model.ts';
import { BLACKLIST_ID, ME_ID } from './well-known.ts';

const PROFILE_ID_LENGTH = 32;

type PersonId = SHA256IdHash<Person>;
type SomeoneId = SHA256IdHash<Someone>;
type GroupId = SHA256IdHash<Group>;

export interface LeuteOptions {
    /**
     * Where this instance can be dialled by everybody. None for a browser. It counts at the first start only: see
     * `setOwnEndpointUrls`. What stands in the default profile once is told to all contacts, also when it is changed
     * later.
     */
    readonly commServerUrl?: string | undefined;
    /** Whether all persons ever seen are members of the group `everyone`, to tell everybody something. Default: not. */
    readonly createEveryoneGroup?: boolean;
    /** For the order of names; default: of the system. */
    readonly locale?: string;
    /** Told of what could not be taken over, and of failures after which it is tried again. */
    readonly onError?: (error: unknown) => void;
}

/** What has changed. `contactChanged`: somebody, or I, has other identities or another main profile. */
export type LeuteChange =
    | { readonly type: 'contactAdded' | 'contactRemoved'; readonly someone: SomeoneId }
    | { readonly type: 'groupAdded' | 'groupRemoved'; readonly group: GroupId }
    | BookChange
    | { readonly type: 'mainIdentity'; readonly person: PersonId }
    | { readonly type: 'profile'; readonly profile: SHA256IdHash<Profile>; readonly person: PersonId };

/**
 * Who is known to an instance: me, my contacts, groups (spec 60). All of it is read from the store when it is asked
 * for; nothing that somebody else has changed is ever overwritten by what was remembered. One model of an instance runs
 * at a time.
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
    readonly beforeMainIdSwitch = new OneEvent<[before: PersonId, after: PersonId]>();
    readonly afterMainIdSwitch = new OneEvent<[before: PersonId, after: PersonId]>();
    readonly onUpdated = new OneEvent<[change: LeuteChange]>();
    /** Where people can be reached. */
    readonly endpoints: Endpoints;
    readonly people: People;
    /** Which keys are to be believed. */
    readonly trust: TrustedKeys;
    readonly certificates: Certificates;
    /** The devices of the main identity. */
    readonly devices: DeviceModel;
    /** How persons are shown, without waiting. */
    readonly shown: PersonCache;
    /** Contacts page by page, in the order of their names. */
    readonly contacts: ContactList;
    /** Whom I have blocked. */
    readonly blocking: Blocking;
    readonly #one: OneInstance;
    readonly #options: LeuteOptions;
    readonly #onError: (error: unknown) => void;
    readonly #book: ContactBook;
    readonly #groups: Groups;
    #starting: Promise<RunningLeute> | undefined;

    constructor(one: OneInstance, options: LeuteOptions = {}) {
        this.#one = one;
        this.#options = options;
        this.#onError = options.onError ?? reportLater;
        const tell = (change: LeuteChange): void => this.onUpdated.emit(change);
        const people = (this.people = new People(one));
        this.trust = new TrustedKeys(one, people);
        this.certificates = new Certificates(one, this.trust);
        const devices = (this.devices = new DeviceModel(one, people, this.trust));
        const knownKeys = new KnownKeys(one, people, this.trust, devices);
        this.endpoints = new Endpoints(one, people, knownKeys, devices);
        this.shown = new PersonCache(one, people, this.#onError);
        this.contacts = new ContactList(one, people, options.locale);
        this.blocking = new Blocking(one);
        this.#book = new ContactBook({ one, people, knownKeys, owners: devices, tell });
        this.#groups = new Groups({ one, people, isRevoked: person => devices.isRevoked(person), tell });
    }

    /**
     * What is not there yet is made, in one commit (spec 60 §3). From then on profiles that arrive become contacts, and
     * what must not be shared cannot be granted.
     * @throws LeuteError `LEUTE_NOT_READY` if the instance was not opened with `modelOptions`; `LEUTE_RUNNING` if
     * another model of this instance runs; KeyChainError
     */
    async init(): Promise<void> {
        this.#starting ??= this.#start();
        try {
            await this.#starting;
        } catch (error) {
            this.#starting = undefined;
            throw error;
        }
    }

    /** Waits until everything that is stored now was taken over and told, but for members of the group `everyone`. */
    async settled(): Promise<void> {
        await (await this.#starting)?.settled();
    }

    /**
     * What arrives from now on is taken over after the next `init`. Nothing is guarded any more: synchronizations have
     * to be over.
     */
    async shutdown(): Promise<void> {
        const starting = this.#starting;
        this.#starting = undefined;
        await (await starting?.catch(() => undefined))?.[Symbol.asyncDispose]();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.shutdown();
        this.trust[Symbol.dispose]();
        this.contacts[Symbol.dispose]();
        await this.shown[Symbol.asyncDispose]();
    }

    me(): Promise<SomeoneModel> {
        return SomeoneModel.load(this.#one, ME_ID);
    }

    /** All at once; for a list see `contacts`. */
    async others(): Promise<SomeoneModel[]> {
        const { others } = await this.people.listed();
        const loading = [...others].map(id => SomeoneModel.load(this.#one, id).catch(ignoreBroken));
        return (await Promise.all(loading)).filter(someone => someone !== undefined);
    }

    /** Me or the contact of which a person is an identity. */
    async getSomeone(person: PersonId): Promise<SomeoneModel | undefined> {
        const found = await this.people.someoneOf(person);
        return found && SomeoneModel.load(this.#one, found.idHash);
    }

    /** Persons of contacts, or mine, of which some profile has this public key of signing (64 hexadecimal digits). */
    findPersonsBySignKey(key: string): Promise<PersonId[]> {
        return this.trust.decisions.personsOf(key);
    }

    /**
     * Makes a contact of a someone that is stored already.
     * @throws LeuteError `SOMEONE_IS_ME`, `SOMEONE_MISSING`; `PERSON_MANAGED` if one of the identities is somebody
     * else's
     */
    addSomeoneElse(someone: SomeoneId): Promise<void> {
        return this.#book.add(someone);
    }

    /**
     * Only the list of contacts loses it. It comes back with the next version of one of its profiles, unless it is
     * blocked.
     */
    async removeSomeoneElse(someone: SomeoneId): Promise<void> {
        // Otherwise versions of before would bring it back.
        await this.settled();
        await this.#book.remove(someone);
    }

    /**
     * Two contacts are the same human being: the first one gets the identities and profiles of the other one, which is
     * no contact any more. If one of them is blocked, both are.
     * @throws LeuteError `SOMEONE_IS_ME`; `SOMEONE_MISSING` for somebody who is no contact
     */
    mergeContacts(into: SomeoneId, from: SomeoneId): Promise<void> {
        return this.#book.merge(into, from);
    }

    /** A contact of whom nothing is known but perhaps an e-mail. @throws LeuteError `PERSON_EXISTS` */
    async createSomeoneWithShallowIdentity(email?: string): Promise<SomeoneModel> {
        return this.#stored(await this.#book.createShallow(email));
    }

    /**
     * A contact from what an instance says of itself, as pairing exchanges it: its keys are trusted from now on (spec
     * 60 §9.4). One that is known already gets what is missing.
     * @throws LeuteError `PERSON_IS_ME`; `KEYS_DIFFER` for a person who is known with other keys
     */
    async importContact(record: PublicIdentityRecord): Promise<SomeoneModel> {
        return this.#stored((await this.importContacts([record]))[0]);
    }

    /**
     * Many at once, in one commit.
     * @returns the contacts in the same order
     * @throws LeuteError `PERSON_IS_ME`, `KEYS_DIFFER`
     */
    importContacts(records: readonly PublicIdentityRecord[], options: ImportContactOptions = {}): Promise<SomeoneId[]> {
        return this.#book.import(records, options);
    }

    /** How I describe a person. One that is there is loaded. */
    async createProfileForPerson(
        personId: PersonId,
        profileId = createRandomString(PROFILE_ID_LENGTH),
    ): Promise<ProfileModel> {
        return ProfileModel.create(this.#one, { profileId, personId, owner: await this.myMainIdentity() });
    }

    groups(): Promise<GroupModel[]> {
        return this.#groups.list();
    }

    /** The group of a name, made if it is not there; without a name always a new one. */
    createGroup(name?: string): Promise<GroupModel> {
        return this.#groups.create(name);
    }

    /**
     * It is not listed any more, has no members, and nothing is granted through it: who makes a group of the same name
     * later begins with nothing.
     * @throws LeuteError `GROUP_MISSING`; `GROUP_IS_RESERVED` for `everyone` and the like
     */
    removeGroup(group: GroupId): Promise<void> {
        return this.#groups.remove(group);
    }

    /**
     * Where this instance is dialled from now on (spec 53 §1.2). Other addresses in the default profile stay. Peers
     * keep those of before until they take over the next version of it, and may keep them longer. For each start:
     * unchanged, it stores nothing.
     * @throws IdentityError if the main identity has no instance on this device
     */
    setOwnEndpointUrls(urls: OwnUrls): Promise<void> {
        return this.devices.setOwnEndpointUrls(urls);
    }

    /** The person as whom I write, own and certify. */
    myMainIdentity(): Promise<PersonId> {
        return this.people.mainIdentity();
    }

    /**
     * @throws LeuteError `PERSON_NOT_MANAGED`, `PERSON_NOT_COMPLETE`, `PERSON_HAS_NO_PROFILE`; what listeners throw
     * before
     */
    async changeMyMainIdentity(person: PersonId): Promise<void> {
        await this.#switch(await mainProfileFor(this.#one, this.people, { person }));
    }

    /** Its person becomes the main identity. @throws as `changeMyMainIdentity` */
    async setMyMainProfile(profile: SHA256IdHash<Profile>): Promise<void> {
        await this.#switch(await mainProfileFor(this.#one, this.people, { profile }));
    }

    /** One more person of mine, with an instance and all keys on this device. @throws LeuteError `PERSON_EXISTS` */
    async createCompleteIdentityForMyself(email?: string, instanceName?: string): Promise<PersonId> {
        const { commServerUrl: url, createEveryoneGroup: tellEveryone = false } = this.#options;
        const profile = await createOwnIdentity(this.#one, this.people, { email, instanceName, url, tellEveryone });
        return profile.obj.personId;
    }

    /** What a person is called here; its ID if it has no name. See `shown` for an answer without waiting. */
    async displayName(person: PersonId): Promise<string> {
        return (await this.shown.load(person)).name;
    }

    async #stored(someone: SomeoneId | undefined): Promise<SomeoneModel> {
        if (someone === undefined) throw new LeuteError('SOMEONE_MISSING', 'The contact was not stored');
        return SomeoneModel.load(this.#one, someone);
    }

    #start(): Promise<RunningLeute> {
        const { commServerUrl, createEveryoneGroup = false } = this.#options;
        return RunningLeute.start({
            ...{ one: this.#one, devices: this.devices, trust: this.trust, onError: this.#onError },
            ...{ commServerUrl, createEveryoneGroup },
            tellChange: change => this.#tellChange(change),
            tellTakenOver: taken => this.#tellTakenOver(taken),
        });
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

    async #tellChange(change: BookChange): Promise<void> {
        if (change.type === 'contactChanged' && change.someone === ME_ID) this.onMeIdentitiesChange.emit();
        if (change.type === 'groupChanged' && change.group === BLACKLIST_ID) await this.blocking.refresh();
        this.onUpdated.emit(change);
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
