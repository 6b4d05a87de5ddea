import type { OpenOptions } from '@refinio/one.core';
import { modelRecipes, modelReverseMaps, modelReverseMapsForIdObjects } from './recipes/model-recipes.ts';

/**
 * What `OneInstance.open` has to be given for the models of this library.
 *
 * ```ts
 * const one = await OneInstance.open({ ...modelOptions, name, email, secret, storage });
 * ```
 */
export const modelOptions: Pick<OpenOptions, 'recipes' | 'reverseMaps' | 'reverseMapsForIdObjects'> = {
    recipes: modelRecipes,
    reverseMaps: modelReverseMaps,
    reverseMapsForIdObjects: modelReverseMapsForIdObjects,
};
