import {
    GroupRecipe,
    Slots,
    type BLOB,
    type ObjectEvent,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import { CONTACTS_READ_AT_ONCE } from '../limits.ts';
import type { Someone } from '../recipes/people-recipes.ts';
import { currentAs } from '../typed-objects.ts';
import { ignoreBroken } from './leute-error.ts';
import type { People } from './people.ts';
import { shownPerson } from './shown-person.ts';
import { profileIdObject } from './someones.ts';
import { BLACKLIST_ID } from './well-known.ts';

type PersonId = SHA256IdHash<Person>;
type SomeoneId = SHA256IdHash<Someone>;

/** A contact as a list shows it. */
export interface ContactRow {
    readonly someone: SomeoneId;
    /** The main identity. */
    readonly person: PersonId;
    /** The ID of the person if it has no name. */
    readonly name: string;
    readonly hasName: boolean;
    /** Hash of the BLOB of the picture, which may not be here. */
    readonly image?: SHA256Hash<BLOB>;
    readonly isBlocked: boolean;
}

/** Where a page begins: behind this row, also if it is not there any more, or called otherwise. */
export type ContactCursor = Pick<ContactRow, 'someone' | 'name' | 'hasName'>;

export interface ContactPage {
    readonly contacts: readonly ContactRow[];
    /** Of all contacts. */
    readonly total: number;
    /** Absent on the last page. */
    readonly next?: ContactCursor;
}

type Row = Omit<ContactRow, 'isBlocked'>;

/**
 * All contacts in the order of their names, page by page; those without a name come last. The first page reads all of
 * them, later ones only what has changed.
 */
export class ContactList implements Disposable {
    readonly #one: Pick<OneInstance, 'objects'>;
    readonly #people: People;
    readonly #collator: Intl.Collator;
    readonly #rows = new Map<SomeoneId, Row>();
    readonly #someoneOf = new Map<PersonId, SomeoneId>();
    readonly #stale = new Set<SomeoneId>();
    #own = '';
    #sorted: readonly Row[] = [];
    #isSorted = true;
    #endListening: (() => void) | undefined;
    readonly #turn = new Slots(1);

    constructor(one: Pick<OneInstance, 'objects'>, people: People, locale?: string) {
        this.#one = one;
        this.#people = people;
        this.#collator = new Intl.Collator(locale, { numeric: true });
    }

    [Symbol.dispose](): void {
        this.#endListening?.();
    }

    async page({
        after,
        limit = 50,
    }: { readonly after?: ContactCursor | undefined; readonly limit?: number } = {}): Promise<ContactPage> {
        // One after the other, so that none reads what another one is just reading.
        await this.#turn.run(() => this.#update());
        const sorted = this.#sorted;
        const start = after === undefined ? 0 : this.#behind(sorted, after);
        const rows = sorted.slice(start, start + limit);
        const last = rows.at(-1);
        const blocked = new Set((await currentAs(this.#one.objects, GroupRecipe, BLACKLIST_ID))?.obj.person);
        return {
            contacts: rows.map(row => ({ ...row, isBlocked: blocked.has(row.person) })),
            total: sorted.length,
            ...(last !== undefined && start + limit < sorted.length && { next: last }),
        };
    }

    async #update(): Promise<void> {
        // Before anything is read: what is stored from now on makes it stale.
        this.#endListening ??= this.#one.objects.events.listen(event => this.#onStored(event));
        const { others } = await this.#people.listed();
        for (const someone of this.#rows.keys()) if (!others.has(someone)) this.#remove(someone);
        for (const someone of this.#stale) if (!others.has(someone)) this.#stale.delete(someone);
        const own = await this.#people.ownIdentities();
        // Whose profiles are mine is decided by my identities.
        const ownNow = [...own].sort().join(' ');
        if (ownNow !== this.#own) for (const someone of this.#rows.keys()) this.#stale.add(someone);
        this.#own = ownNow;
        const wanted = [...others].filter(someone => !this.#rows.has(someone) || this.#stale.has(someone));
        for (let at = 0; at < wanted.length; at += CONTACTS_READ_AT_ONCE)
            await Promise.all(wanted.slice(at, at + CONTACTS_READ_AT_ONCE).map(someone => this.#read(someone, own)));
        if (this.#isSorted) return;
        this.#sorted = [...this.#rows.values()].sort((a, b) => this.#compare(a, b));
        this.#isSorted = true;
    }

    async #read(id: SomeoneId, own: ReadonlySet<PersonId>): Promise<void> {
        this.#stale.delete(id);
        const { objects } = this.#one;
        const someone = await this.#people.someone(id).catch(ignoreBroken);
        const main = someone && (await profileIdObject(objects, someone.mainProfile).catch(ignoreBroken));
        // A main profile may be one of an identity that was removed.
        const [first] = someone?.identities.keys() ?? [];
        const person = main !== undefined && someone?.identities.has(main.personId) === true ? main.personId : first;
        this.#remove(id);
        if (person === undefined) return;
        // Before it is read how the person is shown: what is stored meanwhile makes it stale.
        this.#someoneOf.set(person, id);
        this.#rows.set(id, { someone: id, person, ...(await shownPerson(objects, person, { own, someone })) });
        this.#isSorted = false;
    }

    #remove(someone: SomeoneId): void {
        const row = this.#rows.get(someone);
        if (row === undefined) return;
        this.#rows.delete(someone);
        if (this.#someoneOf.get(row.person) === someone) this.#someoneOf.delete(row.person);
        this.#isSorted = false;
    }

    #onStored(event: ObjectEvent): void {
        if (event.type !== 'versioned') return;
        const { obj, idHash } = event;
        if (obj.$type$ === 'Profile') this.#makeStale(this.#someoneOf.get(obj['personId'] as PersonId));
        else if (obj.$type$ === 'Someone') this.#makeStale(idHash as SomeoneId);
    }

    #makeStale(someone: SomeoneId | undefined): void {
        if (someone !== undefined) this.#stale.add(someone);
    }

    #compare(a: ContactCursor, b: ContactCursor): number {
        if (a.hasName !== b.hasName) return a.hasName ? -1 : 1;
        return this.#collator.compare(a.name, b.name) || (a.someone < b.someone ? -1 : a.someone > b.someone ? 1 : 0);
    }

    #behind(rows: readonly Row[], cursor: ContactCursor): number {
        let [low, high] = [0, rows.length];
        while (low < high) {
            const middle = (low + high) >>> 1;
            const row = rows[middle];
            if (row !== undefined && this.#compare(row, cursor) <= 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
