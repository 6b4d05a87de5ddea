// Issuing certificates (spec 32-B.4). To pass one on, its signature is granted: certificate, license and data are parts
// of it.
import { ensureHash, type ObjectTransaction, type Typed } from '@refinio/one.core';
import type {
    AffirmationCertificate,
    CertificateOf,
    CertificateType,
    License,
    Signature,
} from '../recipes/trust-recipes.ts';
import { storeObject } from '../typed-objects.ts';
import { licenses } from './licenses.ts';
import { signIn, type Named } from './signatures.ts';
import type { Signer } from './signer.ts';
import { TrustError } from './trust-errors.ts';

/** What a certificate says, besides its license. */
export type CertificateItems<T extends CertificateType> = Omit<CertificateOf<T>, '$type$' | 'license'>;

/** What `certifyIn` has stored. */
export interface Certified<C> {
    readonly license: Named<License>;
    readonly certificate: Named<C>;
    readonly signature: Named<Signature>;
}

/**
 * Stores license, certificate and signature, in this order.
 * @throws TrustError `CERTIFICATE_TYPE_UNKNOWN` @throws ObjectRefusedError for items that do not fit the type
 */
export async function certifyIn<T extends CertificateType>(
    objects: ObjectTransaction,
    type: T,
    items: CertificateItems<T>,
    signer: Signer,
): Promise<Certified<CertificateOf<T>>> {
    if (!Object.hasOwn(licenses, type))
        throw new TrustError('CERTIFICATE_TYPE_UNKNOWN', `"${type}" is no type of certificates.`);
    const license = licenses[type];
    const licenseHash = await storeObject(objects, license);
    // The items are those of the type, and its recipe is checked when it is written.
    const certificate = { ...items, $type$: type, license: licenseHash } as unknown as CertificateOf<T>;
    const hash = await storeObject(objects, certificate);
    return {
        license: { obj: license, hash: licenseHash },
        certificate: { obj: certificate, hash },
        signature: await signIn(objects, hash, signer),
    };
}

/** The issuer vouches for an object. @returns the signature of the certificate */
export async function affirmIn(
    objects: ObjectTransaction,
    dataHash: string,
    signer: Signer,
): Promise<Named<Signature>> {
    const items: CertificateItems<AffirmationCertificate['$type$']> = { data: ensureHash<Typed>(dataHash) };
    return (await certifyIn(objects, 'AffirmationCertificate', items, signer)).signature;
}
