import { isHash, type ObjectEvent, type OneInstance, type Person, type SHA256IdHash } from '@refinio/one.core';
import { MAX_CACHED_PERSONS } from '../limits.ts';
import { OneEvent } from '../one-event.ts';
import type { Leute, Someone } from '../recipes/people-recipes.ts';
import { ignoreBroken } from './leute-error.ts';
import type { People } from './people.ts';
import { shownPerson, type ShownPerson } from './shown-person.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

type PersonId = SHA256IdHash<Person>;
type SomeoneId = SHA256IdHash<Someone>;

interface Entry {
    shown: ShownPerson | undefined;
    /** To whom the person belonged when it was read. */
    someone: SomeoneId | undefined;
}

/**
 * How persons are shown, at once, for what is drawn with every message. It knows the persons for whom it was asked
 * last, and reads one again as soon as something is stored by which it may be shown otherwise.
 *
 * ```ts
 * const label = leute.shown.get(person)?.name ?? '…';
 * leute.shown.onChanged.listen((person, { name }) => rename(person, name));
 * ```
 */
export class PersonCache implements AsyncDisposable {
    /** Told when somebody for whom it was asked is shown otherwise, or was read for the first time. */
    readonly onChanged = new OneEvent<[person: PersonId, shown: ShownPerson]>();
    readonly #one: Pick<OneInstance, 'objects'>;
    readonly #people: People;
    readonly #onError: (error: unknown) => void;
    readonly #max: number;
    readonly #endListening: () => void;
    /** The one that was asked for last stands at the end. */
    readonly #entries = new Map<PersonId, Entry>();
    readonly #bySomeone = new Map<SomeoneId, Set<PersonId>>();
    /** To be read again. */
    readonly #stale = new Set<PersonId>();
    readonly #reading = new Map<PersonId, Promise<void>>();
    #refreshing: Promise<void> | undefined;
    #isClosed = false;
    #others: ReadonlySet<SomeoneId> | undefined;
    #own: ReadonlySet<PersonId> = new Set();
    /** Of contacts that were added. */
    #listing: Promise<void> = Promise.resolve();

    constructor(
        one: Pick<OneInstance, 'objects'>,
        people: People,
        onError: (error: unknown) => void,
        max = MAX_CACHED_PERSONS,
    ) {
        this.#one = one;
        this.#people = people;
        this.#onError = onError;
        this.#max = max;
        this.#endListening = one.objects.events.listen(event => this.#onStored(event));
    }

    /** Nothing is told any more, and what is known may be out of date. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#endListening();
        this.#isClosed = true;
        this.#stale.clear();
        await this.settled();
    }

    /** Number of persons it knows. */
    get size(): number {
        return this.#entries.size;
    }

    /** Undefined for somebody who has to be read first; `onChanged` tells. */
    get(person: PersonId): ShownPerson | undefined {
        const { shown } = this.#touch(person);
        if (shown === undefined) this.#refresh([person]);
        return shown;
    }

