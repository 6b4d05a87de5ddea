import {
    createSignKeyPair,
    MemoryBackend,
    OneInstance,
    sign,
    uint8ArrayToHex,
    type Keys,
    type ObjectTransaction,
    type OpenOptions,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
    type SignKeyPair,
} from '@refinio/one.core';
import { modelRecipes, modelReverseMaps, modelReverseMapsForIdObjects } from '../recipes/model-recipes.ts';
import type { Profile, SignKey } from '../recipes/people-recipes.ts';
import type { CertificateType } from '../recipes/trust-recipes.ts';
import { storeChange, storeIdObject, storeObject } from '../typed-objects.ts';
import { Certificates } from './certificate-queries.ts';
import { certifyIn, type CertificateItems } from './certificates.ts';
import type { KnownPeople } from './known-people.ts';
import { OwnDevices } from './own-devices.ts';
import { createSigner, type Signer } from './signer.ts';
import { TrustedKeys } from './trusted-keys.ts';

export type PersonId = SHA256IdHash<Person>;

/** A signing key that is not of this device. */
export interface TestKey {
    /** Hexadecimal. */
    readonly hex: string;
    readonly pair: SignKeyPair;
}

/** Somebody else. */
export interface TestPerson extends TestKey {
    readonly id: PersonId;
    readonly signer: Signer;
    /** The version of the default profile with the key. */
    readonly profile: SHA256Hash<Profile>;
}

/** One instance with its trust, and people who are made up. */
export class TestWorld implements AsyncDisposable {
    readonly one: OneInstance;
    readonly people: TestPeople;
    readonly keys: TrustedKeys;
    readonly certificates: Certificates;
    readonly devices: OwnDevices;

    private constructor(one: OneInstance) {
        this.one = one;
        this.people = new TestPeople(one.owner);
        this.keys = new TrustedKeys(one, this.people);
        this.certificates = new Certificates(one, this.keys);
        this.devices = new OwnDevices(this.keys);
    }

    /** The owner has a profile, and both rights. */
    static async open(options: Partial<OpenOptions> = {}): Promise<TestWorld> {
        const one = await OneInstance.open({
            ...{ name: 'test', email: 'me@example.org', secret: 's', storage: new MemoryBackend() },
            ...{ recipes: modelRecipes, initiallyEnabledReverseMapTypes: modelReverseMaps, encryptStorage: false },
            initiallyEnabledReverseMapTypesForIdObjects: modelReverseMapsForIdObjects,
            ...options,
        });
        const world = new TestWorld(one);
        await world.profile(one.owner, [await world.ownKey()]);
        await world.grantRights(one.owner);
        return world;
    }

    get me(): PersonId {
        return this.one.owner;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.keys[Symbol.dispose]();
        await this.one[Symbol.asyncDispose]();
    }

    /** The key of the owner, or of another person of this device. */
    async ownKey(person: PersonId = this.me): Promise<string> {
        using api = await this.one.keyChain.createCryptoApiFromDefaultKeys(person);
        return uint8ArrayToHex(api.publicSignKey);
    }

    /** Another identity of mine on this device, with a profile, but without any certificate. */
    async identity(email: string): Promise<PersonId> {
        const { id } = await this.one.identities.createPersonWithDefaultKeys(email);
        this.people.own.add(id);
        await this.profile(id, [await this.ownKey(id)]);
        return id;
    }

    /** A contact with one key, in whom nobody trusts yet. */
    async contact(email: string): Promise<TestPerson> {
        const id = await this.personId(email);
        this.people.known.add(id);
        const key = newKey();
        return { ...key, id, signer: signerWith(id, key), profile: await this.profile(id, [key.hex]) };
    }

    /** Somebody who is in no contact. */
    async personId(email: string): Promise<PersonId> {
        return this.transact(objects => storeIdObject(objects, { $type$: 'Person', email } as const));
    }

    /** A version of a profile with keys. */
    async profile(
        personId: PersonId,
        keys: readonly string[],
        { owner = personId, profileId = 'default' }: { owner?: PersonId; profileId?: string } = {},
    ): Promise<SHA256Hash<Profile>> {
        return this.transact(async objects => {
            const personDescription: SHA256Hash<SignKey>[] = [];
            for (const key of keys) personDescription.push(await storeObject(objects, { $type$: 'SignKey', key }));
            const profile: Profile = {
                ...{ $type$: 'Profile', profileId, personId, owner },
                ...{ communicationEndpoint: [], personDescription },
            };
            return (await storeChange(objects, profile)).hash;
        });
    }

    /** The keys of a person as an object that everybody may make. */
    async keysObject(owner: PersonId, publicSignKey: string): Promise<SHA256Hash<Keys>> {
        const keys: Keys = { $type$: 'Keys', owner, publicKey: 'e'.repeat(64), publicSignKey };
        return this.transact(objects => storeObject(objects, keys));
    }

    async grantRights(beneficiary: PersonId, issuer?: Signer): Promise<void> {
        await this.certify('RightToDeclareTrustedKeysForEverybodyCertificate', { beneficiary }, issuer);
        await this.certify('RightToDeclareTrustedKeysForSelfCertificate', { beneficiary }, issuer);
    }

    /** @param issuer default: the owner */
    async certify<T extends CertificateType>(type: T, items: CertificateItems<T>, issuer?: Signer) {
        using own = await createSigner(this.one.keyChain, this.me);
        return await this.transact(objects => certifyIn(objects, type, items, issuer ?? own));
    }

    /** The certificate of pairing. */
    async trust(profile: SHA256Hash<Profile>, issuer?: Signer) {
        return this.certify('TrustKeysCertificate', { profile }, issuer);
    }

    async affirm(data: SHA256Hash<Profile>, issuer?: Signer) {
        return this.certify('AffirmationCertificate', { data }, issuer);
    }

    transact<T>(task: (objects: ObjectTransaction) => Promise<T>): Promise<T> {
        return this.one.objects.transact(task);
    }
}

/** Who is known, without anything stored. */
export class TestPeople implements KnownPeople {
    main: PersonId;
    readonly own: Set<PersonId>;
    readonly known = new Set<PersonId>();

    constructor(main: PersonId) {
        this.main = main;
        this.own = new Set([main]);
    }

    mainIdentity(): Promise<PersonId> {
        return Promise.resolve(this.main);
    }

    ownIdentities(): Promise<ReadonlySet<PersonId>> {
        return Promise.resolve(this.own);
    }

    isKnown(person: PersonId): Promise<boolean> {
        return Promise.resolve(this.own.has(person) || this.known.has(person));
    }
}

export function newKey(): TestKey {
    const pair = createSignKeyPair();
    return { hex: uint8ArrayToHex(pair.publicKey), pair };
}

/** Signs as anybody, with any key: what comes from peers need not be honest. */
export function signerWith(issuer: PersonId, { pair }: TestKey): Signer {
    return { issuer, sign: data => sign(data, pair.secretKey) };
}
