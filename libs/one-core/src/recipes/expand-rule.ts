// Inheritance (spec 10 §3.4): a top-level rule is expanded before it is used for writing, parsing or cloning.
import { MAX_INHERITANCE } from '../limits.ts';
import type { ItemType, Recipe, Rule } from './grammar.ts';
import { RecipeRegistryError } from './recipe-errors.ts';

/** Recipe of a type. @throws RecipeRegistryError `OR-GR1` if there is none */
export type RecipeSource = (type: string) => Recipe;

/**
 * The rule with everything it inherits. Rules nested inside an inherited item type are left as they are: one that only
 * inherits counts as text there, so recursive types are written two levels deep.
 * @throws RecipeRegistryError `OR-GR1`, `OR-GR01`, `OR-RSRI1`, `OR-RSRI2`, `OR-INHERIT-CIRCLE`
 */
export function expandRule(rule: Rule, recipeOf: RecipeSource): Rule {
    return rule.itemtype === undefined ? inherit(rule, recipeOf) : walkRule(rule, recipeOf);
}

function walkRule(rule: Rule, recipeOf: RecipeSource): Rule {
    if ('inheritFrom' in rule) return inherit(rule, recipeOf);
    return rule.itemtype === undefined ? rule : { ...rule, itemtype: walkItemType(rule.itemtype, recipeOf) };
}

function walkItemType(itemType: ItemType, recipeOf: RecipeSource): ItemType {
    switch (itemType.type) {
        case 'array':
        case 'bag':
        case 'set':
            return { ...itemType, item: walkItemType(itemType.item, recipeOf) };
        case 'map':
            return { ...itemType, value: walkItemType(itemType.value, recipeOf) };
        case 'object':
            return { ...itemType, rules: itemType.rules.map(rule => walkRule(rule, recipeOf)) };
        default:
            return itemType;
    }
}

function inherit(rule: Rule, recipeOf: RecipeSource, length = 0): Rule {
    if (rule.inheritFrom === undefined) return rule;
    const { inheritFrom, ...own } = rule;
    const path = typeof inheritFrom === 'string' ? inheritFrom : inheritFrom.rule;
    if (length === MAX_INHERITANCE)
        throw new RecipeRegistryError(
            'OR-INHERIT-CIRCLE',
            `Rule "${rule.itemprop}" inherits in a circle over "${path}"`,
        );
    const merged: Rule = { ...inherit(findRule(path, recipeOf), recipeOf, length + 1), ...own };
    const itemtype = typeof inheritFrom === 'string' ? merged.itemtype : extract(merged, inheritFrom.extract);
    return { ...merged, itemtype, isId: rule.isId ?? false };
}

/** Segments behind the second one are ignored, as deployed peers do. */
function findRule(path: string, recipeOf: RecipeSource): Rule {
    const [type = '', itemprop = ''] = path.split('.');
    const found = recipeOf(type).rule.find(rule => rule.itemprop === itemprop);
    if (found === undefined)
        throw new RecipeRegistryError('OR-GR01', `Recipe "${type}" has no property "${itemprop}" to inherit from`);
    return found;
}

/** Without effect on everything that has no `item`: maps included, whatever "MapItemType" promises. */
function extract({ itemtype, itemprop }: Rule, what: 'CollectionItemType' | 'MapItemType'): ItemType | undefined {
    if (itemtype === undefined || !('item' in itemtype)) return itemtype;
    if (what === 'MapItemType')
        throw new RecipeRegistryError(
            'OR-RSRI2',
            `Rule "${itemprop}" extracts a map item type from a ${itemtype.type}`,
        );
    return itemtype.item;
}
