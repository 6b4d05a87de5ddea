// Reads what deployed peers read although no writer produces it (spec 10 §9.3): closing tags of the right length, unsorted
// bags, other spellings of numbers, reordered nested properties, markup in lists, … For repairing old stores only: what
// it returns may break the recipe (an empty number reads as '', a missing map value as undefined), and writing it again
// gives another text, hence another hash, or fails. Nothing that comes from a peer is ever read this way.
import { isHash, type Typed } from '../hashes.ts';
import { MAX_JSON_NESTING, MAX_MICRODATA_LENGTH } from '../limits.ts';
import { elementTags, kindAttribute } from '../recipes/element-kinds.ts';
import type { ItemType, Rule } from '../recipes/grammar.ts';
import type { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { ID_OBJECT_FRAME, OBJECT_FRAME } from './content-type.ts';
import { unescape } from './escape.ts';
import { MicrodataError } from './microdata-errors.ts';
import type { AnyObject } from './microdata.ts';

/** A part of the text that holds a value. */
interface Region {
    readonly start: number;
    readonly end: number;
}

/** An element found in a region. */
interface Found {
    readonly name: string;
    readonly attributes: string;
    readonly inner: Region;
    readonly end: number;
}

/**
 * Reads an object, or with `id` an ID object, as tolerantly as deployed peers do.
 * @throws MicrodataError for what they refuse, too
 */
export function parseTolerant(recipes: RecipeRegistry, text: string, { id = false }: { id?: boolean } = {}): AnyObject {
    if (text.length > MAX_MICRODATA_LENGTH) throw new MicrodataError('M2O-SIZE', 'it is too long', text, 0);
    const frame = id ? ID_OBJECT_FRAME : OBJECT_FRAME;
    if (!text.startsWith(frame)) throw new MicrodataError('M2O-PH1', `it begins with ${frame}`, text, 0);
    const typeEnd = text.indexOf('">', frame.length);
    const type = text.slice(frame.length, Math.max(frame.length, typeEnd));
    if (!recipes.has(type)) throw new MicrodataError('OR-ET1', 'there is no recipe for this type', text, frame.length);
    const reader = new TolerantReader(recipes, text);
    const object: Typed & Record<string, unknown> = { $type$: type };
    let position = typeEnd + 2;
    for (const rule of id ? recipes.idRulesOf(type) : recipes.rulesOf(type)) {
        const read = reader.property(rule, position);
        if (read === undefined && rule.optional !== true)
            throw new MicrodataError('M2O-PD1', `the property "${rule.itemprop}" is expected here`, text, position);
        if (read === undefined) continue;
        object[rule.itemprop] = read.value;
        position = read.end;
    }
    if (!text.startsWith('</div>', position))
        throw new MicrodataError('M2O-POM1', '</div> is expected', text, position);
    if (text.length > position + 6)
        throw new MicrodataError('M2O-PCONV2', 'something follows the end', text, position + 6);
    return object;
}

class TolerantReader {
    readonly #recipes: RecipeRegistry;
    readonly #text: string;

    constructor(recipes: RecipeRegistry, text: string) {
        this.#recipes = recipes;
        this.#text = text;
    }

    /** A property at the top level; undefined if another element is there. */
    property(
        { itemprop, itemtype = { type: 'string' } }: Rule,
        position: number,
    ): { value: unknown; end: number } | undefined {
        const tag = elementTags[itemtype.type];
        const kind = kindAttribute(itemtype.type);
        // Nested objects are found without their name, too.
        const opens = [`<${tag} itemprop="${itemprop}"${kind}>`, ...(tag === 'div' ? ['<div>'] : [])];
        const open = opens.find(candidate => this.#text.startsWith(candidate, position));
        if (open === undefined) return undefined;
        const start = position + open.length;
        if (tag === 'span' || tag === 'a') {
            // The closing tag is skipped by its length, whatever it says.
            const end = this.#text.indexOf('<', start);
            if (end < 0) throw this.#error('M2O-POM1', 'the text ends inside of a value', start);
            const value = tag === 'a' ? this.#hash({ start, end }) : this.#scalar(itemtype, { start, end });
            return { value, end: end + tag.length + 3 };
        }
        const inner = { start, end: this.#closing(tag, start, this.#text.length) };
        return { value: this.#value(itemtype, inner, 0), end: inner.end + tag.length + 3 };
    }

    #value(itemtype: ItemType, inner: Region, depth: number): unknown {
        if (depth > MAX_JSON_NESTING) throw this.#error('M2O-SIZE', 'it nests too deep', inner.start);
        switch (itemtype.type) {
            case 'array':
            case 'bag':
                return this.#children(inner).map(child => this.#item(itemtype.item, child.inner, depth + 1));
            case 'set':
                return new Set(this.#children(inner).map(child => this.#item(itemtype.item, child.inner, depth + 1)));
            case 'map':
                return this.#map(itemtype, inner, depth + 1);
            case 'object':
                return this.#nested(itemtype.rules, inner, depth + 1);
            default:
                return this.#scalar(itemtype, inner);
        }
    }

    /** An item, key or value: scalars stand as they are, everything else in an element of its own. */
    #item(itemtype: ItemType, inner: Region, depth: number): unknown {
        const tag = elementTags[itemtype.type];
        if (tag === 'span') return this.#scalar(itemtype, inner);
        const [element] = this.#children(inner);
        if (element?.name !== tag) throw this.#error('US-SSFMC1', `<${tag}> is expected`, inner.start);
        if (tag !== 'a') return this.#value(itemtype, element.inner, depth);
        return element.attributes === kindAttribute(itemtype.type) ? this.#hash(element.inner) : undefined;
    }

    /** Keys and values by their order, whatever their tags are; the last one of equal keys wins. */
    #map(itemtype: ItemType & { type: 'map' }, inner: Region, depth: number): Map<unknown, unknown> {
        const children = this.#children(inner);
        const map = new Map<unknown, unknown>();
        for (let i = 0; i < children.length; i += 2) {
            const [key, value] = [children[i], children[i + 1]];
            if (key === undefined) continue;
            map.set(
                this.#item(itemtype.key, key.inner, depth),
                value && this.#item(itemtype.value, value.inner, depth),
            );
        }
        return map;
    }

    /** In any order, unknown ones dropped, the last one of equal names wins; rules inherit at every level. */
    #nested(rules: readonly Rule[], inner: Region, depth: number): Record<string, unknown> {
        const children = this.#children(inner);
        if (children.length === 0 && inner.end > inner.start)
            throw this.#error('M2IH-FET1', 'text stands directly in a nested object', inner.start);
        const object: Record<string, unknown> = {};
        for (const rule of rules) {
            const { itemprop, itemtype = { type: 'string' }, optional } = this.#recipes.expand(rule);
            const child = children.findLast(({ attributes }) => attributes.includes(` itemprop="${itemprop}"`));
            if (child !== undefined)
                object[itemprop] =
                    elementTags[itemtype.type] === 'a'
                        ? this.#hash(child.inner)
                        : this.#value(itemtype, child.inner, depth);
            else if (optional !== true)
                throw this.#error('M2O-EOTFM1', `the property "${itemprop}" is missing`, inner.start);
        }
        return object;
    }

    /** Empty texts of all types but string stay what they are. */
    #scalar(itemtype: ItemType, { start, end }: Region): unknown {
        const raw = this.#text.slice(start, end);
        if (itemtype.type === 'string') {
            const value = unescape(raw);
            if (itemtype.regexp?.test(value) === false)
                throw this.#error('M2O-PV3', `no match of ${itemtype.regexp}`, start);
            return value;
        }
        if (raw === '') return raw;
        if (itemtype.type === 'boolean') return raw === 'true';
        if (itemtype.type !== 'stringifiable') return Number(raw);
        try {
            return JSON.parse(unescape(raw)) as unknown;
        } catch {
            throw this.#error('M2O-JSON', 'it is no JSON', start);
        }
    }

    #hash({ start, end }: Region): string {
        const raw = this.#text.slice(start, end);
        if (!isHash(raw)) throw this.#error('M2O-PV1', 'it is no hash', start);
        return raw;
    }

    /** The elements of a region, one after the other; text between them is ignored. */
    #children({ start, end }: Region): Found[] {
        const found: Found[] = [];
        const opening = /<([a-z]+)([^>]*)>/y;
        for (let position = start; position < end;) {
            position = this.#text.indexOf('<', position);
            if (position < 0 || position >= end) break;
            opening.lastIndex = position;
            const [tag = '', name = '', attributes = ''] = opening.exec(this.#text) ?? [];
            if (tag === '') throw this.#error('M2O-POM1', 'the beginning of an element is expected', position);
            const inner = { start: position + tag.length, end: this.#closing(name, position + tag.length, end) };
            position = inner.end + name.length + 3;
            found.push({ name, attributes, inner, end: position });
        }
        return found;
    }

    /** Where the closing tag of an element begins that was opened before `position`. */
    #closing(name: string, position: number, end: number): number {
        const tag = new RegExp(`<(/?)${name}(?=[ >])`, 'g');
        tag.lastIndex = position;
        let open = 1;
        for (let match = tag.exec(this.#text); match !== null && match.index < end; match = tag.exec(this.#text)) {
            open += match[1] === '/' ? -1 : 1;
            if (open === 0) return match.index;
        }
        throw this.#error('M2O-POM1', `</${name}> is missing`, position);
    }

    #error(code: string, reason: string, offset: number): MicrodataError {
        return new MicrodataError(code, reason, this.#text, offset);
    }
}