    async load(person: PersonId): Promise<ShownPerson> {
        const entry = this.#touch(person);
        await this.#listing;
        while (entry.shown === undefined || this.#stale.has(person) || this.#reading.has(person))
            await this.#read(person, entry);
        return entry.shown;
    }

    /** Resolves when nobody is read any more. */
    async settled(): Promise<void> {
        await this.#listing;
        while (this.#refreshing !== undefined) await this.#refreshing;
    }

    #touch(person: PersonId): Entry {
        const entry = this.#entries.get(person) ?? { shown: undefined, someone: undefined };
        this.#entries.delete(person);
        this.#entries.set(person, entry);
        const [oldest] = this.#entries.size > this.#max ? this.#entries : [];
        if (oldest !== undefined) {
            this.#unlink(...oldest);
            this.#entries.delete(oldest[0]);
            this.#stale.delete(oldest[0]);
        }
        return entry;
    }

    #onStored(event: ObjectEvent): void {
        if (event.type !== 'versioned') return;
        const { obj, idHash } = event;
        if (obj.$type$ === 'Profile') this.#refresh([obj['personId'] as PersonId]);
        else if (obj.$type$ === 'Someone') {
            const before = this.#ofSomeone(idHash as SomeoneId) ?? [];
            const after = (obj as unknown as Someone).identities.keys();
            // Whose profiles are mine is decided by my identities.
            const isAnother =
                idHash === ME_ID && !isSameSet(this.#own, new Set((obj as unknown as Someone).identities.keys()));
            this.#refresh(isAnother ? this.#entries.keys() : [...before, ...after]);
        } else if (idHash === LEUTE_ID) this.#onListed(new Set((obj as unknown as Leute).other));
    }

    /** Who was a contact, and is none any more, or the other way round. */
    #onListed(others: ReadonlySet<SomeoneId>): void {
        const before = this.#others;
        // Nobody was read yet.
        if (before === undefined) return;
        this.#others = others;
        for (const [someone, persons] of this.#bySomeone)
            if (someone !== ME_ID && !others.has(someone)) this.#refresh(persons);
        const isAnybodyUnknown = [...this.#entries.values()].some(({ someone }) => someone === undefined);
        const added = isAnybodyUnknown ? [...others].filter(someone => !before.has(someone)) : [];
        if (added.length > 0) this.#listing = this.#listing.then(() => this.#onAdded(added)).catch(this.#onError);
    }

    async #onAdded(added: readonly SomeoneId[]): Promise<void> {
        for (const id of added) {
            const someone = await this.#people.someone(id).catch(ignoreBroken);
            this.#refresh(someone?.identities.keys() ?? []);
        }
    }

    #refresh(persons: Iterable<PersonId>): void {
        for (const person of persons) if (this.#entries.has(person)) this.#stale.add(person);
        if (this.#stale.size === 0 || this.#isClosed) return;
        this.#refreshing ??= this.#run().finally(() => {
            this.#refreshing = undefined;
            // Somebody may have become stale after the last look.
            this.#refresh([]);
        });
    }

    async #run(): Promise<void> {
        // Many come together, and who has asked goes on first.
        await Promise.resolve();
        for (let person = first(this.#stale); person !== undefined && !this.#isClosed; person = first(this.#stale)) {
            const entry = this.#entries.get(person);
            if (entry === undefined) this.#stale.delete(person);
            else await this.#read(person, entry).catch(this.#onError);
        }
    }

    #read(person: PersonId, entry: Entry): Promise<void> {
        let reading = this.#reading.get(person);
        if (reading === undefined) {
            reading = this.#readNow(person, entry).finally(() => this.#reading.delete(person));
            this.#reading.set(person, reading);
        }
        return reading;
    }

    async #readNow(person: PersonId, entry: Entry): Promise<void> {
        // Whatever is stored from now on makes it stale again.
        this.#stale.delete(person);
        this.#others ??= (await this.#people.listed()).others;
        const own = (this.#own = await this.#people.ownIdentities());
        const found = isHash(person) ? await this.#people.someoneOf(person) : undefined;
        const shown = await shownPerson(this.#one.objects, person, { own, someone: found?.someone });
        if (this.#stale.has(person)) return;
        if (this.#entries.get(person) === entry) {
            this.#unlink(person, entry);
            entry.someone = found?.idHash;
            if (found !== undefined)
                this.#bySomeone.set(found.idHash, (this.#ofSomeone(found.idHash) ?? new Set()).add(person));
        }
        const { shown: before } = entry;
        entry.shown = shown;
        if (before === undefined || !isSame(before, shown)) this.onChanged.emit(person, shown);
    }

    #unlink(person: PersonId, { someone }: Entry): void {
        const persons = this.#ofSomeone(someone);
        persons?.delete(person);
        if (someone !== undefined && persons?.size === 0) this.#bySomeone.delete(someone);
    }

    #ofSomeone(someone: SomeoneId | undefined): Set<PersonId> | undefined {
        return someone && this.#bySomeone.get(someone);
    }
}

function isSameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
    return a.size === b.size && [...a].every(each => b.has(each));
}

function isSame(a: ShownPerson, b: ShownPerson): boolean {
    return a.name === b.name && a.hasName === b.hasName && a.image === b.image;
}

function first<T>(set: ReadonlySet<T>): T | undefined {
    for (const each of set) return each;
    return undefined;
}
