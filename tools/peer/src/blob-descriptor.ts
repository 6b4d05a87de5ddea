import { defineRecipe, type ObjectOf, type RecipeDefinition } from '@refinio/one.core';

/** Spec 62 §2. It is one of the recipes of chats: where the library brings it, that one counts. */
const BlobDescriptorRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'BlobDescriptor',
    rule: [
        { itemprop: 'data', itemtype: { type: 'referenceToBlob' } },
        { itemprop: 'lastModified', itemtype: { type: 'number' } },
        { itemprop: 'name', itemtype: { type: 'string' } },
        { itemprop: 'size', itemtype: { type: 'number' } },
        { itemprop: 'type', itemtype: { type: 'string' } },
    ],
});
/** A file: its bytes and what else is known of it. */
export type BlobDescriptor = ObjectOf<typeof BlobDescriptorRecipe>;

/** All recipes of a peer, each name once. */
export function recipesWithFiles(recipes: readonly RecipeDefinition[]): readonly RecipeDefinition[] {
    const isKnown = recipes.some(({ name }) => name === BlobDescriptorRecipe.name);
    return isKnown ? recipes : [...recipes, BlobDescriptorRecipe];
}
