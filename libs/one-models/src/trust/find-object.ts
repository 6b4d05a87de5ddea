import { ignoreBroken, type ObjectOf, type ObjectReader, type RecipeDefinition } from '@refinio/one.core';
import { readAs } from '../typed-objects.ts';

/**
 * An object of a recipe. What is damaged, missing or of another type counts as not there: where an object can only give
 * trust, one that cannot be read gives none, and must not hide the others.
 */
export async function findObject<const R extends RecipeDefinition>(
    objects: ObjectReader,
    recipe: R,
    hash: string,
): Promise<ObjectOf<R> | undefined> {
    try {
        return await readAs(objects, recipe, hash);
    } catch (error) {
        ignoreBroken(error);
        return undefined;
    }
}
