// Recipes that are legal but that deployed peers handle wrongly (spec 10 §6, §9.4, §3.4). New recipes must not be like this;
// whoever registers one should hear of it.
import { elementTags, kindAttribute } from './element-kinds.ts';
import type { ItemType, Rule } from './grammar.ts';
import type { RecipeRegistry } from './recipe-registry.ts';

/** What goes wrong with a recipe elsewhere. */
export interface RecipeHazard {
    readonly code:
        | 'ID_OBJECT'
        | 'ID_INHERITED_COLLECTION'
        | 'ID_BEHIND_NESTED_NAMESAKE'
        | 'OPTIONAL_ID_BEFORE_NESTED_NAMESAKE'
        | 'OPTIONAL_REFERENCE_IN_THE_MIDDLE'
        | 'PROPERTY_TWICE'
        | 'RECURSIVE';
    /** Name of the top-level property. */
    readonly property: string;
    readonly message: string;
}

/** Hazards of a registered type. @throws RecipeRegistryError if it, or a type it inherits from, is unknown */
export function recipeHazards(recipes: RecipeRegistry, type: string): RecipeHazard[] {
    const definitions = recipes.get(type).rule;
    const rules = recipes.rulesOf(type);
    return rules.flatMap((rule, i) => {
        const hazards: RecipeHazard[] = [];
        const add = (code: RecipeHazard['code'], what: string): void => {
            const message = `Deployed peers ${what}: property "${rule.itemprop}" of the recipe "${type}".`;
            hazards.push({ code, property: rule.itemprop, message });
        };
        const [before, behind] = [rules.slice(0, i), rules.slice(i + 1)];
        if (rule.isId === true) {
            const inherited = definitions[i]?.inheritFrom !== undefined && definitions[i].itemtype === undefined;
            const tag = tagOf(rule);
            if (tag === 'div') add('ID_OBJECT', 'cannot store objects with a nested object in their ID');
            else if (inherited && ['ol', 'ul', 'dl'].includes(tag))
                add('ID_INHERITED_COLLECTION', 'cannot store objects with an inherited collection in their ID');
            if (before.some(other => hasNestedNamesake(other.itemtype, rule)))
                add(
                    'ID_BEHIND_NESTED_NAMESAKE',
                    'compute another ID hash when a nested property has the name of an ID one',
                );
            if (rule.optional === true && behind.some(other => hasNestedNamesake(other.itemtype, rule)))
                add('OPTIONAL_ID_BEFORE_NESTED_NAMESAKE', 'take a nested property for an absent one of the ID');
        }
        const [next] = behind;
        if (tagOf(rule) === 'a' && rule.optional === true && next !== undefined)
            if (tagOf(next) !== 'a' || next.optional === true)
                add(
                    'OPTIONAL_REFERENCE_IN_THE_MIDDLE',
                    'cannot read some objects without an optional reference; put it last',
                );
        if (before.some(({ itemprop }) => itemprop === rule.itemprop))
            add('PROPERTY_TWICE', 'cannot tell two properties of one name apart');
        if (inheritsFrom(definitions[i]?.itemtype, `${type}.${rule.itemprop}`))
            add('RECURSIVE', 'and ours can write recursive types two levels deep only');
        return hazards;
    });
}

function tagOf({ itemtype }: Rule): string {
    return elementTags[itemtype?.type ?? 'string'];
}

function startTag({ itemtype }: Rule): string {
    const type = itemtype?.type ?? 'string';
    return elementTags[type] + kindAttribute(type);
}

/** Whether a nested object has a property with the name and the element of `rule`. */
function hasNestedNamesake(itemtype: ItemType | undefined, rule: Rule): boolean {
    return nestedRules(itemtype).some(
        nested =>
            (nested.itemprop === rule.itemprop && startTag(nested) === startTag(rule)) ||
            hasNestedNamesake(nested.itemtype, rule),
    );
}

function inheritsFrom(itemtype: ItemType | undefined, path: string): boolean {
    return nestedRules(itemtype).some(({ inheritFrom, itemtype: inner }) => {
        const from = typeof inheritFrom === 'object' ? inheritFrom.rule : inheritFrom;
        return from === path || from?.startsWith(`${path}.`) === true || inheritsFrom(inner, path);
    });
}

function nestedRules(itemtype: ItemType | undefined): readonly Rule[] {
    switch (itemtype?.type) {
        case 'object':
            return itemtype.rules;
        case 'array':
        case 'bag':
        case 'set':
            return nestedRules(itemtype.item);
        case 'map':
            return nestedRules(itemtype.value);
        default:
            return [];
    }
}
