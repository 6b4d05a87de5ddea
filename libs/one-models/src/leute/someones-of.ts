import { getAllEntries, type ObjectReader, type Person, type SHA256IdHash } from '@refinio/one.core';
import { SomeoneRecipe, type Someone } from '../recipes/people-recipes.ts';
import { readAs } from '../typed-objects.ts';

/**
 * IDs of someones of which some version has a person as an identity, those of the newest versions first. Who finds what is looked for
 * among the first ones need not read the histories of all.
 */
export async function* someonesOf(
    objects: ObjectReader,
    person: SHA256IdHash<Person>,
): AsyncGenerator<SHA256IdHash<Someone>> {
    const seen = new Set<string>();
    for (const hash of (await getAllEntries(objects, person, 'Someone')).reverse()) {
        const idHash = await objects.microdata.idHash(await readAs(objects, SomeoneRecipe, hash));
        if (seen.has(idHash)) continue;
        seen.add(idHash);
        yield idHash;
    }
}
