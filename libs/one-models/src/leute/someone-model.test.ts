import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { SHA256IdHash, Person } from '@refinio/one.core';
import { ProfileModel } from './profile-model.ts';
import { SomeoneModel } from './someone-model.ts';
import { recordOf, testPerson, type TestPerson } from './test-people.ts';

let alice: TestPerson;
let contacts = 0;
let bob: SomeoneModel;
let person: SHA256IdHash<Person>;
beforeAll(async () => {
    alice = await testPerson('alice');
});
beforeEach(async () => {
    bob = await alice.leute.importContact(recordOf(`bob ${contacts++}`));
    person = await bob.mainIdentity();
});
afterAll(async () => alice[Symbol.asyncDispose]());

test('gets and loses identities; the main profile stays', async () => {
    const other = await alice.one.identities.createPerson();
    await bob.addIdentity(other);
    expect(bob.identities).toEqual([person, other]);
    await expect(bob.addIdentity(other)).rejects.toMatchObject({ code: 'PERSON_MANAGED' });
    const main = bob.mainProfileId;
    await bob.removeIdentity(person);
    expect([bob.identities, bob.mainProfileId]).toEqual([[other], main]);
    await expect(bob.removeIdentity(person)).rejects.toMatchObject({ code: 'PERSON_NOT_MANAGED' });
});

test('has profiles of its identities only', async () => {
    const { one } = alice;
    const profile = await bob.createProfile({ profileId: 'work', personId: person, owner: one.owner });
    expect(bob.profileIds(person)).toHaveLength(2);
    await bob.removeProfile(profile.idHash);
    expect(bob.profileIds()).not.toContain(profile.idHash);
    await bob.addProfile(profile.idHash);
    await bob.setMainProfile(profile.idHash);
    expect(bob.mainProfileId).toBe(profile.idHash);
    const stranger = await one.identities.createPerson();
    const other = await ProfileModel.create(one, { profileId: 'x', personId: stranger, owner: one.owner });
    const notManaged = expect.objectContaining({ code: 'PERSON_NOT_MANAGED' });
    await expect(bob.addProfile(other.idHash)).rejects.toEqual(notManaged);
    await expect(bob.setMainProfile(other.idHash)).rejects.toEqual(notManaged);
    await expect(bob.createProfile({ profileId: 'y', personId: stranger, owner: one.owner })).rejects.toEqual(
        notManaged,
    );
});

test('the main identity is shown by its own default profile, else by any default one, else by the first', async () => {
    const { one } = alice;
    const other = await one.identities.createPerson();
    await bob.addIdentity(other);
    await expect(bob.setMainIdentity(other)).rejects.toMatchObject({ code: 'PERSON_HAS_NO_PROFILE' });
    const create = (profileId: string, owner: SHA256IdHash<Person>) =>
        bob.createProfile({ profileId, personId: other, owner });
    const work = await create('work', one.owner);
    await bob.setMainIdentity(other);
    expect(bob.mainProfileId).toBe(work.idHash);
    const mine = await create('default', one.owner);
    await bob.setMainIdentity(other);
    expect(bob.mainProfileId).toBe(mine.idHash);
    const own = await create('default', other);
    await bob.setMainIdentity(other);
    expect([bob.mainProfileId, await bob.mainIdentity()]).toEqual([own.idHash, other]);
});

test('two that change the same someone both have their way', async () => {
    const { one } = alice;
    const same = await SomeoneModel.load(one, bob.idHash);
    const [x, y] = [await one.identities.createPerson(), await one.identities.createPerson()];
    await Promise.all([bob.addIdentity(x), same.addIdentity(y)]);
    await bob.load();
    expect(bob.identities.toSorted()).toEqual([person, x, y].toSorted());
});

test('a default profile takes the place of a main profile that is none', async () => {
    const { leute, one } = alice;
    const someone = await one.identities.createPerson();
    const work = await leute.createProfileForPerson(someone, 'work');
    await leute.settled();
    const contact = await leute.getSomeone(someone);
    expect(contact?.mainProfileId).toBe(work.idHash);
    const main = await leute.createProfileForPerson(someone, 'default');
    await leute.settled();
    await contact?.load();
    expect(contact?.mainProfileId).toBe(main.idHash);
});
