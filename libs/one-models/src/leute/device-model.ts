import {
    createAccessIn,
    ensureHash,
    getAllEntries,
    JournalFollower,
    Slots,
    type AccessRequest,
    type JournalEntry,
    type Keys,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import { OneEvent } from '../one-event.ts';
import { OwnDeviceRecipe } from '../recipes/device-recipes.ts';
import { SignatureRecipe } from '../recipes/trust-recipes.ts';
import { acceptOwnerIn, certifyOwnDeviceIn, revokeDeviceIn } from '../trust/certify-device.ts';
import { OwnDevices, type OwnDeviceState } from '../trust/own-devices.ts';
import { getSignatures } from '../trust/signatures.ts';
import { createSigner } from '../trust/signer.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import { readAs } from '../typed-objects.ts';
import { removeGrantsOf } from './device-grants.ts';
import { grantLocalProfile, ownInstanceOf, setOwnUrlsIn, type OwnUrls } from './own-endpoints.ts';
import { IOM_ID } from './well-known.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import type { People } from './people.ts';

const SIGNATURE_FRAME = '<div itemscope itemtype="//refin.io/Signature">';
const REVOCATION_FRAME = '<div itemscope itemtype="//refin.io/DeviceRevocation">';
const OWN_DEVICE_FRAME = '<div itemscope itemtype="//refin.io/OwnDevice">';

/**
 * The devices that belong to the same human being as the main identity (DESIGN §1.1). Revoking one takes back, in the
 * same commit, all that was granted to it here; a revocation that arrives from elsewhere does so when it is taken over.
 */
export class DeviceModel {
    /** Told when grants of a device were taken back: sessions with it have to end, and its keys are refused. */
    readonly onRevoked = new OneEvent<[device: SHA256IdHash<Person>]>();
    readonly #one: OneInstance;
    readonly #people: People;
    readonly #trust: TrustedKeys;
    readonly #devices: OwnDevices;
    /** Who is told of what depends on who was there before: one call after the other. */
    readonly #turn = new Slots(1);
    /** In the transaction that runs just now. */
    readonly #certifying = new Set<SHA256IdHash<Person>>();
    /** Devices whose revocation was told since the start. */
    readonly #told = new Set<string>();

    constructor(one: OneInstance, people: People, trust: TrustedKeys) {
        this.#one = one;
        this.#people = people;
        this.#trust = trust;
        this.#devices = new OwnDevices(trust);
    }

    /** Of the main identity, or of another owner; revoked ones included. */
    async list(owner?: SHA256IdHash<Person>): Promise<readonly OwnDeviceState[]> {
        return this.#devices.ownDevices(owner ?? (await this.#people.mainIdentity()));
    }

    async isOwn(device: SHA256IdHash<Person>): Promise<boolean> {
        return this.#devices.isOwnDevice(device, await this.#people.mainIdentity());
    }

    /**
     * Whether a person is me: one of my identities or devices, or the owner that this device has accepted, or a device
     * of it.
     */
    async isMine(person: SHA256IdHash<Person>): Promise<boolean> {
        const own = await this.#people.ownIdentities();
        if (own.has(person)) return true;
        for (const owner of [await this.#people.mainIdentity(), ...(await this.#acceptedOwners(own))])
            if (person === owner || (await this.#devices.isOwnDevice(person, owner))) return true;
        return false;
    }

    /** Whether the person is a device that was revoked: nothing may be granted to it. */
    async isRevoked(device: SHA256IdHash<Person>): Promise<boolean> {
        return (await this.#trust.revocations()).some(({ revocation }) => revocation.device === device);
    }

    /**
     * Makes a device one of the main identity's. It and the others are told of each other.
     * @param keysHash of the person `device`
     * @throws TrustError `KEYS_OF_ANOTHER`; LeuteError `DEVICE_REVOKED`
     */
    certify(device: SHA256IdHash<Person>, keysHash: SHA256Hash<Keys>, kind: 'archive' | 'browser'): Promise<void> {
        return this.#turn.run(() => this.#certify(device, keysHash, kind));
    }

    async #certify(
        device: SHA256IdHash<Person>,
        keysHash: SHA256Hash<Keys>,
        kind: 'archive' | 'browser',
    ): Promise<void> {
        const { keyChain, objects } = this.#one;
        const owner = await this.#people.mainIdentity();
        const others = await this.#current(owner);
        const known = [
            ...(await this.#signaturesBy(owner, 'OwnDevice')),
            ...(await this.#signaturesBy(owner, 'DeviceRevocation')),
        ];
        using signer = await createSigner(keyChain, owner);
        await objects.transact(async transaction => {
            this.#certifying.add(device);
            try {
                const own = { owner, device, keysHash, kind, created: objects.now() };
                const { signature } = await certifyOwnDeviceIn(transaction, own, signer);
                await createAccessIn(transaction, [
                    { object: signature.hash, person: [device, ...others], mode: 'add' },
                    ...known.map(object => ({ object, person: [device], mode: 'add' as const })),
                ]);
                await grantLocalProfile(transaction, owner, [device]);
            } finally {
                this.#certifying.delete(device);
            }
        });
    }

    /** Whether a grant may tell what only own devices may know. */
    async isForOwnDevices({ person = [], group = [] }: AccessRequest): Promise<boolean> {
        if (group.some(each => each !== IOM_ID)) return false;
        for (const each of person as readonly SHA256IdHash<Person>[])
            if (!this.#certifying.has(each) && !(await this.isMine(each))) return false;
        return true;
    }

    /**
     * Where this instance is reached: replaces its endpoints in the default profile, and in the profile `local`, which
     * is granted to own devices only.
     * @throws IdentityError if the main identity has no instance on this device
     */
    setOwnEndpointUrls(urls: OwnUrls): Promise<void> {
        return this.#turn.run(async () => {
            const owner = await this.#people.mainIdentity();
            const instance = await ownInstanceOf(this.#one, owner);
            const devices = await this.#current(owner);
            await this.#one.objects.transact(objects => setOwnUrlsIn(objects, instance, urls, devices));
        });
    }

    /**
     * This device accepts its owner, and what the owner revokes.
     * @throws LeuteError `DEVICE_UNKNOWN` if the owner has not certified it
     */
    async accept(owner: SHA256IdHash<Person>): Promise<void> {
        const { keyChain, objects, owner: device } = this.#one;
        using signer = await createSigner(keyChain, device);
        let accepted = false;
        const keysHash = await keyChain.getDefaultKeys(device);
        const isCertified = await this.#devices.isOwnDevice(device, owner);
        for (const hash of await getAllEntries(objects, device, 'OwnDevice')) {
            const own = await readAs(objects, OwnDeviceRecipe, hash);
            const isMine = own.device === device && own.owner === owner && own.keysHash === keysHash;
            if (!isCertified || !isMine) continue;
            await objects.transact(transaction => acceptOwnerIn(transaction, ensureHash(hash), signer));
            accepted = true;
        }
        if (!accepted)
            throw new LeuteError('DEVICE_UNKNOWN', `The person ${owner.slice(0, 8)}… has not made this device its own`);
    }

    /** The other devices are told. @throws LeuteError `DEVICE_UNKNOWN` */
    revoke(device: SHA256IdHash<Person>, reason: string): Promise<void> {
        return this.#turn.run(() => this.#revoke(device, reason));
    }

    async #revoke(device: SHA256IdHash<Person>, reason: string): Promise<void> {
        const { keyChain, objects } = this.#one;
        const owner = await this.#people.mainIdentity();
        if (device === owner || (await this.#people.ownIdentities()).has(device))
            throw new LeuteError('DEVICE_IS_THIS', 'This device cannot revoke itself: do it on another one');
        const states = (await this.list(owner)).filter(each => each.device === device);
        if (states.length === 0)
            throw new LeuteError('DEVICE_UNKNOWN', `The person ${device.slice(0, 8)}… is none of your devices`);
        const others = (await this.#current(owner)).filter(each => each !== device);
        using signer = await createSigner(keyChain, owner);
        await objects.transact(async transaction => {
            for (const { keysHash } of states) {
                const revocation = { owner, device, keysHash, at: objects.now(), reason };
                const { signature } = await revokeDeviceIn(transaction, revocation, signer);
                await createAccessIn(transaction, [{ object: signature.hash, person: others, mode: 'add' }]);
            }
            await removeGrantsOf(transaction, device);
        });
        this.#tell(device);
    }

    /** What revoked devices still have here: at each start, as trust in who has revoked them may be younger. */
    async takeBack(): Promise<void> {
        const revocations = await this.#trust.revocations();
        if (revocations.length > 0)
            await this.#one.objects.transact(async objects => {
                for (const { revocation } of revocations)
                    if ((await removeGrantsOf(objects, revocation.device)) > 0)
                        objects.transaction.whenDurable(() => this.#tell(revocation.device));
            });
    }

    /** Does on this device what a revocation from elsewhere demands. */
    follow(onError: (error: unknown) => void): JournalFollower {
        const handle = async (objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> => {
            if (!(await tellsOfRevocation(objects, entries))) return;
            for (const { revocation } of await this.#trust.revocations()) {
                const { device } = revocation;
                const removed = await removeGrantsOf(objects, device);
                if (removed === 0 && this.#told.has(device)) continue;
                objects.transaction.whenDurable(() => this.#tell(device));
            }
        };
        return JournalFollower.start({ objects: this.#one.objects, name: 'devices', handle, onError });
    }

    /** Owners that this device has accepted, and that have not revoked it since. */
    async #acceptedOwners(own: ReadonlySet<SHA256IdHash<Person>>): Promise<SHA256IdHash<Person>[]> {
        const owners: SHA256IdHash<Person>[] = [];
        for (const owner of await this.#trust.acceptedOwners())
            for (const me of own)
                if (!owners.includes(owner) && (await this.#devices.isOwnDevice(me, owner))) owners.push(owner);
        return owners;
    }

    #tell(device: SHA256IdHash<Person>): void {
        this.#told.add(device);
        this.onRevoked.emit(device);
    }

    async #current(owner: SHA256IdHash<Person>): Promise<SHA256IdHash<Person>[]> {
        const states = await this.list(owner);
        return states.filter(({ revokedAt }) => revokedAt === undefined).map(({ device }) => device);
    }

    /** Signatures of what an owner has said of a type. */
    async #signaturesBy(owner: SHA256IdHash<Person>, type: 'OwnDevice' | 'DeviceRevocation'): Promise<string[]> {
        const { objects } = this.#one;
        const hashes: string[] = [];
        for (const entry of await getAllEntries(objects, owner, type))
            for (const { hash } of await getSignatures(objects, entry, owner)) hashes.push(hash);
        return hashes;
    }
}

/**
 * A revocation may come before its signature, or before its owner is accepted. Most signatures are of something else.
 */
async function tellsOfRevocation(objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<boolean> {
    const isOfDevice = async (hash: string): Promise<boolean> => {
        const text = await objects.findText(hash).catch(ignoreBroken);
        return text !== undefined && (text.startsWith(REVOCATION_FRAME) || text.startsWith(OWN_DEVICE_FRAME));
    };
    for (const { kind, hash } of entries.flatMap(({ records }) => records)) {
        if (kind !== 'object') continue;
        const text = await objects.findText(hash).catch(ignoreBroken);
        if (text?.startsWith(REVOCATION_FRAME) === true) return true;
        if (text?.startsWith(SIGNATURE_FRAME) !== true) continue;
        const { data } = objects.microdata.parseAs(SignatureRecipe, text);
        if (await isOfDevice(data)) return true;
    }
    return false;
}
