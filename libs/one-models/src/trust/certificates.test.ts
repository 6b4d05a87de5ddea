import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ensureHash, type AnyObject, type Typed } from '@refinio/one.core';
import { certificateRecipes, LicenseRecipe, type CertificateType } from '../recipes/trust-recipes.ts';
import { readAs, storeObject } from '../typed-objects.ts';
import { affirmIn, certifyIn } from './certificates.ts';
import { licenses } from './licenses.ts';
import { signIn, verifies } from './signatures.ts';
import { createSigner } from './signer.ts';
import { newKey, signerWith, TestWorld, type PersonId } from './test-world.ts';

interface Vectors {
    readonly certificates: readonly { readonly object: AnyObject; readonly microdata: string; readonly hash: string }[];
    readonly licenses: readonly { readonly certificateType: string; readonly licenseHash: string }[];
    readonly ownLicense: { readonly object: AnyObject; readonly hash: string };
    readonly signKeyDescription: readonly { readonly object: AnyObject; readonly hash: string }[];
}

let world: TestWorld;
let note: string;
let count = 0;
beforeAll(async () => {
    world = await TestWorld.open();
    note = await world.profile(world.me, [], { profileId: 'a note' });
});
afterAll(() => world[Symbol.asyncDispose]());

const vectors = JSON.parse(readFileSync(new URL('../../test-vectors/crypto.json', import.meta.url), 'utf8')) as Vectors;
const nextNote = () => world.profile(world.me, [], { profileId: `note ${++count}` });

test('objects of trust have the recorded hashes', async () => {
    const recorded = [...vectors.certificates, vectors.ownLicense, ...vectors.signKeyDescription];
    for (const { object, hash } of recorded) expect(await world.one.microdata.hash(object)).toBe(hash);
});

describe('issuing', () => {
    test('every type has a license of its own, and none of others', async () => {
        const hashes = await Promise.all(Object.values(licenses).map(license => world.one.microdata.hash(license)));
        expect(Object.keys(licenses).sort()).toEqual(certificateRecipes.map(({ name }) => name).sort());
        expect(Object.keys(licenses).sort()).toEqual(vectors.licenses.map(each => each.certificateType).sort());
        expect(new Set([...hashes, ...vectors.licenses.map(each => each.licenseHash)]).size).toBe(2 * hashes.length);
    });

    test('stores license, certificate and signature, in this order', async () => {
        const stored: string[] = [];
        const end = world.one.objects.events.listen(event => {
            if (event.type === 'unversioned') stored.push(event.obj.$type$);
        });
        const { license, certificate, signature } = await world.certify('RelationCertificate', {
            ...{ app: 'test', relation: 'friend', person1: world.me, person2: world.me },
        });
        end();
        expect(stored).toEqual(['License', 'RelationCertificate', 'Signature']);
        expect(await readAs(world.one.objects, LicenseRecipe, certificate.obj.license)).toEqual(license.obj);
        expect(signature.obj.data).toBe(certificate.hash);
        expect(signature.obj.issuer).toBe(world.me);
        expect(verifies(signature.obj, await world.ownKey())).toBe(true);
        expect(await world.one.objects.read(certificate.hash)).toEqual(certificate.obj);
    });

    test.each(['Signature', 'License', 'toString', ''])('refuses the type "%s" and stores nothing', async type => {
        const signer = signerWith(world.me, newKey());
        const head = async () =>
            (await world.one.objects.store.list('logs', 'journal', { reverse: true, limit: 1 }))[0];
        const before = await head();
        const certified = world.transact(objects => certifyIn(objects, type as CertificateType, {} as never, signer));
        await expect(certified).rejects.toMatchObject({ code: 'CERTIFICATE_TYPE_UNKNOWN' });
        expect(await head()).toEqual(before);
    });

    test('refuses items of another type', async () => {
        const wrong = world.certify('AffirmationCertificate', { data: note, profile: note } as never);
        await expect(wrong).rejects.toMatchObject({ code: 'O2M-COBJ2' });
    });
});

