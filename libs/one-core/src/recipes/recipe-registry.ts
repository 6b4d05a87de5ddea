import { shown } from '../shown.ts';
import { coreRecipes } from './core-recipes.ts';
import { expandRule, type RuleSource } from './expand-rule.ts';
import type { Recipe, Rule } from './grammar.ts';
import { RecipeRegistryError } from './recipe-errors.ts';
import { recipeHazards, type RecipeHazard } from './recipe-hazards.ts';
import { validateRecipe } from './validate-recipe.ts';

interface Entry {
    readonly recipe: Recipe;
    /** Top-level rules by name; the first one of equal names. */
    readonly rules: ReadonlyMap<string, Rule>;
}

export interface RecipeRegistryOptions {
    /** Told when a recipe is registered that deployed peers handle wrongly (spec 10 §6). */
    readonly onHazard?: (hazard: RecipeHazard) => void;
}

/** The types that one instance knows: the core recipes and what was registered. Nothing is ever replaced or removed. */
export class RecipeRegistry {
    readonly #entries = new Map<string, Entry>();
    readonly #onHazard: RecipeRegistryOptions['onHazard'];
    readonly #unjudged = new Set<string>();
    readonly #source: RuleSource = {
        find: (type, itemprop) => this.#entry(type).rules.get(itemprop),
        resolved: new Map(),
    };

    /** Knows the core recipes from the start (spec 11). */
    constructor({ onHazard }: RecipeRegistryOptions = {}) {
        for (const recipe of coreRecipes) this.register(recipe);
        this.#onHazard = onHazard;
    }

    /**
     * Validates, normalizes and adds a recipe, for example a `RecipeObject` from storage. Recipes are trusted as code is:
     * their regular expressions run on what peers send.
     * @returns the normalized recipe: its microdata has the hash that all instances compute
     * @throws InvalidRecipeError
     * @throws RecipeRegistryError `OR-ADDR1` if the name is taken
     */
    register(definition: unknown): Recipe {
        const recipe = validateRecipe(definition);
        if (this.#entries.has(recipe.name))
            throw new RecipeRegistryError(
                'OR-ADDR1',
                `A recipe ${shown(recipe.name)} is registered already; a changed recipe needs a name of its own`,
            );
        const rules = new Map<string, Rule>();
        for (const rule of recipe.rule) if (!rules.has(rule.itemprop)) rules.set(rule.itemprop, rule);
        this.#entries.set(recipe.name, { recipe, rules });
        if (this.#onHazard !== undefined) this.#warn(recipe.name, this.#onHazard);
        return recipe;
    }

    has(type: string): boolean {
        return this.#entries.has(type);
    }

    /** @throws RecipeRegistryError `OR-GR1` */
    get(type: string): Recipe {
        return this.#entry(type).recipe;
    }

    /** All recipes in the order of registration. */
    values(): Recipe[] {
        return Array.from(this.#entries.values(), ({ recipe }) => recipe);
    }

    /** Whether a type has ID properties, so that its objects have versions. @throws RecipeRegistryError `OR-GR1` */
    isVersioned(type: string): boolean {
        return this.get(type).rule.some(({ isId }) => isId === true);
    }

    /** The top-level rules of a type with everything they inherit (spec 10 §3.4). @throws RecipeRegistryError */
    rulesOf(type: string): Rule[] {
        return this.get(type).rule.map(rule => this.expand(rule));
    }

    /** The rules of the ID properties alone: others may inherit from types that are not known yet. */
    idRulesOf(type: string): Rule[] {
        return this.get(type)
            .rule.filter(({ isId }) => isId === true)
            .map(rule => this.expand(rule));
    }

    /** A rule with everything it inherits. @throws RecipeRegistryError */
    expand(rule: Rule): Rule {
        return expandRule(rule, this.#source);
    }

    #entry(type: string): Entry {
        const entry = this.#entries.get(type);
        if (entry === undefined)
            throw new RecipeRegistryError(
                'OR-GR1',
                `There is no recipe for the type ${shown(type)}; register it first`,
            );
        return entry;
    }

    /** Types that inherit from one that is registered later are looked at again then. */
    #warn(type: string, onHazard: (hazard: RecipeHazard) => void): void {
        this.#unjudged.add(type);
        for (const name of this.#unjudged) {
            try {
                recipeHazards(this, name).forEach(onHazard);
                this.#unjudged.delete(name);
            } catch (error) {
                if (!(error instanceof RecipeRegistryError)) throw error;
            }
        }
    }
}
