// What is signed about own devices (DESIGN §1.1). Who believes it, and who may revoke, stands in `revocations.ts`.
import {
    ensureHash,
    KeysRecipe,
    type Keys,
    type ObjectTransaction,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import { OwnDeviceRecipe, type DeviceRevocation, type OwnDevice } from '../recipes/device-recipes.ts';
import type { Signature } from '../recipes/trust-recipes.ts';
import { readAs, storeObject } from '../typed-objects.ts';
import { signIn, type Named } from './signatures.ts';
import type { Signer } from './signer.ts';
import { TrustError } from './trust-errors.ts';

/** A device and the human being it belongs to. */
export interface NewOwnDevice extends DeviceKeys {
    readonly kind: 'archive' | 'browser';
    /** Milliseconds since 1970. */
    readonly created: number;
}

export interface NewDeviceRevocation extends DeviceKeys {
    /** Milliseconds since 1970. */
    readonly at: number;
    /** For people. */
    readonly reason: string;
}

interface DeviceKeys {
    readonly owner: SHA256IdHash<Person>;
    readonly device: SHA256IdHash<Person>;
    /** Of the person `device`. */
    readonly keysHash: SHA256Hash<Keys>;
}

/** The owner states that a device is one of its own. @throws TrustError `SIGNER_IS_ANOTHER`, `KEYS_OF_ANOTHER` */
export async function certifyOwnDeviceIn(
    objects: ObjectTransaction,
    device: NewOwnDevice,
    signer: Signer,
): Promise<{ readonly ownDevice: Named<OwnDevice>; readonly signature: Named<Signature> }> {
    await ensureOwnerAndKeys(objects, device, signer);
    const { owner, device: person, keysHash, kind, created } = device;
    const obj: OwnDevice = { $type$: 'OwnDevice', owner, device: person, keysHash, kind, created };
    const hash = await storeObject(objects, obj);
    return { ownDevice: { obj, hash }, signature: await signIn(objects, hash, signer) };
}

/**
 * A device accepts who owns it, and with that what the owner revokes, by signing the owner's statement, too.
 * @throws TrustError `SIGNER_IS_ANOTHER` if the statement is about another device
 */
export async function acceptOwnerIn(
    objects: ObjectTransaction,
    ownDevice: SHA256Hash<OwnDevice>,
    signer: Signer,
): Promise<Named<Signature>> {
    const { device } = await readAs(objects, OwnDeviceRecipe, ownDevice);
    ensureSigner(device, signer, 'accept the owner of a device');
    return signIn(objects, ensureHash(ownDevice), signer);
}

/** The owner states that a device, with its keys, is none of its own any more. @throws as `certifyOwnDeviceIn` */
export async function revokeDeviceIn(
    objects: ObjectTransaction,
    revocation: NewDeviceRevocation,
    signer: Signer,
): Promise<{ readonly revocation: Named<DeviceRevocation>; readonly signature: Named<Signature> }> {
    await ensureOwnerAndKeys(objects, revocation, signer);
    const { owner, device, keysHash, at, reason } = revocation;
    const obj: DeviceRevocation = { $type$: 'DeviceRevocation', device, owner, at, reason, keysHash };
    const hash = await storeObject(objects, obj);
    return { revocation: { obj, hash }, signature: await signIn(objects, hash, signer) };
}

async function ensureOwnerAndKeys(objects: ObjectTransaction, device: DeviceKeys, signer: Signer): Promise<void> {
    ensureSigner(device.owner, signer, 'speak for the owner of a device');
    // Keys that are not stored could be neither told to peers nor refused.
    const { owner } = await readAs(objects, KeysRecipe, device.keysHash);
    if (owner !== (device.device as unknown))
        throw new TrustError(
            'KEYS_OF_ANOTHER',
            `The keys ${device.keysHash.slice(0, 8)}… are not those of the device.`,
        );
}

function ensureSigner(person: SHA256IdHash<Person>, { issuer }: Signer, what: string): void {
    if (issuer !== person)
        throw new TrustError(
            'SIGNER_IS_ANOTHER',
            `Only ${person.slice(0, 8)}… can ${what}, but ${issuer.slice(0, 8)}… would sign.`,
        );
}
