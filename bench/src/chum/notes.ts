import { defineRecipe, type Typed } from '@refinio/one.core';

export const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Note',
    rule: [{ itemprop: 'id', isId: true }, { itemprop: 'text' }],
});

export function note(id: string, text: string): Typed {
    return { $type$: 'Note', id, text } as Typed;
}
