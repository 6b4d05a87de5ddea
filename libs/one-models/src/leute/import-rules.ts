// What is taken over from peers (spec 60 §9.1). Deployed instances take over everything; then one version of
// `Someone{me}` makes another person of me, and everybody writes my profiles.
//
//   Leute, Someone, GroupProfile    from nobody: they are the local bookkeeping of their instance
//   OwnDevice, DeviceRevocation     from my own devices, and from the owner that they name: what strangers say in my
//                                   name proves nothing, but each costs a look whenever trust is decided
//   Profile                         from its owner, and from my own devices; from others only if the owner is neither
//                                   me nor somebody whom I know, and has not said anything yet itself
//   everything else                 as its own rules say
import {
    getAllEntries,
    type IncomingObject,
    type IncomingVersion,
    type ObjectReader,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { MAX_OWNER_CLAIMS } from '../limits.ts';
import type { Profile } from '../recipes/people-recipes.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import { isHearsay, wasMet, type Owners } from './hearsay.ts';

type PersonId = SHA256IdHash<Person>;

const LOCAL_TYPES = new Set(['Leute', 'Someone', 'GroupProfile']);
const DEVICE_TYPES = new Set(['OwnDevice', 'DeviceRevocation']);

export interface ImportRulesOptions {
    readonly objects: ObjectReader;
    readonly owners: Owners;
    readonly trust: Pick<TrustedKeys, 'getTrustedKeysForPerson'>;
}

export class ImportRules {
    readonly #objects: ObjectReader;
    readonly #owners: Owners;
    readonly #trust: ImportRulesOptions['trust'];

    constructor({ objects, owners, trust }: ImportRulesOptions) {
        this.#objects = objects;
        this.#owners = owners;
        this.#trust = trust;
    }

    /** Of everything that is new here, wherever it stands in what a peer sends. */
    acceptsObject({ obj, from }: IncomingObject): boolean | Promise<boolean> {
        const { $type$: type } = obj;
        if (DEVICE_TYPES.has(type))
            return this.#acceptsStatement(obj['owner'] as PersonId, obj['device'] as PersonId, from as PersonId);
        return !LOCAL_TYPES.has(type);
    }

    async acceptsVersion({ obj, idHash, from }: IncomingVersion): Promise<boolean> {
        if (LOCAL_TYPES.has(obj.$type$)) return false;
        if (obj.$type$ !== 'Profile') return true;
        const owner = obj['owner'] as PersonId;
        const sender = from as PersonId;
        return (
            owner === sender ||
            (await this.#owners.isMine(sender)) ||
            (await this.#acceptsPassedOn(owner, idHash as SHA256IdHash<Profile>))
        );
    }

    async #acceptsStatement(owner: PersonId, device: PersonId, sender: PersonId): Promise<boolean> {
        if (await this.#owners.isMine(sender)) return true;
        // Who owns me is what an owner tells me first; nobody needs to tell it a hundred times.
        return owner === sender && (await this.#claimsOf(device)) < MAX_OWNER_CLAIMS;
    }

    async #claimsOf(device: PersonId): Promise<number> {
        return (await getAllEntries(this.#objects, device, 'OwnDevice')).length;
    }

    /**
     * Contacts may be passed on, and what is new of them, too. But nobody speaks for me, nor for those whom I know
     * myself; and when an owner, or a device of mine, has said something, what is passed on by others does not count
     * any more.
     */
    async #acceptsPassedOn(owner: PersonId, idHash: SHA256IdHash<Profile>): Promise<boolean> {
        if ((await this.#owners.isMine(owner)) || (await wasMet(this.#objects, owner))) return false;
        if ((await this.#trust.getTrustedKeysForPerson(owner)).length > 0) return false;
        return isHearsay(this.#objects, this.#owners, owner, idHash);
    }
}
