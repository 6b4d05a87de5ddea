import { OneError } from '../errors.ts';
import { shown } from '../shown.ts';

/** A recipe breaks the grammar; nothing was registered. `code` as in spec 10 §3.6, `path` like `rule[2].itemtype.item`. */
export class InvalidRecipeError extends OneError {
    readonly code: string;
    /** Where in the recipe: empty for the recipe itself. */
    readonly path: string;

    constructor(name: unknown, code: string, path: string, reason: string, options?: ErrorOptions) {
        const which = typeof name === 'string' ? `${shown(name)} ` : '';
        const where = path === '' ? '' : `at ${path.slice(-200)} `;
        super(`Recipe ${which}${where}is refused: ${reason} (${code}).`, options);
        this.code = code;
        this.path = path;
    }
}

/** A type has no recipe here (`OR-GR1`), is registered twice (`OR-ADDR1`), is too large, or inherits what cannot be. */
export class RecipeRegistryError extends OneError {
    readonly code: 'OR-GR1' | 'OR-GR01' | 'OR-ADDR1' | 'OR-RSRI1' | 'OR-RSRI2' | 'OR-INHERIT-CIRCLE' | 'OR-SIZE';

    constructor(code: RecipeRegistryError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }
}
