import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Person, SHA256IdHash } from '@refinio/one.core';
import { PersonCache } from './person-cache.ts';
import { recordOf, testPerson, type TestPerson } from './test-people.ts';

let alice: TestPerson;
let told: string[];
beforeEach(async () => {
    alice = await testPerson('alice');
    told = [];
    alice.leute.shown.onChanged.listen((_, { name }) => told.push(name));
});
afterEach(async () => alice[Symbol.asyncDispose]());

const person = async (name: string): Promise<SHA256IdHash<Person>> =>
    (await alice.leute.importContact(recordOf(name))).mainIdentity();

async function call(id: SHA256IdHash<Person>, name: string): Promise<void> {
    const profile = await alice.leute.createProfileForPerson(id, 'default');
    profile.name = name;
    await profile.save();
    await alice.leute.settled();
    await alice.leute.shown.settled();
}

test('answers at once for whom it was asked before, and tells when somebody is called otherwise', async () => {
    const { shown } = alice.leute;
    const bob = await person('bob');
    await call(bob, 'Bob');
    expect(shown.get(bob)).toBeUndefined();
    await shown.settled();
    expect([shown.get(bob), told]).toEqual([{ name: 'Bob', hasName: true }, ['Bob']]);
    await call(bob, 'Robert');
    expect([shown.get(bob)?.name, told]).toEqual(['Robert', ['Bob', 'Robert']]);
    const status = await alice.leute.createProfileForPerson(bob, 'default');
    status.setStatus('busy');
    await status.save();
    await shown.settled();
    expect(told).toEqual(['Bob', 'Robert']);
});

test('forgets names of whom is removed, and of whom I call otherwise', async () => {
    const { leute } = alice;
    const bob = await person('bob');
    await call(bob, 'Bob');
    expect((await leute.shown.load(bob)).name).toBe('Bob');
    const someone = await leute.getSomeone(bob);
    if (someone === undefined) throw new Error('nobody');
    await leute.removeSomeoneElse(someone.idHash);
    await leute.shown.settled();
    expect(leute.shown.get(bob)).toEqual({ name: bob, hasName: false });
    await leute.addSomeoneElse(someone.idHash);
    await leute.shown.settled();
    expect(leute.shown.get(bob)?.name).toBe('Bob');
    await someone.removeIdentity(bob);
    await leute.settled();
    await leute.shown.settled();
    expect(leute.shown.get(bob)?.hasName).toBe(false);
});

test('knows those of whom it was asked last, and no more than it may', async () => {
    await using few = new PersonCache(
        alice.one,
        alice.leute.people,
        error => {
            throw error;
        },
        3,
    );
    const persons: SHA256IdHash<Person>[] = [];
    for (let i = 0; i < 5; i++) persons.push(await person(`person ${i}`));
    for (const id of persons) await few.load(id);
    expect(few.size).toBe(3);
    expect(persons.map(id => few.get(id) !== undefined)).toEqual([false, false, false, false, false]);
    await few.settled();
    expect(few.size).toBe(3);
    expect(few.get(persons[4] ?? alice.one.owner)).toBeDefined();
});

test('a name that is written while it is read is not missed', async () => {
    const bob = await person('bob');
    const profile = await alice.leute.createProfileForPerson(bob, 'default');
    for (let i = 0; i < 20; i++) {
        profile.name = `Bob ${i}`;
        const reading = alice.leute.shown.load(bob);
        await profile.save();
        await reading;
        await alice.leute.settled();
        await alice.leute.shown.settled();
        expect(alice.leute.shown.get(bob)?.name).toBe(`Bob ${i}`);
    }
});

test('takes what is no person by its word', async () => {
    expect(await alice.leute.displayName('nobody' as SHA256IdHash<Person>)).toBe('nobody');
});
