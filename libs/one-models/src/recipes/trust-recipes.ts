// Signatures and certificates (spec 32-B.1). None of them has versions. Where a rule says what is the default anyway,
// it is part of the hash of the recipe.
import { defineRecipe, type ObjectOf } from '@refinio/one.core';

const person = { type: 'referenceToId', allowedTypes: ['Person'] } as const;
const anything = { type: 'referenceToObj', allowedTypes: ['*'] } as const;
const license = { itemprop: 'license', itemtype: { type: 'referenceToObj', allowedTypes: ['License'] } } as const;

export const SignatureRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Signature',
    rule: [
        { itemprop: 'issuer', itemtype: person },
        { itemprop: 'data', itemtype: anything },
        { itemprop: 'signature', itemtype: { type: 'string', regexp: /^([0-9a-fA-F]{2})*$/ } },
    ],
});
/** Who has signed what is a claim, until a key that belongs to the issuer verifies it (spec 32-B.2). */
export type Signature = ObjectOf<typeof SignatureRecipe>;

export const LicenseRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'License',
    rule: [
        { itemprop: 'name', itemtype: { type: 'string' } },
        { itemprop: 'description', itemtype: { type: 'string' } },
    ],
});
/** Tells people what a certificate means. Programs never look at it (spec 32-B.3). */
export type License = ObjectOf<typeof LicenseRecipe>;

export const AffirmationCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'AffirmationCertificate',
    rule: [{ itemprop: 'data', itemtype: anything }, license],
});
/** The issuer vouches for the data. */
export type AffirmationCertificate = ObjectOf<typeof AffirmationCertificateRecipe>;

export const TrustKeysCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'TrustKeysCertificate',
    rule: [{ itemprop: 'profile', itemtype: { type: 'referenceToObj', allowedTypes: ['Profile'] } }, license],
});
/** The issuer states that the keys in a version of a profile are those of its person. */
export type TrustKeysCertificate = ObjectOf<typeof TrustKeysCertificateRecipe>;

export const RightToDeclareTrustedKeysForEverybodyCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'RightToDeclareTrustedKeysForEverybodyCertificate',
    rule: [{ itemprop: 'beneficiary', itemtype: person }, license],
});
/** The beneficiary may make keys of any profile trusted, by TrustKeysCertificates. */
export type RightToDeclareTrustedKeysForEverybodyCertificate = ObjectOf<
    typeof RightToDeclareTrustedKeysForEverybodyCertificateRecipe
>;

export const RightToDeclareTrustedKeysForSelfCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'RightToDeclareTrustedKeysForSelfCertificate',
    rule: [{ itemprop: 'beneficiary', itemtype: person }, license],
});
/** The beneficiary may make keys of own profiles trusted, by AffirmationCertificates. */
export type RightToDeclareTrustedKeysForSelfCertificate = ObjectOf<
    typeof RightToDeclareTrustedKeysForSelfCertificateRecipe
>;

export const RelationCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'RelationCertificate',
    rule: [
        { itemprop: 'app' },
        { itemprop: 'relation' },
        { itemprop: 'person1', itemtype: person },
        { itemprop: 'person2', itemtype: person },
        license,
    ],
});
/** Within an app, person1 stands in a relation to person2. */
export type RelationCertificate = ObjectOf<typeof RelationCertificateRecipe>;

export const AccessUnversionedObjectCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'AccessUnversionedObjectCertificate',
    rule: [{ itemprop: 'person', itemtype: person }, { itemprop: 'data', itemtype: anything }, license],
});
/** The issuer allows to share the data with a person. */
export type AccessUnversionedObjectCertificate = ObjectOf<typeof AccessUnversionedObjectCertificateRecipe>;

export const AccessVersionedObjectCertificateRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'AccessVersionedObjectCertificate',
    rule: [
        { itemprop: 'person', itemtype: person },
        { itemprop: 'data', itemtype: { type: 'referenceToId', allowedTypes: ['*'] } },
        license,
    ],
});
/** The same for every version of the data. */
export type AccessVersionedObjectCertificate = ObjectOf<typeof AccessVersionedObjectCertificateRecipe>;

export const certificateRecipes = [
    AccessUnversionedObjectCertificateRecipe,
    AccessVersionedObjectCertificateRecipe,
    AffirmationCertificateRecipe,
    RelationCertificateRecipe,
    RightToDeclareTrustedKeysForEverybodyCertificateRecipe,
    RightToDeclareTrustedKeysForSelfCertificateRecipe,
    TrustKeysCertificateRecipe,
] as const;

export const trustRecipes = [SignatureRecipe, LicenseRecipe, ...certificateRecipes] as const;

export type CertificateType = (typeof certificateRecipes)[number]['name'];

/** The certificate of a type. */
export type CertificateOf<T extends CertificateType> = ObjectOf<
    Extract<(typeof certificateRecipes)[number], { readonly name: T }>
>;
