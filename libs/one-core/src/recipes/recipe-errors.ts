import { OneError } from '../errors.ts';

/** A recipe breaks the grammar; nothing was registered. `code` as in spec 10 §3.6, `path` like `rule[2].itemtype.item`. */
export class InvalidRecipeError extends OneError {
    readonly code: string;
    /** Where in the recipe: empty for the recipe itself. */
    readonly path: string;

    constructor(recipe: unknown, code: string, path: string, reason: string, options?: ErrorOptions) {
        const name = nameOf(recipe);
        super(
            `Recipe ${name === undefined ? '' : `"${name}" `}${path && `at ${path} `}is refused: ${reason} (${code}).`,
            options,
        );
        this.code = code;
        this.path = path;
    }
}

/** A type is used that has no recipe here (`OR-GR1`, `OR-ET1`), or is registered twice (`OR-ADDR1`). */
export class RecipeRegistryError extends OneError {
    readonly code: 'OR-GR1' | 'OR-GR01' | 'OR-ET1' | 'OR-ADDR1' | 'OR-RSRI1' | 'OR-RSRI2' | 'OR-INHERIT-CIRCLE';

    constructor(code: RecipeRegistryError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }
}

function nameOf(recipe: unknown): string | undefined {
    if (typeof recipe !== 'object' || recipe === null || !('name' in recipe)) return undefined;
    return typeof recipe.name === 'string' ? recipe.name.slice(0, 80) : undefined;
}
