// Taking back everything that was granted: to a device that is no longer an own one (DESIGN §1.1), as a person or as a
// member of groups; and to a group that is removed.
import {
    AccessRecipe,
    getOnlyLatestReferencingObjsHashAndId,
    GroupRecipe,
    IdAccessRecipe,
    type Group,
    type ObjectTransaction,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { readAs, storeChange } from '../typed-objects.ts';

/** What was granted through a group. */
export async function removeGroupGrants(objects: ObjectTransaction, group: SHA256IdHash<Group>): Promise<void> {
    for (const recipe of [AccessRecipe, IdAccessRecipe] as const)
        for (const { hash } of await getOnlyLatestReferencingObjsHashAndId(objects, group, recipe.name)) {
            const object = await readAs(objects, recipe, hash);
            if (object.group.includes(group))
                await storeChange(objects, { ...object, group: object.group.filter(each => each !== group) });
        }
}

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
