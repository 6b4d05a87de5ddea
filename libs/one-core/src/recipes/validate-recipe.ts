// Validation and normalization of a recipe in one pass (spec 10 §3.6). The result is a new value, made of what was read once;
// what came in is not touched. Codes as in the table there, and some of our own for what deployed peers do not check and
// cannot work with: URC-BOOLEAN, URC-REGEXP, URC-CRDT, URC-RESERVED (names that mean something else on an object), URC-SIZE.
import { MAX_ITEM_TYPE_NESTING, MAX_RULES } from '../limits.ts';
import { itemTypeNames, type ItemType, type Recipe, type Rule } from './grammar.ts';
import { shown } from '../shown.ts';
import { InvalidRecipeError } from './recipe-errors.ts';

type Members = Readonly<Record<string, unknown>>;

const RULE_MEMBERS = new Set(['itemprop', 'itemtype', 'optional', 'isId', 'inheritFrom']);
const FORBIDDEN_AS_KEY = new Set(['array', 'bag', 'map', 'object', 'set', 'stringifiable']);
/** They mean something else on a JavaScript object or on every ONE object. */
const RESERVED = new Set(['__proto__', '$type$', '$versionHash$']);
// eslint-disable-next-line no-control-regex -- control characters are what is searched for
const NOT_IN_TYPE_NAMES = /[<>.\s"\\\u0000-\u001f]/;
const NOT_IN_PROPERTY_NAMES = /[<>.\s]/;

/** Proves that a value is a recipe and normalizes it. @throws InvalidRecipeError naming the place and the rule broken */
export function validateRecipe(input: unknown): Recipe {
    const refuse = (code: string, path: string, reason: string, cause?: unknown): never => {
        throw new InvalidRecipeError(
            isObject(input) ? input['name'] : undefined,
            code,
            path,
            reason,
            cause === undefined ? undefined : { cause },
        );
    };
    let rules = 0;

    function recipe(): Recipe {
        if (!isObject(input)) return refuse('URC-ERCP1', '', 'it is not an object');
        const source: Members = { ...input };
        if (source['$type$'] !== 'Recipe') return refuse('URC-ERCP2', '$type$', 'it must be "Recipe"');
        const { name, rule: list, crdtConfig } = source;
        if (typeof name !== 'string' || name === '' || NOT_IN_TYPE_NAMES.test(name) || !name.isWellFormed())
            return refuse(
                'URC-ERCP3',
                'name',
                'a name is a text without white space, control characters and any of < > . " \\',
            );
        if (!Array.isArray(list)) return refuse('URC-ERCP4', 'rule', 'it must be an array, which may be empty');
        // Whatever else the recipe has stays on it: the writer refuses unknown members (spec 10 §4), not the validator.
        return Object.freeze({
            ...source,
            $type$: 'Recipe',
            name,
            ...(crdtConfig !== undefined && { crdtConfig: mergeConfiguration(crdtConfig) }),
            rule: Object.freeze(Array.from(list as unknown[], (item, i) => rule(item, `rule[${i}]`, 0))),
        });
    }

    function mergeConfiguration(value: unknown): ReadonlyMap<string, string> {
        if (!(value instanceof Map)) return refuse('URC-CRDT', 'crdtConfig', 'it is a Map of texts');
        return new Map(value as ReadonlyMap<string, string>);
    }

    function rule(given: unknown, path: string, depth: number): Rule {
        if (!isObject(given)) return refuse('URC-ERECI1', path, 'a rule is an object');
        const value: Members = { ...given };
        if (depth > 0 && value['isId'] !== undefined)
            return refuse('URC-ERECI2', `${path}.isId`, 'only rules at the top level belong to the ID');
        for (const member of Object.keys(value))
            if (!RULE_MEMBERS.has(member))
                return refuse(
                    'URC-ERECI3',
                    `${path}.${shown(member).slice(1, -1)}`,
                    `a rule has only ${[...RULE_MEMBERS].join(', ')}`,
                );
        const { itemprop, itemtype, optional, isId, inheritFrom } = value;
        if (typeof itemprop !== 'string' || itemprop === '')
            return refuse('URC-ERECI4', `${path}.itemprop`, 'the name of the property is missing');
        if (NOT_IN_PROPERTY_NAMES.test(itemprop))
            return refuse('URC-ERECI8', `${path}.itemprop`, 'a property name has no white space and none of < > .');
        if (RESERVED.has(itemprop)) return refuse('URC-RESERVED', `${path}.itemprop`, `"${itemprop}" is reserved`);
        for (const [member, flag] of [
            ['optional', optional],
            ['isId', isId],
        ] as const)
            if (flag !== undefined && typeof flag !== 'boolean')
                return refuse('URC-BOOLEAN', `${path}.${member}`, 'it is true, false or absent');
        if (++rules > MAX_RULES) return refuse('URC-SIZE', path, `a recipe has at most ${MAX_RULES} rules`);
        return Object.freeze({
            ...value,
            itemprop,
            ...('inheritFrom' in value && { inheritFrom: inheritance(inheritFrom, `${path}.inheritFrom`) }),
            ...('itemtype' in value && {
                itemtype: itemtype === undefined ? undefined : itemType(itemtype, `${path}.itemtype`, depth + 1),
            }),
        });
    }

    function itemType(given: unknown, path: string, depth: number): ItemType {
        const value: unknown = isObject(given) ? { ...given } : given;
        if (depth > MAX_ITEM_TYPE_NESTING)
            return refuse('URC-SIZE', path, `item types nest at most ${MAX_ITEM_TYPE_NESTING} deep`);
        const type = isObject(value) ? itemTypeNames.find(name => name === value['type']) : undefined;
        if (!isObject(value) || type === undefined)
            return refuse('URC-ERECI19', path, `its type is one of ${itemTypeNames.join(', ')}`);
        if ('inheritFrom' in value) return refuse('URC-ERECI33', path, 'an item type does not inherit, a rule does');
        const inner = (member: string): ItemType =>
            value[member] === undefined
                ? refuse('URC-ERECI31', path, `a ${type} needs the member "${member}"`)
                : itemType(value[member], `${path}.${member}`, depth + 1);
        switch (type) {
            case 'string':
                return Object.freeze({ ...value, type, ...regexp(value['regexp'], `${path}.regexp`) });
            case 'integer':
            case 'number':
                checkBounds(value, type, path);
                return Object.freeze({ ...value, type });
            case 'boolean':
            case 'stringifiable':
            case 'referenceToBlob':
            case 'referenceToClob':
                if (Object.keys(value).length > 1)
                    return refuse('URC-ERECI33', path, `a ${type} has no member besides "type"`);
                return Object.freeze({ type });
            case 'referenceToObj':
            case 'referenceToId':
                return Object.freeze({ ...value, type, allowedTypes: typeNames(value['allowedTypes'], path) });
            case 'map': {
                const [key, item] = [inner('key'), inner('value')];
                if (FORBIDDEN_AS_KEY.has(key.type))
                    return refuse('URC-ERECI31', `${path}.key`, `a ${key.type} cannot be a key`);
                return Object.freeze({ ...value, type, key, value: item });
            }
            case 'array':
            case 'bag':
            case 'set':
                return Object.freeze({ ...value, type, item: inner('item') });
            case 'object':
                return Object.freeze({ ...value, type, rules: nestedRules(value['rules'], `${path}.rules`, depth) });
        }
    }

    function nestedRules(value: unknown, path: string, depth: number): readonly Rule[] {
        if (!Array.isArray(value) || value.length === 0)
            return refuse('URC-ERECI23', path, 'a nested object needs at least one rule');
        const list = Array.from(value as unknown[], (item, i) => rule(item, `${path}[${i}]`, depth));
        const names = new Set<string>();
        for (const { itemprop } of list) {
            if (names.has(itemprop)) return refuse('URC-CIT1', path, `"${itemprop}" occurs twice`);
            names.add(itemprop);
        }
        return Object.freeze(list);
    }

    /** Flags never reach other instances, so they are dropped here already. */
    function regexp(value: unknown, path: string): { regexp?: RegExp } {
        if (value === undefined) return {};
        if (typeof value !== 'string' && !(value instanceof RegExp))
            return refuse('URC-REGEXP', path, 'it is a regular expression or its text');
        try {
            return { regexp: new RegExp(typeof value === 'string' ? value : value.source) };
        } catch (cause) {
            return refuse('URC-REGEXP', path, 'it is no regular expression', cause);
        }
    }

    function checkBounds(value: Members, type: 'integer' | 'number', path: string): void {
        const [range, kind] = type === 'integer' ? ['A', 'B'] : ['C', 'D'];
        const { min, max } = value;
        for (const bound of [min, max])
            if (bound !== undefined && (typeof bound !== 'number' || !isBound(bound, type)))
                refuse(`URC-ERECI30-${kind}`, path, `min and max are of type ${type}`);
        if (typeof min === 'number' && typeof max === 'number' && max <= min)
            refuse(`URC-ERECI30-${range}`, path, 'max must be greater than min');
    }

    function typeNames(value: unknown, path: string): ReadonlySet<string> {
        const list = value instanceof Set || Array.isArray(value) ? Array.from(value as Iterable<unknown>) : undefined;
        if (!list?.every(name => typeof name === 'string'))
            return refuse('URC-ERECI14', `${path}.allowedTypes`, 'it is a Set or an array of type names');
        return new Set(list);
    }

    function inheritance(given: unknown, path: string): Rule['inheritFrom'] {
        if (given === undefined) return undefined;
        if (typeof given === 'string')
            return given.includes('.') ? given : refuse('URC-ERECI27', path, 'it has the form "Recipe.itemprop"');
        const { rule: target, extract } = isObject(given) ? given : {};
        if (
            typeof target !== 'string' ||
            !target.includes('.') ||
            (extract !== 'CollectionItemType' && extract !== 'MapItemType')
        )
            return refuse(
                'URC-ERECI28',
                path,
                'it is { rule: "Recipe.itemprop", extract: "CollectionItemType" or "MapItemType" }',
            );
        return Object.freeze({ rule: target, extract });
    }

    return recipe();
}

function isObject(value: unknown): value is Members {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBound(value: number, type: 'integer' | 'number'): boolean {
    return type === 'integer' ? Number.isInteger(value) : !Number.isNaN(value);
}
