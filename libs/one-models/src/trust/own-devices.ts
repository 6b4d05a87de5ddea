import {
    getAllEntries,
    type Keys,
    type ObjectReader,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import { DeviceRevocationRecipe, OwnDeviceRecipe, type DeviceRevocation } from '../recipes/device-recipes.ts';
import { readAs } from '../typed-objects.ts';
import { findObject } from './find-object.ts';
import { getSignatures, getSignaturesOrThrow } from './signatures.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** A device of a human being. */
export interface OwnDeviceState {
    readonly device: SHA256IdHash<Person>;
    readonly keysHash: SHA256Hash<Keys>;
    readonly kind: string;
    /** Milliseconds since 1970. */
    readonly created: number;
    /** Milliseconds since 1970; absent if it is still an own one. */
    readonly revokedAt?: number;
    readonly reason?: string;
}

type PersonId = SHA256IdHash<Person>;

/** The devices of owners, as the owners have signed it with trusted keys. */
export class OwnDevices {
    readonly #objects: ObjectReader;
    readonly #keys: TrustedKeys;

    constructor({ objects }: Pick<OneInstance, 'objects'>, trustedKeys: TrustedKeys) {
        this.#objects = objects;
        this.#keys = trustedKeys;
    }

    /** In the order of storing, revoked ones included. */
    async ownDevices(owner: PersonId): Promise<OwnDeviceState[]> {
        const revocations = await this.#revocationsFor(owner);
        const devices: OwnDeviceState[] = [];
        for (const entry of await getAllEntries(this.#objects, owner, 'OwnDevice')) {
            const own = await findObject(this.#objects, OwnDeviceRecipe, entry);
            if (own?.owner !== owner || !(await this.#isSigned(entry, owner))) continue;
            const { device, keysHash, kind, created } = own;
            const revoked = revocations
                .filter(each => each.device === device || each.keysHash === keysHash)
                .sort((a, b) => a.at - b.at)[0];
            devices.push({
                ...{ device, keysHash, kind, created },
                ...(revoked !== undefined && { revokedAt: revoked.at, reason: revoked.reason }),
            });
        }
        return devices;
    }

    /** Whether a person is a device of the owner that is not revoked. */
    async isOwnDevice(device: PersonId, owner: PersonId): Promise<boolean> {
        const states = (await this.ownDevices(owner)).filter(each => each.device === device);
        return states.length > 0 && states.every(({ revokedAt }) => revokedAt === undefined);
    }

    /** Those that count here, and all by which an owner shortens its own list. */
    async #revocationsFor(owner: PersonId): Promise<DeviceRevocation[]> {
        const revocations = (await this.#keys.revocations()).map(({ revocation }) => revocation);
        for (const entry of await getAllEntries(this.#objects, owner, 'DeviceRevocation')) {
            const revocation = await readAs(this.#objects, DeviceRevocationRecipe, entry);
            if (revocation.owner !== owner) continue;
            for (const { obj } of await getSignaturesOrThrow(this.#objects, entry, owner))
                if (await this.#keys.verifySignatureWithTrustedKeys(obj)) revocations.push(revocation);
        }
        return revocations;
    }

    async #isSigned(hash: string, owner: PersonId): Promise<boolean> {
        for (const { obj } of await getSignatures(this.#objects, hash, owner))
            if (await this.#keys.verifySignatureWithTrustedKeys(obj)) return true;
        return false;
    }
}
