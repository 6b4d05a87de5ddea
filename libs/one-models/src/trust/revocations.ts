// Who may say that the keys of a device are never to be trusted again (DESIGN §1.1).
//
// A revocation works against everything that certificates say, so that it must not be everybody's. It counts if
//
//   1. its `owner` has signed it, and is one of my identities or an owner that this device has accepted: one that an
//      `OwnDevice` names as the owner of one of my identities, signed by that owner with a trusted key *and* by this
//      identity with a root key. The owner's signature alone does not do: any contact can name himself the owner of my
//      device, or of that of a friend.
//   2. The key that signed it is trusted. Those of my identities with root keys are looked at first; what they revoke
//      is not trusted when the others are looked at. Among the others nobody silences anybody: keys that revoke each
//      other are all revoked, because one of the two holders is a thief, and which one cannot be told.
//   3. Root keys of this device are spared, unless my main identity has signed with a root key: an archive whose owner
//      signs for a thief must not make a device deaf to its own person.
//
// It counts for all keys that its `Keys` object names, whosever profile they stand in, and also if no `OwnDevice` is
// there: that may come later, or never. There is no way back; a device that was revoked by mistake becomes a new
// person. Revocations by anybody else mean nothing, and are not taken over from strangers. What cannot be read makes
// evaluation fail instead of leaving a key trusted.
import { KeysRecipe, type Keys, type Person, type SHA256Hash, type SHA256IdHash } from '@refinio/one.core';
import { MAX_REVOCATIONS } from '../limits.ts';
import { DeviceRevocationRecipe, OwnDeviceRecipe, type DeviceRevocation } from '../recipes/device-recipes.ts';
import { readAs } from '../typed-objects.ts';
import type { Limited, TrustFacts } from './trust-facts.ts';
import type { TrustNode } from './trust-graph.ts';

/** A revocation that counts. */
export interface Revocation {
    readonly revocation: DeviceRevocation;
    readonly revocationHash: SHA256Hash<DeviceRevocation>;
    /** The revoked keys, those of encryption included. */
    readonly keys: Keys;
}

export interface Revocations {
    readonly list: readonly Revocation[];
    /** Signing keys that are not trusted because of them; hexadecimal. */
    readonly keys: ReadonlySet<string>;
    /** Some were not looked at: nothing but root keys can be trusted. */
    readonly limited: boolean;
}

type OwnerId = SHA256IdHash<Person>;
/** Whether a key is trusted as the key of a person. */
export type IsTrusted = (node: TrustNode) => Promise<boolean>;

/** Those that my identities have signed with root keys. */
export async function ownRevocations(facts: TrustFacts): Promise<Revocations> {
    const [list, keys, roots] = [[] as Revocation[], new Set<string>(), await allRootKeys(facts)];
    const main = await facts.mainIdentity();
    let limited = false;
    for (const owner of await facts.ownIdentities()) {
        const rootKeys = await facts.rootKeys(owner);
        const signed = await signedRevocations(facts, owner, rootKeys, isRootKey);
        limited ||= signed.limited;
        for (const revocation of signed.found) {
            const key = revocation.keys.publicSignKey;
            if (owner === main || !roots.has(key)) keys.add(key);
            list.push(revocation);
        }
    }
    return { list, keys, limited };
}

/** All that count. @param isTrusted whether a key is trusted after those by root keys were taken into account */
export async function allRevocations(facts: TrustFacts, own: Revocations, isTrusted: IsTrusted): Promise<Revocations> {
    const [list, keys, roots] = [[...own.list], new Set(own.keys), await allRootKeys(facts)];
    let { limited } = own;
    const accepted = await acceptedOwners(facts, isTrusted);
    limited ||= accepted.limited;
    for (const owner of new Set([...(await facts.ownIdentities()), ...accepted.found])) {
        const signed = await signedRevocations(facts, owner, (await facts.keysOf(owner)).found, isTrusted);
        limited ||= signed.limited;
        for (const revocation of signed.found) {
            if (list.some(({ revocationHash }) => revocationHash === revocation.revocationHash)) continue;
            if (!roots.has(revocation.keys.publicSignKey)) keys.add(revocation.keys.publicSignKey);
            list.push(revocation);
        }
    }
    return { list, keys, limited };
}

/** Revocations that name an owner and were signed by it with one of these keys. */
async function signedRevocations(
    facts: TrustFacts,
    owner: OwnerId,
    keys: readonly string[],
    isTrusted: IsTrusted,
): Promise<Limited<readonly Revocation[]>> {
    const { objects } = facts.sources;
    const entries = await facts.entries(owner, 'DeviceRevocation');
    const list: Revocation[] = [];
    for (const entry of entries) {
        // First: what anybody has stored without a signature is not even read, and does not count for the bound.
        if (!(await isSigned(facts, entry, owner, keys, isTrusted))) continue;
        if (list.length === MAX_REVOCATIONS) return { found: list, limited: true };
        const revocation = await readAs(objects, DeviceRevocationRecipe, entry);
        if (revocation.owner !== owner) continue;
        const revoked = await readAs(objects, KeysRecipe, revocation.keysHash);
        list.push({ revocation, revocationHash: entry as SHA256Hash<DeviceRevocation>, keys: revoked });
    }
    return { found: list, limited: false };
}

/** Owners of this device that it has accepted itself. */
export async function acceptedOwners(facts: TrustFacts, isTrusted: IsTrusted): Promise<Limited<readonly OwnerId[]>> {
    const found: OwnerId[] = [];
    for (const me of await facts.ownIdentities()) {
        const rootKeys = await facts.rootKeys(me);
        for (const entry of await facts.entries(me, 'OwnDevice')) {
            if (!(await isSigned(facts, entry, me, rootKeys, isRootKey))) continue;
            if (found.length === MAX_REVOCATIONS) return { found, limited: true };
            const { owner, device } = await readAs(facts.sources.objects, OwnDeviceRecipe, entry);
            if (device !== me) continue;
            if (await isSigned(facts, entry, owner, (await facts.keysOf(owner)).found, isTrusted)) found.push(owner);
        }
    }
    return { found, limited: false };
}

/**
 * Whether an issuer has signed something with one of these keys that is trusted.
 * @throws if a signature cannot be read
 */
export async function isSigned(
    facts: TrustFacts,
    hash: string,
    issuer: OwnerId,
    keys: readonly string[],
    isTrusted: IsTrusted,
): Promise<boolean> {
    facts.note(hash, 'Signature');
    for (const key of await facts.sources.signatures.keysThatSigned(hash, issuer, keys))
        if (await isTrusted({ person: issuer, key })) return true;
    return false;
}

/** Where only root keys are asked for. */
const isRootKey: IsTrusted = () => Promise.resolve(true);

async function allRootKeys(facts: TrustFacts): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    for (const own of await facts.ownIdentities()) for (const key of await facts.rootKeys(own)) keys.add(key);
    return keys;
}
