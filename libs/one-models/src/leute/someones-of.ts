// To whom a person belongs: the one rule, for what is stored and for what a transaction is just changing.
import { getAllEntries, type ObjectReader, type Person, type SHA256IdHash } from '@refinio/one.core';
import { SomeoneRecipe, type Someone } from '../recipes/people-recipes.ts';
import { readAs } from '../typed-objects.ts';
import { ignoreBroken } from './leute-error.ts';
import { ME_ID } from './well-known.ts';

type SomeoneId = SHA256IdHash<Someone>;

export interface SomeoneEntry {
    readonly idHash: SomeoneId;
    readonly someone: Someone;
}

export interface Listed {
    readonly others: ReadonlySet<SomeoneId>;
    /** The current version. */
    someone(idHash: SomeoneId): Promise<Someone>;
}

/** Me, or the contact of which a person is an identity. Someones that are not listed do not count, nor broken ones. */
export async function findSomeoneOf(
    objects: ObjectReader,
    listed: Listed,
    person: SHA256IdHash<Person>,
): Promise<SomeoneEntry | undefined> {
    const me = await listed.someone(ME_ID);
    if (me.identities.has(person)) return { idHash: ME_ID, someone: me };
    for await (const idHash of someonesOf(objects, person)) {
        if (!listed.others.has(idHash)) continue;
        const someone = await listed.someone(idHash).catch(ignoreBroken);
        if (someone?.identities.has(person) === true) return { idHash, someone };
    }
    return undefined;
}

/**
 * IDs of someones of which some version has a person as an identity, those of the newest versions first. Who finds
 * what is looked for among the first ones need not read the histories of all.
 */
export async function* someonesOf(objects: ObjectReader, person: SHA256IdHash<Person>): AsyncGenerator<SomeoneId> {
    const seen = new Set<string>();
    for (const hash of (await getAllEntries(objects, person, 'Someone')).reverse()) {
        const idHash = await objects.microdata.idHash(await readAs(objects, SomeoneRecipe, hash));
        if (seen.has(idHash)) continue;
        seen.add(idHash);
        yield idHash;
    }
}
