// Hashes of the licenses that deployed instances name in their certificates (spec 32-B.3). Their texts are not recorded.
export const deployedLicenses: ReadonlyMap<string, string> = new Map([
    ['AccessUnversionedObjectCertificate', 'ee189901663d538cf66aacc434af7783b538701867cd5f03693f66166dc18228'],
    ['AccessVersionedObjectCertificate', 'f81054e0f3368245eca3ab8787ae92e63e3057b46444a3c3816bea5579e58a84'],
    ['AffirmationCertificate', '9a8405ef0c0fb9877c9a6bd25af5e3861549c5ec2a2bde041edeb9ad3559467a'],
    ['RelationCertificate', '15e87246a72cb3bfc675c7fc9f7650d9c1efd1634df084024ef00daa6505190b'],
    [
        'RightToDeclareTrustedKeysForEverybodyCertificate',
        '5f0fec065b202a2f6173b896100615dae8f913aff15b088279dd51f78de27a85',
    ],
    ['RightToDeclareTrustedKeysForSelfCertificate', '55e93035cec0bfcf7d1caed14d8377f32ca77fc89deabecd28bf6bb9e47d75fb'],
    ['TrustKeysCertificate', '7fe1bd5daf1de766ae1a3be18fe7f8938997e36a1add8b3621ff84ee20c28338'],
]);
