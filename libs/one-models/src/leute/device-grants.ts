// What a device that is no longer an own one loses (DESIGN §1.1): everything that was granted to it, as a person or as a member of groups.
import {
    AccessRecipe,
    getOnlyLatestReferencingObjsHashAndId,
    GroupRecipe,
    IdAccessRecipe,
    type ObjectTransaction,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { readAs, storeChange } from '../typed-objects.ts';

/** @returns how many grants and memberships were taken back */
export async function removeGrantsOf(objects: ObjectTransaction, person: SHA256IdHash<Person>): Promise<number> {
    let removed = 0;
    for (const recipe of [AccessRecipe, IdAccessRecipe, GroupRecipe] as const)
        for (const { hash } of await getOnlyLatestReferencingObjsHashAndId(objects, person, recipe.name)) {
            const object = await readAs(objects, recipe, hash);
            if (!object.person.includes(person)) continue;
            await storeChange(objects, { ...object, person: object.person.filter(each => each !== person) });
            removed++;
        }
    return removed;
}
