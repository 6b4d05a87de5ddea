import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { getAllEntries, type Person, type SHA256IdHash } from '@refinio/one.core';
import { getSignatures } from '../trust/signatures.ts';
import type { ProfileModel } from './profile-model.ts';
import { ownRecord, recordOf, synchronize, testPerson, type TestPerson } from './test-people.ts';

let archive: TestPerson;
let browser: TestPerson;
let profile: ProfileModel;
let person: SHA256IdHash<Person>;
beforeEach(async () => {
    [archive, browser] = [await testPerson('archive'), await testPerson('browser')];
    await archive.leute.importContact(await ownRecord(browser));
    await browser.leute.importContact(await ownRecord(archive));
    const beneficiary = archive.one.owner;
    await browser.leute.certificates.certify('RightToDeclareTrustedKeysForEverybodyCertificate', { beneficiary });
    person = await archive.leute.createCompleteIdentityForMyself('archive2@test');
    const [own] = await (await archive.leute.me()).profiles(person);
    if (own === undefined) throw new Error('no profile');
    profile = own;
});
afterEach(async () => {
    await archive[Symbol.asyncDispose]();
    await browser[Symbol.asyncDispose]();
});

async function signaturesOn(version: string): Promise<string[]> {
    const { objects } = archive.one;
    const found: string[] = [];
    for (const type of ['TrustKeysCertificate', 'AffirmationCertificate'])
        for (const certificate of await getAllEntries(objects, version, type))
            found.push(...(await getSignatures(objects, certificate)).map(({ hash }) => hash));
    return found;
}

/** What the other device may read of it, and its certificates. */
async function share(): Promise<void> {
    const grantee = { person: [browser.one.owner], mode: 'add' } as const;
    const signatures = await signaturesOn(profile.loadedVersion);
    await archive.one.createAccess([
        { id: profile.idHash, ...grantee },
        ...signatures.map(object => ({ object, ...grantee })),
    ]);
}

const trusted = () => browser.leute.trust.getTrustedKeysForPerson(person);

test('keys stay trusted by who meets only the newest version of a profile', async () => {
    await share();
    profile.name = 'Archive the second';
    await profile.save();
    profile.setStatus('busy');
    await profile.save();
    await archive.leute.settled();
    await synchronize(archive, browser);
    expect(await browser.leute.displayName(person)).toBe('Archive the second');
    expect(await trusted()).toHaveLength(1);
    profile.setStatus('free');
    await profile.save();
    await archive.leute.settled();
    expect(await signaturesOn(profile.loadedVersion)).toHaveLength(2);
});

test('versions of before the start get theirs, too', async () => {
    await share();
    await archive.leute.shutdown();
    for (const name of ['a', 'b', 'c']) {
        profile.name = name;
        await profile.save();
    }
    await archive.leute.init();
    await archive.leute.settled();
    await synchronize(archive, browser);
    expect(await trusted()).toHaveLength(1);
});

test('who may not see the profile any more does not get its newer versions by their certificates', async () => {
    await share();
    await archive.one.createAccess([{ id: profile.idHash, person: [], mode: 'replace' }]);
    profile.name = 'A secret';
    await profile.save();
    await archive.leute.settled();
    expect(await archive.one.accessible.leads(browser.one.owner, profile.loadedVersion)).toBe(false);
});

test('a version with another key needs a certificate of its own', async () => {
    await share();
    profile.personDescriptions.push({ $type$: 'SignKey', key: recordOf('thief').personSignKeyPublic });
    await profile.save();
    await archive.leute.settled();
    expect(await signaturesOn(profile.loadedVersion)).toEqual([]);
    await synchronize(archive, browser);
    expect(await trusted()).toEqual([]);
});

test('what nobody else was told of is not certified anew', async () => {
    const bob = await (await archive.leute.importContact(recordOf('bob'))).mainProfile();
    expect(await signaturesOn(bob.loadedVersion)).toHaveLength(1);
    bob.name = 'Bob';
    await bob.save();
    await archive.leute.settled();
    expect(await signaturesOn(bob.loadedVersion)).toEqual([]);
    expect(await archive.leute.trust.getTrustedKeysForPerson(bob.personId)).toHaveLength(1);
});

test('a contact whose profile was merged is trusted by versions that deployed instances look at', async () => {
    const record = recordOf('bob');
    const bob = await (await archive.leute.importContact(record)).mainProfile();
    const { objects } = archive.one;
    const version = await objects.read(bob.loadedVersion);
    const name = await objects.storeUnversionedObject({ $type$: 'PersonName', name: 'Bob' } as never);
    const { personDescription: keys } = version as unknown as { personDescription: string[] };
    await objects.importVersion({ ...version, personDescription: [...keys, name.hash] } as never, 5);
    await bob.load();
    expect((await objects.headNode(bob.idHash))?.node.$type$).toBe('VersionNodeMerge');
    await archive.leute.importContact(record);
    const versions = (await objects.getVersionsNodes(bob.idHash))?.map(({ node }) => String(node['data'])) ?? [];
    expect(versions).toHaveLength(2);
    for (const hash of versions) expect(await signaturesOn(hash)).toHaveLength(1);
});
