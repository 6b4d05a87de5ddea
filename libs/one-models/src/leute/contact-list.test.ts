import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRandomString, type Person, type SHA256Hash, type SHA256IdHash } from '@refinio/one.core';
import type { ContactCursor, ContactRow } from './contact-list.ts';
import { ContactList } from './contact-list.ts';
import { recordOf, testPerson, type TestPerson } from './test-people.ts';

type PersonId = SHA256IdHash<Person>;

let alice: TestPerson;
beforeAll(async () => {
    alice = await testPerson('alice', { locale: 'de' });
});
afterAll(async () => alice[Symbol.asyncDispose]());

async function contact(name?: string): Promise<PersonId> {
    const someone = await alice.leute.importContact(recordOf(createRandomString(10)));
    const person = await someone.mainIdentity();
    if (name !== undefined) await call(person, name);
    return person;
}

async function call(person: PersonId, name: string, image?: SHA256Hash): Promise<void> {
    const profile = await alice.leute.createProfileForPerson(person, 'default');
    profile.name = name;
    profile.image = image;
    await profile.save();
    await alice.leute.settled();
}

async function all(limit: number, list = alice.leute.contacts): Promise<ContactRow[]> {
    const rows: ContactRow[] = [];
    let after: ContactCursor | undefined;
    do {
        const page = await list.page({ limit, ...(after && { after }) });
        expect(page.contacts.length).toBeLessThanOrEqual(limit);
        rows.push(...page.contacts);
        after = page.next;
    } while (after !== undefined);
    return rows;
}

test('lists contacts by their names, page by page, with their pictures; without a name last', async () => {
    expect(await alice.leute.contacts.page()).toEqual({ contacts: [], total: 0 });
    const picture = (await alice.one.blobs.store([new Uint8Array(80_000)])).hash as SHA256Hash;
    const [zoe, aerzte, bob, nobody] = [
        await contact('Zoe'),
        await contact('Ärzte'),
        await contact('bob'),
        await contact(),
    ];
    await call(bob, 'bob', picture);
    for (const limit of [1, 2, 3, 50])
        expect((await all(limit)).map(({ name }) => name)).toEqual(['Ärzte', 'bob', 'Zoe', nobody]);
    const rows = await all(50);
    expect(rows[1]).toMatchObject({ person: bob, hasName: true, image: picture, isBlocked: false });
    expect(rows[3]).toMatchObject({ person: nobody, hasName: false });

    await call(zoe, 'Anna');
    await alice.leute.blocking.block(aerzte);
    expect((await all(2)).map(({ name, isBlocked }) => [name, isBlocked])).toEqual([
        ['Anna', false],
        ['Ärzte', true],
        ['bob', false],
        [nobody, false],
    ]);
    const someone = await alice.leute.getSomeone(bob);
    if (someone === undefined) throw new Error('nobody');
    await alice.leute.removeSomeoneElse(someone.idHash);
    expect((await alice.leute.contacts.page()).total).toBe(3);
});

test('reads again only what has changed', async () => {
    const person = await contact('one of them');
    await all(50);
    const reads: string[] = [];
    const read = alice.one.objects.text.bind(alice.one.objects);
    alice.one.objects.text = hash => {
        reads.push(hash);
        return read(hash);
    };
    await all(50);
    const unchanged = reads.length;
    await call(person, 'another');
    reads.length = 0;
    await all(50);
    alice.one.objects.text = read;
    expect(unchanged).toBeLessThan(10);
    expect(reads.length).toBeLessThan(20);
});

test('is, whatever happens, as a list that is made anew', async () => {
    const persons: PersonId[] = [];
    for (let i = 0; i < 5; i++) persons.push(await contact());
    const step = fc.record({
        who: fc.nat(4),
        what: fc.constantFrom('call', 'remove', 'block', 'unblock', 'merge', 'list' as const),
        name: fc.constantFrom('a', 'b', 'B', 'ä', ''),
    });
    await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 8 }), async steps => {
            for (const { who, what, name } of steps) {
                const person = persons[who] ?? alice.one.owner;
                const someone = await alice.leute.getSomeone(person);
                if (what === 'call') await call(person, name);
                else if (what === 'block') await alice.leute.blocking.block(person);
                else if (what === 'unblock') await alice.leute.blocking.unblock(person);
                else if (what === 'list') await all(3);
                else if (someone === undefined) continue;
                else if (what === 'remove') await alice.leute.removeSomeoneElse(someone.idHash);
                else {
                    const other = await alice.leute.getSomeone(persons[(who + 1) % 5] ?? person);
                    if (other !== undefined) await alice.leute.mergeContacts(someone.idHash, other.idHash);
                }
            }
            using fresh = new ContactList(alice.one, alice.leute.people, 'de');
            expect(await all(4)).toEqual(await all(50, fresh));
            expect((await all(4)).length).toBe((await alice.leute.others()).length);
        }),
        { numRuns: 30 },
    );
}, 60_000);
