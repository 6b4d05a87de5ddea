import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { OneInstance, Person, SHA256IdHash } from '@refinio/one.core';
import { storeIdObject } from '../typed-objects.ts';
import { LeuteModel } from './leute-model.ts';
import { createProfileIn } from './profile-model.ts';
import { openInstance } from './test-people.ts';

type PersonId = SHA256IdHash<Person>;

const PERSONS = 4;
const person = fc.nat(PERSONS - 1);
const step = fc.oneof(
    {
        weight: 5,
        arbitrary: fc.record({
            type: fc.constant('profile' as const),
            person,
            owner: person,
            id: fc.constantFrom('default', 'work'),
        }),
    },
    fc.record({ type: fc.constant('remove' as const), person }),
    fc.record({ type: fc.constant('import' as const), persons: fc.array(person, { minLength: 1, maxLength: 3 }) }),
    fc.record({ type: fc.constant('stop' as const) }),
    fc.record({ type: fc.constant('start' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let one: OneInstance;
let runs = 0;
beforeAll(async () => {
    one = await openInstance('alice');
});
afterAll(async () => one[Symbol.asyncDispose]());

/** Persons that nobody has met, a model that comes and goes, and what has to be known of them. */
class Scene {
    readonly #persons: PersonId[];
    readonly #leute = new LeuteModel(one);
    readonly #profiles = new Map<PersonId, Set<string>>();
    readonly #contacts = new Set<PersonId>();
    #running = false;
    #version = 0;

    private constructor(persons: PersonId[]) {
        this.#persons = persons;
    }

    static async create(): Promise<Scene> {
        const run = runs++;
        const persons = await one.objects.transact(objects =>
            Promise.all(
                Array.from({ length: PERSONS }, (_, i) =>
                    storeIdObject(objects, { $type$: 'Person', email: `${run}-${i}@test` } as const),
                ),
            ),
        );
        return new Scene(persons);
    }

    async run(steps: readonly Step[]): Promise<void> {
        for (const each of steps) await this.#do(each);
        await this.#start();
        await this.#leute.settled();
        for (const person of this.#persons) await this.#check(person);
        // What somebody asks for again is not made again.
        const before = await this.#commits();
        await this.#leute.shutdown();
        await this.#leute.init();
        await this.#leute.settled();
        expect(await this.#commits()).toBe(before);
        await this.#leute[Symbol.asyncDispose]();
    }

    async #do(each: Step): Promise<void> {
        if (each.type === 'stop') {
            await this.#leute.shutdown();
            this.#running = false;
        } else if (each.type === 'start') await this.#start();
        else if (each.type === 'profile') await this.#store([{ person: each.person, owner: each.owner, id: each.id }]);
        else if (each.type === 'import')
            await this.#store(each.persons.map(person => ({ person, owner: person, id: 'default' })));
        else await this.#remove(this.#at(each.person));
    }

    async #start(): Promise<void> {
        if (!this.#running) await this.#leute.init();
        this.#running = true;
    }

    /** All in one commit, each another version. */
    async #store(
        profiles: readonly { readonly person: number; readonly owner: number; readonly id: string }[],
    ): Promise<void> {
        const version = String(this.#version++);
        await one.objects.transact(async objects => {
            for (const { person, owner, id: profileId } of profiles) {
                const personId = this.#at(person);
                const name = { $type$: 'PersonName', name: version } as const;
                const id = { profileId, personId, owner: this.#at(owner) };
                const { idHash } = await createProfileIn(objects, id, [], [name]);
                this.#profiles.set(personId, (this.#profiles.get(personId) ?? new Set()).add(idHash));
                this.#contacts.add(personId);
            }
        });
    }

    async #remove(person: PersonId): Promise<void> {
        if (!this.#running) return;
        // Otherwise what came before comes back.
        await this.#leute.settled();
        const contact = await this.#leute.getSomeone(person);
        if (contact === undefined) return;
        await this.#leute.removeSomeoneElse(contact.idHash);
        for (const identity of contact.identities) this.#contacts.delete(identity);
        // Another contact begins anew.
        this.#profiles.delete(person);
    }

    async #check(person: PersonId): Promise<void> {
        const contact = await this.#leute.getSomeone(person);
        expect(contact !== undefined).toBe(this.#contacts.has(person));
        if (contact === undefined) return;
        const known = this.#profiles.get(person) ?? new Set();
        expect(new Set(contact.profileIds(person))).toEqual(known);
        expect(contact.profileIds()).toContain(contact.mainProfileId);
        const others = await this.#leute.others();
        expect(others.filter(({ identities }) => identities.includes(person))).toHaveLength(1);
    }

    #at(index: number): PersonId {
        const person = this.#persons[index];
        if (person === undefined) throw new RangeError('There are not so many persons.');
        return person;
    }

    async #commits(): Promise<number> {
        return (await one.objects.store.list('logs', 'journal', { reverse: true, limit: 1 }))[0]?.number ?? 0;
    }
}

test('every person with a profile is an identity of one contact, whoever stops and starts in between', async () => {
    await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async steps => {
            await (await Scene.create()).run(steps);
        }),
    );
});
