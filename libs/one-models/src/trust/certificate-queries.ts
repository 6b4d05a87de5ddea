import {
    ignoreBroken,
    ensureHash,
    getAllEntries,
    InstanceRecipe,
    type AnyObject,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import type { CertificateOf, CertificateType, Signature } from '../recipes/trust-recipes.ts';
import { certificateRecipes } from '../recipes/trust-recipes.ts';
import { MAX_STATEMENTS_ABOUT } from '../limits.ts';
import { currentAs } from '../typed-objects.ts';
import { affirmIn, certifyIn, type CertificateItems, type Certified } from './certificates.ts';
import { findObject } from './find-object.ts';
import { getSignatures, type Named } from './signatures.ts';
import { createSigner, type Signer } from './signer.ts';
import type { KeyTrustInfo } from './trust-decisions.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** A certificate, or another signed object, with one of its signatures. */
export interface FoundCertificate<C> {
    readonly certificate: C;
    readonly certificateHash: SHA256Hash<C>;
    readonly signature: Signature;
    readonly signatureHash: SHA256Hash<Signature>;
    /** Whether a trusted key of the issuer made the signature. */
    readonly trusted: boolean;
    /** Absent if no key known of the issuer did. */
    readonly keyTrustInfo?: KeyTrustInfo;
}

type PersonId = SHA256IdHash<Person>;

/**
 * Issues certificates as people of this device, and finds those about something (spec 32-B.4, B.5): the oldest ones, if
 * somebody has stored very many.
 */
export class Certificates {
    readonly #one: OneInstance;
    readonly #keys: TrustedKeys;

    constructor(one: OneInstance, trustedKeys: TrustedKeys) {
        this.#one = one;
        this.#keys = trustedKeys;
    }

    /**
     * @param issuer default: the main identity
     * @throws TrustError `CERTIFICATE_TYPE_UNKNOWN`; as `createSigner`
     */
    certify<T extends CertificateType>(
        type: T,
        items: CertificateItems<T>,
        issuer?: PersonId,
    ): Promise<Certified<CertificateOf<T>>> {
        return this.#as(issuer, signer =>
            this.#one.objects.transact(objects => certifyIn(objects, type, items, signer)),
        );
    }

    /** As `certify`. @returns the signature of the certificate */
    affirm(dataHash: string, issuer?: PersonId): Promise<Named<Signature>> {
        return this.#as(issuer, signer => this.#one.objects.transact(objects => affirmIn(objects, dataHash, signer)));
    }

    /**
     * Certificates of a type that link to a target by anything, also by their license.
     * @param target hash or ID hash
     */
    async getCertificatesOfType<T extends CertificateType>(
        target: string,
        type: T,
    ): Promise<FoundCertificate<CertificateOf<T>>[]> {
        const recipe = certificateRecipes.find(({ name }) => name === type);
        if (recipe === undefined) return [];
        // The recipe is the one of this type.
        const read = (hash: string): Promise<CertificateOf<T> | undefined> =>
            findObject(this.#one.objects, recipe, hash) as Promise<CertificateOf<T> | undefined>;
        return this.#signed(target, type, read);
    }

    /** The same for all types whose reverse maps are enabled, in their order. Not only certificates are signed. */
    async getCertificates(target: string): Promise<FoundCertificate<AnyObject>[]> {
        const { objects, id, recipes } = this.#one;
        const instance = await currentAs(objects, InstanceRecipe, id);
        const found: FoundCertificate<AnyObject>[] = [];
        for (const type of instance?.obj.enabledReverseMapTypes.keys() ?? [])
            if (recipes.has(type))
                found.push(...(await this.#signed(target, type, hash => objects.read(hash).catch(ignoreBroken))));
        return found;
    }

    /** Issuers with a certificate about a target that bears a trusted signature. */
    async certifiedBy(target: string, type: CertificateType): Promise<PersonId[]> {
        const found = await this.getCertificatesOfType(target, type);
        return issuersOf(found.filter(({ certificate, trusted }) => trusted && isAbout(certificate, target)));
    }

    async isCertifiedBy(target: string, type: CertificateType, issuer: PersonId): Promise<boolean> {
        return (await this.certifiedBy(target, type)).includes(issuer);
    }

    async isCertifiedByAnyone(target: string, type: CertificateType): Promise<boolean> {
        return (await this.certifiedBy(target, type)).length > 0;
    }

    affirmedBy(dataHash: string): Promise<PersonId[]> {
        return this.certifiedBy(dataHash, 'AffirmationCertificate');
    }

    isAffirmedBy(dataHash: string, issuer: PersonId): Promise<boolean> {
        return this.isCertifiedBy(dataHash, 'AffirmationCertificate', issuer);
    }

    isAffirmedByAnyone(dataHash: string): Promise<boolean> {
        return this.isCertifiedByAnyone(dataHash, 'AffirmationCertificate');
    }

    /** Issuers who have signed an object itself with a trusted key. A certificate about it is no signature of it. */
    async signedBy(dataHash: string): Promise<PersonId[]> {
        const trusted: { signature: Signature }[] = [];
        for (const { obj } of await getSignatures(this.#one.objects, dataHash, undefined, MAX_STATEMENTS_ABOUT))
            if (await this.#keys.verifySignatureWithTrustedKeys(obj)) trusted.push({ signature: obj });
        return issuersOf(trusted);
    }

    async isSignedBy(dataHash: string, issuer: PersonId): Promise<boolean> {
        for (const { obj } of await getSignatures(this.#one.objects, dataHash, issuer, MAX_STATEMENTS_ABOUT))
            if (await this.#keys.verifySignatureWithTrustedKeys(obj)) return true;
        return false;
    }

    async #as<T>(issuer: PersonId | undefined, task: (signer: Signer) => Promise<T>): Promise<T> {
        const person = issuer ?? (await this.#keys.decisions.facts.mainIdentity());
        using signer = await createSigner(this.#one.keyChain, person);
        return await task(signer);
    }

    async #signed<C>(
        target: string,
        type: string,
        read: (hash: string) => Promise<C | undefined>,
    ): Promise<FoundCertificate<C>[]> {
        const { objects } = this.#one;
        const found: FoundCertificate<C>[] = [];
        let statements = 0;
        for (const entry of await getAllEntries(objects, target, type)) {
            if (statements++ > MAX_STATEMENTS_ABOUT) break;
            const most = Math.max(0, MAX_STATEMENTS_ABOUT - statements);
            const signatures = await getSignatures(objects, entry, undefined, most);
            statements += signatures.length;
            const certificate = signatures.length === 0 ? undefined : await read(entry);
            if (certificate === undefined) continue;
            for (const { obj: signature, hash: signatureHash } of signatures) {
                const keyTrustInfo = await this.#keys.findKeyThatVerifiesSignature(signature);
                found.push({
                    ...{ certificate, certificateHash: ensureHash<C>(entry), signature, signatureHash },
                    trusted: keyTrustInfo?.trusted === true,
                    ...(keyTrustInfo !== undefined && { keyTrustInfo }),
                });
            }
        }
        return found;
    }
}

/** Whether a certificate says something about a target, and does not only carry it as its license. */
function isAbout(certificate: object, target: string): boolean {
    return Object.entries(certificate).some(([name, value]) => value === target && name !== 'license');
}

function issuersOf(found: readonly { readonly signature: Signature }[]): PersonId[] {
    return [...new Set(found.map(({ signature }) => signature.issuer))];
}
