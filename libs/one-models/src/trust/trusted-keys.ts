import type { OneInstance, Person, SHA256IdHash } from '@refinio/one.core';
import { MAX_TRUST_CACHE } from '../limits.ts';
import type { Signature } from '../recipes/trust-recipes.ts';
import type { KnownPeople } from './known-people.ts';
import { ProfileVersions } from './profile-versions.ts';
import type { Revocation } from './revocations.ts';
import { SignatureChecks } from './signature-checks.ts';
import { verifies } from './signatures.ts';
import { TrustDecisions, trustReasons, type KeyTrustInfo, type Rights, type RootKeyMode } from './trust-decisions.ts';
import { TrustFacts } from './trust-facts.ts';

type PersonId = SHA256IdHash<Person>;

/**
 * Which signing keys are to be believed (spec 32-C). Answers are computed when somebody asks, and kept until something
 * is stored on which one of them may rest; so what is certified or revoked counts at once.
 *
 * A key is trusted as the key of a person: deployed instances ask only whether the key is, whoever's profile made it
 * so. There, each contact speaks with the voice of everybody by a profile about them that holds his own key.
 */
export class TrustedKeys implements Disposable {
    readonly #newFacts: () => TrustFacts;
    readonly #endListening: () => void;
    #decisions: TrustDecisions;

    constructor({ objects, keyChain }: Pick<OneInstance, 'objects' | 'keyChain'>, people: KnownPeople) {
        const [profiles, signatures] = [new ProfileVersions(objects), new SignatureChecks(objects)];
        this.#newFacts = () => new TrustFacts({ objects, keyChain, people, profiles, signatures });
        this.#decisions = new TrustDecisions(this.#newFacts());
        this.#endListening = objects.events.listen(event => {
            signatures.onStored(event);
            if (this.#decisions.facts.isChangedBy(event)) this.#forget();
        });
    }

    /** Ends the listening; what is asked afterwards may be out of date. */
    [Symbol.dispose](): void {
        this.#endListening();
    }

    /** The state of knowledge of now. Who asks several things keeps it, so that the answers fit together. */
    get decisions(): TrustDecisions {
        if (this.#decisions.size > MAX_TRUST_CACHE) this.#forget();
        return this.#decisions;
    }

    /** Signing keys of own identities whose secret is on this device; hexadecimal. Always trusted. */
    rootKeys(mode: RootKeyMode = 'MainId'): Promise<string[]> {
        return this.decisions.rootKeys(mode);
    }

    /** Whether the main identity has signed with a root key. */
    isSignedByRootKey(signature: Signature, mode: RootKeyMode = 'MainId'): Promise<boolean> {
        return this.decisions.isSignedByRootKey(signature, mode);
    }

    /** What the main identity has granted to a person. */
    rightsOf(person: PersonId): Promise<Rights> {
        return this.decisions.rightsOf(person);
    }

    /** Trust of a key as the key of a person, or of anybody in whose profiles it stands. @param hexKey lower case */
    async getKeyTrustInfo(hexKey: string, person?: PersonId): Promise<KeyTrustInfo> {
        const { decisions } = this;
        if (person !== undefined) return decisions.explain({ person, key: hexKey });
        const infos: KeyTrustInfo[] = [];
        for (const each of await decisions.personsOf(hexKey))
            infos.push(await decisions.explain({ person: each, key: hexKey }));
        const info = infos.find(({ trusted }) => trusted) ?? infos[0];
        if (info !== undefined) return { ...info, certificates: infos.flatMap(({ certificates }) => certificates) };
        const isRevoked = (await decisions.revocations()).keys.has(hexKey);
        const reason = isRevoked ? trustReasons.revoked : trustReasons.unknown;
        return { key: hexKey, trusted: false, reason, certificates: [] };
    }

    /** As `getKeyTrustInfo`. */
    async isKeyTrusted(hexKey: string, person?: PersonId): Promise<boolean> {
        const { decisions } = this;
        for (const each of person === undefined ? await decisions.personsOf(hexKey) : [person])
            if (await decisions.isTrusted({ person: each, key: hexKey })) return true;
        return false;
    }

    /** All signing keys in profiles about a person who is known. */
    async getKeysForPerson(person: PersonId): Promise<KeyTrustInfo[]> {
        const { decisions } = this;
        const infos: KeyTrustInfo[] = [];
        for (const key of (await decisions.facts.keysOf(person)).found)
            infos.push(await decisions.explain({ person, key }));
        return infos;
    }

    /** Those of `getKeysForPerson` that are trusted as this person's; hexadecimal. */
    async getTrustedKeysForPerson(person: PersonId): Promise<string[]> {
        const { decisions } = this;
        const trusted: string[] = [];
        for (const key of (await decisions.facts.keysOf(person)).found)
            if (await decisions.isTrusted({ person, key })) trusted.push(key);
        return trusted;
    }

    /** Trust of the first key known of the issuer that made a signature; undefined if none did (spec 32-B.5). */
    async findKeyThatVerifiesSignature(signature: Signature): Promise<KeyTrustInfo | undefined> {
        const { decisions } = this;
        const key = await decisions.facts.keyOf(signature);
        return key === undefined ? undefined : decisions.explain({ person: signature.issuer, key });
    }

    /** Whether a signature was made by a trusted key of its issuer (spec 32-B.5). */
    async verifySignatureWithTrustedKeys(signature: Signature): Promise<boolean> {
        const { decisions } = this;
        for (const key of (await decisions.facts.keysOf(signature.issuer)).found)
            if (verifies(signature, key) && (await decisions.isTrusted({ person: signature.issuer, key }))) return true;
        return false;
    }

    /** Revocations of devices that count here; see `revocations.ts`. */
    async revocations(): Promise<readonly Revocation[]> {
        return (await this.decisions.revocations()).list;
    }

    /** Owners that an identity of mine on this device has accepted, and who make it one of their devices. */
    acceptedOwners(): Promise<readonly PersonId[]> {
        return this.decisions.acceptedOwners();
    }

    /** Who is still computing goes on with the old state, whose answers nobody is given any more. */
    #forget(): void {
        this.#decisions = new TrustDecisions(this.#newFacts());
    }
}
