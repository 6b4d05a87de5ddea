import { ignoreBroken, type Keys, type Person, type SHA256Hash, type SHA256IdHash } from '@refinio/one.core';
import { DeviceRevocationRecipe, OwnDeviceRecipe, type DeviceRevocation } from '../recipes/device-recipes.ts';
import { readAs } from '../typed-objects.ts';
import { findObject } from './find-object.ts';
import { isSigned, type IsTrusted, type Revocations } from './revocations.ts';
import type { TrustFacts } from './trust-facts.ts';
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
    readonly #keys: TrustedKeys;

    constructor(trustedKeys: TrustedKeys) {
        this.#keys = trustedKeys;
    }

    /** In the order of storing, revoked ones included. */
    ownDevices(owner: PersonId): Promise<readonly OwnDeviceState[]> {
        return this.#keys.decisions.ownDevices(owner);
    }

    /** Whether a person is a device of the owner that is not revoked. */
    async isOwnDevice(device: PersonId, owner: PersonId): Promise<boolean> {
        const states = (await this.ownDevices(owner)).filter(each => each.device === device);
        return states.length > 0 && states.every(({ revokedAt }) => revokedAt === undefined);
    }
}

/** Those that an owner has signed with a trusted key, in the order of storing. */
export async function readOwnDevices(
    facts: TrustFacts,
    owner: PersonId,
    { list }: Revocations,
    isTrusted: IsTrusted,
): Promise<readonly OwnDeviceState[]> {
    const { objects } = facts.sources;
    const { found: keys } = await facts.keysOf(owner);
    const revocations = [...list.map(({ revocation }) => revocation), ...(await readList(facts, owner, isTrusted))];
    const devices: OwnDeviceState[] = [];
    for (const entry of await facts.entries(owner, 'OwnDevice')) {
        // A signature that cannot be read only makes a device none.
        if (!(await isSigned(facts, entry, owner, keys, isTrusted).catch(ignoreBroken))) continue;
        const own = await findObject(objects, OwnDeviceRecipe, entry);
        if (own?.owner !== owner) continue;
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

/** By these an owner shortens its own list, also where they count for nothing else. */
async function readList(facts: TrustFacts, owner: PersonId, isTrusted: IsTrusted): Promise<DeviceRevocation[]> {
    const revocations: DeviceRevocation[] = [];
    const { found: keys } = await facts.keysOf(owner);
    for (const entry of await facts.entries(owner, 'DeviceRevocation')) {
        if (!(await isSigned(facts, entry, owner, keys, isTrusted))) continue;
        const revocation = await readAs(facts.sources.objects, DeviceRevocationRecipe, entry);
        if (revocation.owner === owner) revocations.push(revocation);
    }
    return revocations;
}
