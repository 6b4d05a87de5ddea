import { coreRecipes } from './core-recipes.ts';
import { expandRule } from './expand-rule.ts';
import type { Recipe, Rule } from './grammar.ts';
import { RecipeRegistryError } from './recipe-errors.ts';
import { validateRecipe } from './validate-recipe.ts';

/** The types that one instance knows: the core recipes and what was registered. Nothing is ever replaced or removed. */
export class RecipeRegistry {
    readonly #recipes = new Map<string, Recipe>();

    /** Knows the core recipes from the start (spec 11). */
    constructor() {
        for (const recipe of coreRecipes) this.register(recipe);
    }

    /**
     * Validates, normalizes and adds a recipe, for example a `RecipeObject` from storage.
     * @returns the normalized recipe: its microdata has the hash that all instances compute
     * @throws InvalidRecipeError
     * @throws RecipeRegistryError `OR-ADDR1` if the name is taken
     */
    register(definition: unknown): Recipe {
        const recipe = validateRecipe(definition);
        if (this.#recipes.has(recipe.name))
            throw new RecipeRegistryError(
                'OR-ADDR1',
                `A recipe "${recipe.name}" is registered already; a changed recipe needs a name of its own`,
            );
        this.#recipes.set(recipe.name, recipe);
        return recipe;
    }

    has(type: string): boolean {
        return this.#recipes.has(type);
    }

    /** @throws RecipeRegistryError `OR-GR1` */
    get(type: string): Recipe {
        const recipe = this.#recipes.get(type);
        if (recipe === undefined)
            throw new RecipeRegistryError(
                'OR-GR1',
                `There is no recipe for the type ${JSON.stringify(type)}; register it first`,
            );
        return recipe;
    }

    /** All recipes in the order of registration. */
    values(): IterableIterator<Recipe> {
        return this.#recipes.values();
    }

    /** Whether a type has ID properties, so that its objects have versions. @throws RecipeRegistryError `OR-GR1` */
    isVersioned(type: string): boolean {
        return this.get(type).rule.some(({ isId }) => isId === true);
    }

    /** The top-level rules of a type with everything they inherit (spec 10 §3.4). @throws RecipeRegistryError */
    rulesOf(type: string): readonly Rule[] {
        const recipeOf = this.get.bind(this);
        return this.get(type).rule.map(rule => expandRule(rule, recipeOf));
    }
}