describe('querying', () => {
    test('finds certificates with the trust of their issuers', async () => {
        const data = await nextNote();
        const [bob, eve] = [await world.contact('bob@q'), await world.contact('eve@q')];
        await world.trust(bob.profile);
        const mine = await world.certificates.affirm(data);
        const his = await world.transact(objects => affirmIn(objects, data, bob.signer));
        const hers = await world.transact(objects => affirmIn(objects, data, eve.signer));
        const forged = await world.transact(objects => affirmIn(objects, data, signerWith(bob.id, newKey())));
        const found = await world.certificates.getCertificatesOfType(data, 'AffirmationCertificate');
        expect(found.map(each => [each.signatureHash, each.trusted, each.keyTrustInfo?.key])).toEqual([
            [mine.hash, true, await world.ownKey()],
            [his.hash, true, bob.hex],
            [hers.hash, false, eve.hex],
            [forged.hash, false, undefined],
        ]);
        expect(await world.certificates.affirmedBy(data)).toEqual([world.me, bob.id]);
        expect(await world.certificates.isAffirmedBy(data, bob.id)).toBe(true);
        expect(await world.certificates.isAffirmedBy(data, eve.id)).toBe(false);
        expect(await world.certificates.isAffirmedByAnyone(data)).toBe(true);
        expect(await world.certificates.isAffirmedByAnyone(await nextNote())).toBe(false);
    });

    test('a certificate is none without a signature', async () => {
        const data = ensureHash<Typed>(await nextNote());
        await world.transact(async objects => {
            const license = await storeObject(objects, licenses.AffirmationCertificate);
            return storeObject(objects, { $type$: 'AffirmationCertificate', data, license } as const);
        });
        expect(await world.certificates.getCertificates(data)).toEqual([]);
    });

    test('what is only the license of a certificate is not certified by it', async () => {
        const data = await nextNote();
        const license = (await world.certificates.certify('AffirmationCertificate', { data: ensureHash(data) }))
            .license;
        const found = await world.certificates.getCertificatesOfType(license.hash, 'AffirmationCertificate');
        expect(found.length).toBeGreaterThan(0);
        expect(await world.certificates.affirmedBy(license.hash)).toEqual([]);
    });

    test('a relation is found by both persons', async () => {
        const [a, b] = [await world.contact('a@r'), await world.contact('b@r')];
        await world.certify('RelationCertificate', { app: '', relation: '', person1: a.id, person2: b.id });
        for (const { id } of [a, b])
            expect(await world.certificates.isCertifiedBy(id, 'RelationCertificate', world.me)).toBe(true);
    });

    test('all certificates come in the order of the reverse maps, with other signed objects', async () => {
        const bob = await world.contact('bob@all');
        const trust = await world.trust(bob.profile);
        const affirmation = await world.affirm(bob.profile);
        const types = async (target: string) =>
            (await world.certificates.getCertificates(target)).map(({ certificate }) => certificate.$type$);
        expect(await types(bob.profile)).toEqual(['AffirmationCertificate', 'TrustKeysCertificate']);
        await world.transact(objects => signIn(objects, bob.profile, bob.signer));
        const signKey = await world.one.microdata.hash({ $type$: 'SignKey', key: bob.hex } as const);
        expect(await types(signKey)).toEqual(['Profile']);
        expect(trust.certificate.hash).not.toBe(affirmation.certificate.hash);
    });

    test('an object is signed by whoever signed it, not by whoever affirmed it', async () => {
        const data = await nextNote();
        const [bob, eve] = [await world.contact('bob@s'), await world.contact('eve@s')];
        await world.trust(bob.profile);
        await world.affirm(ensureHash(data));
        for (const { signer } of [bob, eve]) await world.transact(objects => signIn(objects, data, signer));
        expect(await world.certificates.signedBy(data)).toEqual([bob.id]);
        const isSigned = (id: PersonId) => world.certificates.isSignedBy(data, id);
        expect([await isSigned(bob.id), await isSigned(eve.id), await isSigned(world.me)]).toEqual([
            true,
            false,
            false,
        ]);
    });
});

test('who has signed something is found among the first of very many', async () => {
    const data = await nextNote();
    using signer = await createSigner(world.one.keyChain, world.me);
    await world.transact(objects => signIn(objects, data, signer));
    await world.transact(async objects => {
        for (let i = 0; i < 11_000; i++) {
            const signature = i.toString(16).padStart(128, '0');
            await storeObject(objects, { $type$: 'Signature', issuer: world.me, data, signature } as never);
        }
    });
    const reads = jest.spyOn(world.one.objects.store, 'get');
    expect(await world.certificates.signedBy(data)).toEqual([world.me]);
    expect(reads.mock.calls.length).toBeLessThan(10_500);
    reads.mockRestore();
}, 60_000);
