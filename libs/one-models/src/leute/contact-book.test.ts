import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Person, SHA256IdHash } from '@refinio/one.core';
import { LeuteModel, type LeuteChange } from './leute-model.ts';
import type { SomeoneModel } from './someone-model.ts';
import { recordOf, testPerson, type TestPerson } from './test-people.ts';
import { BLACKLIST_ID, EVERYONE_ID, ME_ID } from './well-known.ts';

let alice: TestPerson;
let changes: LeuteChange[];
beforeEach(async () => {
    alice = await testPerson('alice');
    changes = [];
    alice.leute.onUpdated.listen(change => changes.push(change));
});
afterEach(async () => alice[Symbol.asyncDispose]());

const contact = (name: string): Promise<SomeoneModel> => alice.leute.importContact(recordOf(name));

async function news(...types: LeuteChange['type'][]): Promise<LeuteChange[]> {
    await alice.leute.settled();
    return changes.splice(0).filter(({ type }) => types.includes(type));
}

describe('two contacts', () => {
    test('that are the same human being become one, with all identities and profiles', async () => {
        const { leute } = alice;
        const [bob, work] = [await contact('bob'), await contact('bob at work')];
        const [person, atWork] = [await bob.mainIdentity(), await work.mainIdentity()];
        await news();
        await leute.mergeContacts(bob.idHash, work.idHash);
        expect((await leute.others()).map(({ idHash }) => idHash)).toEqual([bob.idHash]);
        const merged = await leute.getSomeone(atWork);
        expect([merged?.idHash, merged?.identities, merged?.mainProfileId]).toEqual([
            bob.idHash,
            [person, atWork],
            bob.mainProfileId,
        ]);
        expect(merged?.profileIds(atWork)).toEqual(work.profileIds());
        expect(await news('contactRemoved', 'contactChanged')).toEqual([
            { type: 'contactRemoved', someone: work.idHash },
            { type: 'contactChanged', someone: bob.idHash },
        ]);
        // The other one does not come back by itself, nor beside the first.
        const profile = await work.mainProfile();
        profile.name = 'Bob';
        await profile.save();
        await leute.settled();
        expect(await leute.others()).toHaveLength(1);
        await expect(leute.addSomeoneElse(work.idHash)).rejects.toMatchObject({ code: 'PERSON_MANAGED' });
        await leute.mergeContacts(bob.idHash, bob.idHash);
        expect(await leute.others()).toHaveLength(1);
    });

    test('are joined only if they are contacts', async () => {
        const { leute } = alice;
        const [bob, gone] = [await contact('bob'), await contact('gone')];
        await leute.removeSomeoneElse(gone.idHash);
        const missing = expect.objectContaining({ code: 'SOMEONE_MISSING' });
        await expect(leute.mergeContacts(bob.idHash, gone.idHash)).rejects.toEqual(missing);
        await expect(leute.mergeContacts(gone.idHash, bob.idHash)).rejects.toEqual(missing);
        for (const [into, from] of [
            [ME_ID, bob.idHash],
            [bob.idHash, ME_ID],
        ] as const)
            await expect(leute.mergeContacts(into, from)).rejects.toMatchObject({ code: 'SOMEONE_IS_ME' });
    });
});

describe('blocked persons', () => {
    test('are in the group that connections follow, with all identities of theirs', async () => {
        const { leute, one } = alice;
        const [bob, work] = [await contact('bob'), await contact('bob at work')];
        const [person, atWork] = [await bob.mainIdentity(), await work.mainIdentity()];
        const group = await leute.blocking.group();
        const told: unknown[][] = [];
        group.onUpdated.listen((...change) => void told.push(change));
        await leute.blocking.block(person);
        await leute.settled();
        expect([group.idHash, group.persons, await leute.blocking.isBlocked(person)]).toEqual([
            BLACKLIST_ID,
            [person],
            true,
        ]);
        const third = await one.identities.createPerson();
        await bob.addIdentity(third);
        await leute.mergeContacts(work.idHash, bob.idHash);
        expect((await leute.blocking.persons()).toSorted()).toEqual([person, atWork, third].toSorted());
        await leute.blocking.unblock(atWork);
        expect(await leute.blocking.persons()).toEqual([]);
        await leute.settled();
        expect(told).toEqual([
            [[person], undefined],
            [[third], undefined],
            [[atWork], undefined],
            [undefined, expect.arrayContaining([person, atWork, third])],
        ]);
        expect(await leute.blocking.group()).toBe(group);
        await expect(leute.blocking.block(one.owner)).rejects.toMatchObject({ code: 'SOMEONE_IS_ME' });
        expect(await leute.groups()).toEqual([]);
    });

    test('do not come back as contacts', async () => {
        const { leute } = alice;
        const bob = await contact('bob');
        const profile = await bob.mainProfile();
        await leute.blocking.block(profile.personId);
        await leute.removeSomeoneElse(bob.idHash);
        profile.name = 'Bob, again';
        await profile.save();
        await leute.settled();
        expect(await leute.others()).toEqual([]);
        // Unless I meet them again.
        await leute.blocking.unblock(profile.personId);
        profile.name = 'Bob';
        await profile.save();
        await leute.settled();
        expect(await leute.others()).toHaveLength(1);
    });
});

