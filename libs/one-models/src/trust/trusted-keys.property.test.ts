// Trust in random circles of people against the rule of spec 32-C.4 as the text has it, computed over everything at
// once.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Profile } from '../recipes/people-recipes.ts';
import type { SHA256Hash } from '@refinio/one.core';
import { newKey, signerWith, TestWorld, type PersonId, type TestKey } from './test-world.ts';

const [PERSONS, KEYS] = [4, 5];
/** Person 0 is me, and key 0 is the key of this device: most circles have some that I trust. */
const person = fc.nat(PERSONS);
const key = fc.nat(KEYS);
const signer = fc.oneof(
    { weight: 2, arbitrary: fc.constant({ issuer: 0, key: 0 }) },
    // Each person has a key by which it may be known.
    { weight: 3, arbitrary: person.map(issuer => ({ issuer, key: issuer })) },
    { weight: 1, arbitrary: fc.record({ issuer: person, key }) },
);

const anyCircle = fc.record({
    known: fc.array(
        fc.nat(5).map(n => n > 0),
        { minLength: PERSONS, maxLength: PERSONS },
    ),
    profiles: fc
        .array(fc.record({ about: person, owner: person, keys: fc.uniqueArray(key, { maxLength: 3 }) }), {
            minLength: 3,
            maxLength: 8,
        })
        .map(profiles => profiles.map(each => ({ ...each, keys: [...new Set([each.about, ...each.keys])] }))),
    rights: fc.array(fc.record({ right: fc.constantFrom('everybody', 'self'), to: person, by: signer }), {
        maxLength: 6,
    }),
    certificates: fc.array(fc.record({ type: fc.constantFrom('trust', 'affirm'), profile: fc.nat(7), by: signer }), {
        maxLength: 16,
    }),
});
type Circle = typeof anyCircle extends fc.Arbitrary<infer T> ? T : never;
type Certificate = Circle['certificates'][number];

/** C.1–C.4, with the loops as they are written there. */
class PlainRule {
    readonly #circle: Circle;
    /** Whether keys are trusted as those of a person, as we do it, or for everybody, as the text has it. */
    readonly #byPerson: boolean;

    constructor(circle: Circle, byPerson: boolean) {
        this.#circle = circle;
        this.#byPerson = byPerson;
    }

    isKnown(of: number): boolean {
        return of === 0 || this.#circle.known[of - 1] === true;
    }

    keysOf(of: number): Set<number> {
        const keys = new Set(of === 0 ? [0] : []);
        if (this.isKnown(of))
            for (const { about, keys: listed } of this.#circle.profiles)
                if (about === of) for (const each of listed) keys.add(each);
        return keys;
    }

    hasRight(of: number, right: string): boolean {
        if (of === 0) return true;
        return this.#circle.rights.some(
            ({ right: granted, to, by }) => granted === right && to === of && by.issuer === 0 && by.key === 0,
        );
    }

    /**
     * Certificates on profiles with a key that are signed by somebody with the right and a key known of that person.
     */
    applicable(of: number, wanted: number): Certificate[] {
        const { profiles, certificates } = this.#circle;
        return certificates.filter(({ type, profile, by: { issuer, key: signedWith } }) => {
            const on = profiles[profile];
            if (on === undefined || !on.keys.includes(wanted) || !this.isKnown(on.about)) return false;
            if (this.#byPerson && on.about !== of) return false;
            if (!this.keysOf(issuer).has(signedWith)) return false;
            if (type === 'trust') return this.hasRight(issuer, 'everybody');
            return this.hasRight(issuer, 'self') && (issuer === 0 || issuer === on.about);
        });
    }

    trust(of: number, wanted: number, stack: readonly string[] = []): Certificate[] | undefined {
        const name = this.#byPerson ? `${of}/${wanted}` : `${wanted}`;
        if (stack.includes(name)) return undefined;
        if (wanted === 0 && (of === 0 || !this.#byPerson)) return [];
        const counting = this.applicable(of, wanted).filter(
            each => this.trust(each.by.issuer, each.by.key, [...stack, name]) !== undefined,
        );
        return counting.length === 0 ? undefined : counting;
    }
}

test('trust is what the rule of the specification says, in any circle', async () => {
    await fc.assert(
        fc.asyncProperty(anyCircle, async circle => {
            await using world = await TestWorld.open();
            const persons: PersonId[] = [world.me];
            for (let i = 1; i <= PERSONS; i++) persons.push(await world.personId(`person ${i}`));
            const keys: TestKey[] = Array.from({ length: KEYS + 1 }, newKey);
            using own = await world.one.keyChain.createCryptoApiFromDefaultKeys(world.me);
            const personAt = (i: number) => persons[i] ?? world.me;
            const hexOf = async (i: number) => (i === 0 ? await world.ownKey() : (keys[i]?.hex ?? ''));
            const signerOf = (issuer: number, by: number) =>
                by === 0
                    ? {
                          issuer: personAt(issuer),
                          sign: (data: Uint8Array) => own.sign(data),
                          [Symbol.dispose]: () => undefined,
                      }
                    : signerWith(personAt(issuer), keys[by] ?? newKey());
            circle.known.forEach((isKnown, i) => isKnown && world.people.known.add(personAt(i + 1)));
            const versions: SHA256Hash<Profile>[] = [];
            for (const [i, { about, owner, keys: listed }] of circle.profiles.entries())
                versions.push(
                    await world.profile(personAt(about), await Promise.all(listed.map(hexOf)), {
                        ...{ owner: personAt(owner), profileId: `profile ${i % 3}` },
                    }),
                );
            // Two profiles of one content are one.
            const isTwice = (i: number) => versions.indexOf(versions[i] ?? versions[0] ?? ('' as never)) !== i;
            fc.pre(!versions.some((_, i) => isTwice(i)));
            for (const { right, to, by } of circle.rights)
                await world.certify(
                    right === 'everybody'
                        ? 'RightToDeclareTrustedKeysForEverybodyCertificate'
                        : 'RightToDeclareTrustedKeysForSelfCertificate',
                    { beneficiary: personAt(to) },
                    signerOf(by.issuer, by.key),
                );
            const hashes = new Map<string, Certificate>();
            for (const certificate of circle.certificates) {
                const version = versions[certificate.profile];
                if (version === undefined) continue;
                const { issuer, key: signedWith } = certificate.by;
                const { signature } = await world[certificate.type === 'trust' ? 'trust' : 'affirm'](
                    version,
                    signerOf(issuer, signedWith),
                );
                hashes.set(signature.hash, certificate);
            }

            const [ours, literal] = [new PlainRule(circle, true), new PlainRule(circle, false)];
            for (let of = 0; of <= PERSONS; of++)
                for (let wanted = 0; wanted <= KEYS; wanted++) {
                    const expected = ours.trust(of, wanted);
                    const info = await world.keys.getKeyTrustInfo(await hexOf(wanted), personAt(of));
                    expect(info.trusted).toBe(expected !== undefined);
                    const found = info.certificates.map(each => hashes.get(each.certificate.signatureHash));
                    const unique = new Set(expected?.map(each => JSON.stringify(each)));
                    expect(new Set(found.map(each => JSON.stringify(each)))).toEqual(unique);
                    // We trust less than the text, never more.
                    if (info.trusted) expect(literal.trust(of, wanted)).toBeDefined();
                }
        }),
        { numRuns: 100 },
    );
});
