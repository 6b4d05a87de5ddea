// What certificates mean, in words for people (spec 32-B.3). Programs never look at it, and peers accept any wording;
// it is our own, because a certificate must not name a license that is not stored with it.
import type { CertificateType, License } from '../recipes/trust-recipes.ts';

/** A changed text is another object: certificates of before keep theirs. */
export const licenses: Readonly<Record<CertificateType, License>> = {
    AccessUnversionedObjectCertificate: license(
        'Sharing of one object',
        'Whoever signs this agrees that the named object, exactly as it is, is shared with the named person.',
    ),
    AccessVersionedObjectCertificate: license(
        'Sharing of an object in all versions',
        'Whoever signs this agrees that the named object, in every version of it, is shared with the named person.',
    ),
    AffirmationCertificate: license('Affirmation', 'Whoever signs this confirms that the named object is right.'),
    RelationCertificate: license(
        'Relation of two persons',
        'Whoever signs this states how the first person is related to the second one, within the named application.',
    ),
    RightToDeclareTrustedKeysForEverybodyCertificate: license(
        'Right to vouch for the keys of everybody',
        'Whoever signs this accepts the keys of any person for which the beneficiary vouches by a certificate of trusted keys.',
    ),
    RightToDeclareTrustedKeysForSelfCertificate: license(
        'Right to vouch for own keys',
        'Whoever signs this accepts the keys in those profiles of the beneficiary that the beneficiary itself affirms.',
    ),
    TrustKeysCertificate: license(
        'Trusted keys',
        'Whoever signs this states that the keys in the named version of a profile are those of the person that it describes.',
    ),
};

function license(name: string, description: string): License {
    return { $type$: 'License', name, description };
}
