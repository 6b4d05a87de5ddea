// A certificate is about one version of a profile (spec 32-C.5 #1). Here, an older one does as well: its version stays
// in the history. A peer that meets the profile later takes over its newest version only (spec 21 §9), and for it the
// keys would not be trusted any more. So what I have certified and shared is certified, and shared with the same, for
// newer versions: that the keys are those of the person, as long as there are no other ones among them, and what a
// person of mine says of itself.
import {
    AccessRecipe,
    createAccessIn,
    ensureHash,
    getAllEntries,
    GroupRecipe,
    IdAccessRecipe,
    shownBy,
    type Access,
    type ObjectReader,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { ProfileRecipe, type Profile } from '../recipes/people-recipes.ts';
import { AffirmationCertificateRecipe, TrustKeysCertificateRecipe } from '../recipes/trust-recipes.ts';
import { certifyIn } from '../trust/certificates.ts';
import { findObject } from '../trust/find-object.ts';
import { newestVersions, versionsFrom } from '../trust/newest-versions.ts';
import { isSignKey } from '../trust/profile-versions.ts';
import { getSignatures } from '../trust/signatures.ts';
import { createSigner } from '../trust/signer.ts';
import { currentAs, readAs, type Version } from '../typed-objects.ts';
import { IOM_ID } from './well-known.ts';

/** Certificates about one version, and their signatures, that are looked through. */
const MAX_LOOKED_AT = 100;

type CertificateType = 'TrustKeysCertificate' | 'AffirmationCertificate';

interface Shared {
    readonly type: CertificateType;
    readonly issuer: SHA256IdHash<Person>;
    readonly with: Access;
}

/** @param steps how many versions there are more of it since this was done */
export async function renewCertificates(
    { keyChain }: Pick<OneInstance, 'keyChain'>,
    objects: ObjectTransaction,
    { idHash, obj: { owner } }: Version<Profile>,
    steps: number,
): Promise<void> {
    const versions = await versionsFrom(objects, idHash, 2 * steps + 3);
    if (versions.length < 2) return;
    const newest = await newestVersions(objects, idHash);
    for (const certified of versions) {
        if (newest.includes(certified) && newest.length === 1) continue;
        for (const { type, issuer, with: access } of await sharedCertificates(objects, certified, owner)) {
            if ((await keyChain.findDefaultKeys(issuer)) === undefined) continue;
            using signer = await createSigner(keyChain, issuer);
            for (const target of newest) {
                if (target === certified || (await hasOtherKeys(objects, target, certified))) continue;
                // What another device has written is for it to affirm.
                if (type === 'AffirmationCertificate' && (await shownBy(objects.transaction, target)).length > 0)
                    continue;
                const version = ensureHash<Profile>(target);
                const { signature } =
                    type === 'TrustKeysCertificate'
                        ? await certifyIn(objects, type, { profile: version }, signer)
                        : await certifyIn(objects, type, { data: version }, signer);
                const request = { object: signature.hash, ...(await visibleTo(objects, idHash, access)) };
                await createAccessIn(objects, [{ ...request, mode: 'add' }]);
            }
        }
    }
}

/** Signed by whom it may be renewed for, and granted to somebody. Nobody else grants anything here. */
async function sharedCertificates(
    objects: ObjectTransaction,
    version: string,
    owner: SHA256IdHash<Person>,
): Promise<Shared[]> {
    const shared: Shared[] = [];
    for (const recipe of [TrustKeysCertificateRecipe, AffirmationCertificateRecipe] as const)
        for (const entry of (await getAllEntries(objects, version, recipe.name)).slice(0, MAX_LOOKED_AT)) {
            const certificate = await findObject(objects, recipe, entry);
            const target = certificate?.$type$ === 'TrustKeysCertificate' ? certificate.profile : certificate?.data;
            if (target !== (version as unknown)) continue;
            for (const { obj, hash } of (await getSignatures(objects, entry)).slice(0, MAX_LOOKED_AT)) {
                const { issuer } = obj;
                if (recipe.name === 'AffirmationCertificate' && issuer !== owner) continue;
                const id = await objects.microdata.idHash({ $type$: 'Access', object: hash } as const);
                const access = (await currentAs(objects, AccessRecipe, id))?.obj;
                if (access !== undefined && access.person.length + access.group.length > 0)
                    shared.push({ type: recipe.name, issuer, with: access });
            }
        }
    return shared;
}

/** Of those who have a certificate, who may see the profile itself: a certificate brings along the version that it is about. */
async function visibleTo(
    objects: ObjectTransaction,
    profile: SHA256IdHash<Profile>,
    { person, group }: Access,
): Promise<Pick<Access, 'person' | 'group'>> {
    const id = { $type$: 'IdAccess', id: profile } as const;
    const access = (await currentAs(objects, IdAccessRecipe, await objects.microdata.idHash(id)))?.obj;
    const persons = new Set(access?.person);
    for (const each of access?.group ?? [])
        for (const member of (await currentAs(objects, GroupRecipe, each))?.obj.person ?? []) persons.add(member);
    return {
        person: person.filter(each => persons.has(each)),
        // The own identities are me.
        group: group.filter(each => each === IOM_ID || access?.group.includes(each)),
    };
}

/** Whether a version has keys of signing that another one has not. */
async function hasOtherKeys(objects: ObjectReader, version: string, than: string): Promise<boolean> {
    const known = new Set<string>((await readAs(objects, ProfileRecipe, than)).personDescription);
    for (const hash of (await readAs(objects, ProfileRecipe, version)).personDescription)
        if (!known.has(hash) && (await isSignKey(objects, hash))) return true;
    return false;
}