describe('it is told', () => {
    test('when somebody has one more identity or is shown by another profile, whoever has done that', async () => {
        const bob = await contact('bob');
        const person = await alice.one.identities.createPerson();
        await news();
        await bob.addIdentity(person);
        expect(await news('contactChanged')).toEqual([{ type: 'contactChanged', someone: bob.idHash }]);
        const profile = await bob.createProfile({ profileId: 'x', personId: person, owner: alice.one.owner });
        expect(await news('contactChanged')).toEqual([]);
        await bob.setMainProfile(profile.idHash);
        expect(await news('contactChanged')).toHaveLength(1);
        let mine = 0;
        alice.leute.onMeIdentitiesChange.listen(() => mine++);
        await alice.leute.createCompleteIdentityForMyself('alice2@test');
        expect([await news('contactChanged'), mine]).toEqual([[{ type: 'contactChanged', someone: ME_ID }], 1]);
    });

    test('when a group is called otherwise or has other members', async () => {
        const friends = await alice.leute.createGroup('friends');
        const other = await alice.leute.createGroup('friends');
        await news();
        friends.name = 'My friends';
        friends.persons = [alice.one.owner];
        await friends.save();
        expect(await news('groupChanged')).toEqual([{ type: 'groupChanged', group: friends.idHash }]);
        const told: unknown[][] = [];
        other.onUpdated.listen((...change) => void told.push(change));
        await other.refresh();
        await other.refresh();
        expect([other.name, told]).toEqual(['My friends', [[[alice.one.owner], undefined]]]);
        await friends.save();
        expect(await news('groupChanged')).toEqual([]);
    });
});

describe('a group that is removed', () => {
    test('grants nothing to anybody, also when there is one of the same name again', async () => {
        const { leute, one } = alice;
        const bob = await (await contact('bob')).mainIdentity();
        const friends = await leute.createGroup('friends');
        friends.persons = [bob];
        await friends.save();
        const { idHash: id } = await (await leute.me()).mainProfile();
        await one.createAccess([{ id, person: [], group: [friends.idHash], mode: 'add' }]);
        const subjects = async (person: SHA256IdHash<Person>): Promise<number> => {
            let members = 0;
            for (const subject of await one.accessible.subjects(person))
                for await (const _ of one.accessible.members(subject)) members++;
            return members;
        };
        expect(await subjects(bob)).toBeGreaterThan(0);
        await news();
        await leute.removeGroup(friends.idHash);
        expect([await leute.groups(), await subjects(bob)]).toEqual([[], 0]);
        expect(await news('groupRemoved')).toEqual([{ type: 'groupRemoved', group: friends.idHash }]);
        const again = await leute.createGroup('friends');
        expect([again.idHash, again.persons]).toEqual([friends.idHash, []]);
        again.persons = [bob];
        await again.save();
        expect(await subjects(bob)).toBe(0);
        await expect(leute.removeGroup(EVERYONE_ID)).rejects.toMatchObject({ code: 'GROUP_IS_RESERVED' });
    });
});

test('of two models of one instance, one runs at a time', async () => {
    const second = new LeuteModel(alice.one);
    await expect(second.init()).rejects.toMatchObject({ code: 'LEUTE_RUNNING' });
    // What it refused is not what the first one has.
    await second.shutdown();
    await contact('bob');
    await alice.leute.settled();
    await alice.leute.shutdown();
    await second.init();
    expect(await second.others()).toHaveLength(1);
    await second[Symbol.asyncDispose]();
    await alice.leute.init();
});
