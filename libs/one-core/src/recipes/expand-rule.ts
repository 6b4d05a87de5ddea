// Inheritance (spec 10 §3.4): a top-level rule is expanded before it is used for writing, parsing or cloning.
import type { ItemType, Rule } from './grammar.ts';
import { RecipeRegistryError } from './recipe-errors.ts';

/** What rules are inherited from. */
export interface RuleSource {
    /** First top-level rule of a type with this name. @throws RecipeRegistryError `OR-GR1` for an unknown type */
    find(type: string, itemprop: string): Rule | undefined;
    /** Rules with what they inherit, as far as it was resolved: recipes never change, and long chains are walked once. */
    readonly resolved: Map<Rule, Rule>;
}

/**
 * The rule with everything it inherits. Rules nested inside an inherited item type are left as they are: one that only
 * inherits counts as text there, so recursive types are written two levels deep.
 * @throws RecipeRegistryError `OR-GR1`, `OR-GR01`, `OR-RSRI1`, `OR-RSRI2`, `OR-INHERIT-CIRCLE`
 */
export function expandRule(rule: Rule, source: RuleSource): Rule {
    return rule.itemtype === undefined ? inherit(rule, source) : walkRule(rule, source);
}

function walkRule(rule: Rule, source: RuleSource): Rule {
    if ('inheritFrom' in rule) return inherit(rule, source);
    return rule.itemtype === undefined ? rule : { ...rule, itemtype: walkItemType(rule.itemtype, source) };
}

function walkItemType(itemType: ItemType, source: RuleSource): ItemType {
    switch (itemType.type) {
        case 'array':
        case 'bag':
        case 'set':
            return { ...itemType, item: walkItemType(itemType.item, source) };
        case 'map':
            return { ...itemType, value: walkItemType(itemType.value, source) };
        case 'object':
            return { ...itemType, rules: itemType.rules.map(rule => walkRule(rule, source)) };
        default:
            return itemType;
    }
}

/** Follows the chain to its end, then puts the rules on top of each other on the way back. */
function inherit(rule: Rule, source: RuleSource): Rule {
    const chain = new Set<Rule>();
    let last = rule;
    while (last.inheritFrom !== undefined && !source.resolved.has(last)) {
        if (chain.has(last))
            throw new RecipeRegistryError('OR-INHERIT-CIRCLE', `Rule "${rule.itemprop}" inherits from itself`);
        chain.add(last);
        last = target(last.inheritFrom, source);
    }
    let merged = source.resolved.get(last) ?? last;
    for (const heir of [...chain].reverse()) {
        merged = inheritOne(heir, merged);
        source.resolved.set(heir, merged);
    }
    return merged;
}

function inheritOne(heir: Rule, from: Rule): Rule {
    const { inheritFrom, ...own } = heir;
    const merged = { ...from, ...own, isId: heir.isId ?? false };
    if (typeof inheritFrom !== 'object') return merged;
    return { ...merged, itemtype: extract(merged, inheritFrom.extract) };
}

/** Segments behind the second one are ignored, as deployed peers do. */
function target(inheritFrom: NonNullable<Rule['inheritFrom']>, source: RuleSource): Rule {
    const path = typeof inheritFrom === 'string' ? inheritFrom : inheritFrom.rule;
    const [type = '', itemprop = ''] = path.split('.');
    const found = source.find(type, itemprop);
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
    if (!['bag', 'array', 'set'].includes(itemtype.type))
        throw new RecipeRegistryError('OR-RSRI1', `Rule "${itemprop}" extracts an item type from a ${itemtype.type}`);
    return itemtype.item;
}
