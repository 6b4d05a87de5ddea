// Elements of microdata (spec 10 §5.3): how the value of each item type is written and read. A rule is compiled once into
// an `Element`; writing and reading are then calls of closures, without looking at the recipe again.
//
//   string, integer, number, boolean, stringifiable   <span itemprop="P">TEXT</span>                  TEXT
//   referenceTo*                                      <a itemprop="P" data-type="K">HASH</a>          <a data-type="K">…
//   array                                             <ol itemprop="P">ITEMS</ol>                     <ol>…
//   bag, set                                          <ul itemprop="P">ITEMS</ul>, sorted             <ul>…
//   map                                               <dl itemprop="P"><dt>KEY</dt><dd>VALUE</dd></dl> <dl>…
//   object                                            <div itemprop="P">PROPERTIES</div>              <div>…
//
// One file, because it is one grammar: what writes and what reads a type stand side by side.
//
// Reading accepts exactly what writing produces: every reader checks its part of "writing it again gives the same text"
// (spec 10 §9.3), so no second pass is needed. A property test holds both sides together.
import { isHash } from '../hashes.ts';
import { MAX_MICRODATA_LENGTH, MAX_RULES } from '../limits.ts';
import { elementTags, kindAttribute } from '../recipes/element-kinds.ts';
import { RecipeRegistryError } from '../recipes/recipe-errors.ts';
import { shown } from '../shown.ts';
import type { ItemType, Rule } from '../recipes/grammar.ts';
import { canonicalJson } from './canonical-json.ts';
import { escape, isEscaped, unescape } from './escape.ts';
import { MicrodataError, Refusal } from './microdata-errors.ts';

/** Where a reader stands in the text. */
export interface Cursor {
    readonly text: string;
    position: number;
}

/** The value between the tags of an element. */
interface Content {
    /** @param lossy writes what cannot be read back as it was, as deployed peers do */
    readonly write: (value: unknown, lossy: boolean) => string;
    readonly read: (cursor: Cursor) => unknown;
}

/** An element with its tags: a property, or an item, key or value if it has no name. */
export interface Element {
    readonly open: string;
    readonly close: string;
    readonly write: Content['write'];
    readonly read: Content['read'];
}

/** Compiles the rules of one type: equal parts once, and not more of them than a type may have. */
export class Compiler {
    readonly #type: string;
    readonly #contents = new Map<ItemType, Content>();
    #rules = 0;

    constructor(type: string) {
        this.#type = type;
    }

    /** Content of an item type. Inherited item types are shared, so that a type does not grow with those who inherit it. */
    content(itemType: ItemType): Content {
        let content = this.#contents.get(itemType);
        if (content === undefined) this.#contents.set(itemType, (content = contentOf(itemType, this)));
        return content;
    }

    /** @throws RecipeRegistryError `OR-SIZE` */
    countRule(): void {
        if (++this.#rules > MAX_RULES)
            throw new RecipeRegistryError(
                'OR-SIZE',
                `The type ${shown(this.#type)} has more than ${MAX_RULES} rules, inherited ones included`,
            );
    }
}

/** Writes values of an item type as they stand in a list (lossy): equal values of equal types have equal texts. */
export function compileItemText(itemType: ItemType): (value: unknown) => string {
    const { write } = compileElement(itemType, new Compiler(itemType.type));
    return value => write(value, true);
}

/** The element of an item type; with a name, it is a property. */
function compileElement(itemType: ItemType, compiler: Compiler, name?: string): Element {
    const content = compiler.content(itemType);
    const { read } = content;
    const tag = elementTags[itemType.type];
    const bare = tag === 'span' && name === undefined;
    const itemprop = name === undefined ? '' : ` itemprop="${name}"`;
    const open = bare ? '' : `<${tag}${itemprop}${kindAttribute(itemType.type)}>`;
    const close = bare ? '' : `</${tag}>`;
    return {
        open,
        close,
        write: bare ? content.write : (value, lossy) => open + content.write(value, lossy) + close,
        read: bare
            ? read
            : cursor => {
                  expectTag(cursor, open);
                  const value = read(cursor);
                  expectTag(cursor, close);
                  return value;
              },
    };
}

function contentOf(itemType: ItemType, compiler: Compiler): Content {
    switch (itemType.type) {
        case 'string':
            return stringContent(itemType.regexp);
        case 'integer':
            return integerContent;
        case 'number':
            return numberContent;
        case 'boolean':
            return booleanContent;
        case 'stringifiable':
            return stringifiableContent;
        case 'referenceToObj':
        case 'referenceToId':
        case 'referenceToBlob':
        case 'referenceToClob':
            return referenceContent;
        case 'array':
            return listContent(compileElement(itemType.item, compiler), false);
        case 'bag':
            return listContent(compileElement(itemType.item, compiler), true);
        case 'set':
            return setContent(compileElement(itemType.item, compiler), itemType.item.type);
        case 'map':
            return mapContent(compileElement(itemType.key, compiler), compileElement(itemType.value, compiler));
        case 'object':
            return nestedContent(itemType.rules, compiler);
    }
}

// ---------------------------------------------------------------- scalars

const NO_HASH = 'it is no hash: 64 lower case hexadecimal digits';

function stringContent(regexp: RegExp | undefined): Content {
    return {
        write(value, lossy) {
            if (typeof value !== 'string') throw wrongType('a string', value);
            if (value.length > MAX_MICRODATA_LENGTH) throw tooLong();
            if (!lossy && !value.isWellFormed())
                throw new Refusal('TEXT_NOT_WELL_FORMED', 'an unpaired surrogate would be stored as U+FFFD');
            if (regexp !== undefined && !matches(regexp, value))
                throw new Refusal('O2M-RTYC3', `the text does not match ${shown(regexp.source)}`);
            return escape(value);
        },
        read(cursor) {
            const start = cursor.position;
            const value = readText(cursor);
            if (regexp !== undefined && !matches(regexp, value))
                throw at(cursor, start, 'M2O-PV3', `the text does not match ${shown(regexp.source)}`);
            return value;
        },
    };
}

/** A text on which the engine runs out of stack matches nothing. */
function matches(regexp: RegExp, text: string): boolean {
    try {
        return regexp.test(text);
    } catch {
        return false;
    }
}

const integerContent: Content = {
    write(value) {
        if (!Number.isInteger(value)) throw wrongType('an integer', value);
        return String(value);
    },
    read(cursor) {
        const { raw, start } = readRaw(cursor);
        const value = Number(raw);
        if (!Number.isInteger(value) || String(value) !== raw)
            throw at(cursor, start, 'M2O-PV2', 'it is not an integer in its shortest form');
        return value;
    },
};

const numberContent: Content = {
    write(value, lossy) {
        if (typeof value !== 'number') throw wrongType('a number', value);
        if (Number.isFinite(value)) return String(value);
        if (!lossy) throw new Refusal('NUMBER_NOT_FINITE', `${value} cannot be stored`);
        return 'null';
    },
    read(cursor) {
        const { raw, start } = readRaw(cursor);
        // What deployed peers write for values that are not finite.
        if (raw === 'null') return NaN;
        const value = Number(raw);
        if (!Number.isFinite(value) || String(value) !== raw)
            throw at(cursor, start, 'M2O-PV2', 'it is not a number in its shortest form');
        return value;
    },
};

const booleanContent: Content = {
    write(value) {
        if (typeof value !== 'boolean') throw wrongType('a boolean', value);
        return value ? 'true' : 'false';
    },
    read(cursor) {
        const { raw, start } = readRaw(cursor);
        if (raw !== 'true' && raw !== 'false') throw at(cursor, start, 'M2O-PV2', 'it is neither true nor false');
        return raw === 'true';
    },
};

const stringifiableContent: Content = {
    write(value) {
        const json = canonicalJson(value);
        if (json === undefined) throw new Refusal('O2M-RTYC1', 'undefined is no value');
        return escape(json);
    },
    read(cursor) {
        const start = cursor.position;
        const json = readText(cursor);
        const value = parseJson(json, cursor, start);
        if (canonicalAgain(value) !== json) throw at(cursor, start, 'M2O-JSON', 'it is not canonical JSON');
        return value;
    },
};

function parseJson(json: string, cursor: Cursor, start: number): unknown {
    try {
        return JSON.parse(json) as unknown;
    } catch {
        // The parser's own message repeats the text.
        throw at(cursor, start, 'M2O-JSON', 'it is no JSON');
    }
}

/** Canonical text of parsed JSON; undefined for what the writer refuses. */
function canonicalAgain(value: unknown): string | undefined {
    try {
        return canonicalJson(value);
    } catch (error) {
        if (error instanceof Refusal) return undefined;
        throw error;
    }
}

const referenceContent: Content = {
    write(value) {
        if (!isHash(value)) throw new Refusal('O2M-RTYC4', NO_HASH);
        return value;
    },
    read(cursor) {
        const { raw, start } = readRaw(cursor);
        if (!isHash(raw)) throw at(cursor, start, 'M2O-PV1', NO_HASH);
        return raw;
    },
};

// ---------------------------------------------------------------- collections

const LI = '<li>';
const LI_END = '</li>';

function writeItems(item: Element, values: Iterable<unknown>, lossy: boolean): string[] {
    const texts: string[] = [];
    try {
        // Holes of an array are iterated as undefined, which no item type accepts.
        for (const value of values) texts.push(LI + item.write(value, lossy) + LI_END);
    } catch (error) {
        throw Refusal.at(error, `[${texts.length}]`);
    }
    return texts;
}

/** @param sorted whether the texts of the items must ascend, as those of bags and sets */
function readItems(item: Element, cursor: Cursor, sorted: boolean): unknown[] {
    const values: unknown[] = [];
    const { text } = cursor;
    let previous = '';
    while (text.startsWith(LI, cursor.position)) {
        const start = cursor.position;
        cursor.position += LI.length;
        values.push(item.read(cursor));
        expectTag(cursor, LI_END);
        if (!sorted) continue;
        const current = text.slice(start, cursor.position);
        if (current < previous) throw at(cursor, start, 'M2O-ORDER', 'the items of a bag or set are not sorted');
        previous = current;
    }
    return values;
}

/** Arrays as they are, bags sorted by the texts of their items. */
function listContent(item: Element, sorted: boolean): Content {
    return {
        write(value, lossy) {
            if (!Array.isArray(value)) throw new Refusal('O2M-CVAL4', `${kindOf(value)} is not an array`);
            const texts = writeItems(item, value, lossy);
            return (sorted ? texts.sort() : texts).join('');
        },
        read: cursor => readItems(item, cursor, sorted),
    };
}

/** Item types of which a parsed set could not hold two with the same text; of JSON, unless it is an object or a list. */
function tellsApart(type: ItemType['type'], text: string): boolean {
    if (type === 'stringifiable') return !/^<li>[{[]/.test(text);
    return ['span', 'a'].includes(elementTags[type]);
}

function setContent(item: Element, type: ItemType['type']): Content {
    return {
        write(value, lossy) {
            if (!(value instanceof Set)) throw wrongType('a Set', value);
            const texts = writeItems(item, value, lossy).sort();
            for (const [i, text] of texts.entries())
                if (i > 0 && text === texts[i - 1] && tellsApart(type, text))
                    throw new Refusal('O2M-TWICE', 'two items of the set are written alike');
            return texts.join('');
        },
        read(cursor) {
            const start = cursor.position;
            const items = readItems(item, cursor, true);
            const set = new Set(items);
            if (set.size < items.length) throw at(cursor, start, 'M2O-TWICE', 'an item of a set occurs twice');
            return set;
        },
    };
}

const [DT, DT_END, DD, DD_END] = ['<dt>', '</dt>', '<dd>', '</dd>'];

function mapContent(key: Element, item: Element): Content {
    return {
        write(value, lossy) {
            if (!(value instanceof Map)) throw wrongType('a Map', value);
            let text = '';
            let index = 0;
            const keys = new Set<string>();
            for (const [entryKey, entry] of value) {
                try {
                    const keyText = key.write(entryKey, lossy);
                    if (keys.has(keyText)) throw new Refusal('O2M-TWICE', 'two keys of the map are written alike');
                    keys.add(keyText);
                    text += DT + keyText + DT_END + DD + item.write(entry, lossy) + DD_END;
                    index++;
                } catch (error) {
                    throw Refusal.at(error, `[${index}]`);
                }
            }
            return text;
        },
        read(cursor) {
            const { text } = cursor;
            const map = new Map<unknown, unknown>();
            while (text.startsWith(DT, cursor.position)) {
                const start = cursor.position;
                cursor.position += DT.length;
                const entryKey = key.read(cursor);
                expectTag(cursor, DT_END);
                expectTag(cursor, DD);
                if (map.has(entryKey)) throw at(cursor, start, 'M2O-TWICE', 'a key of a map occurs twice');
                map.set(entryKey, item.read(cursor));
                expectTag(cursor, DD_END);
            }
            return map;
        },
    };
}

// ---------------------------------------------------------------- nested objects

/** A property of an object, compiled. */
export interface Property {
    readonly name: string;
    /** What every JavaScript object inherits (`constructor`, `toString`) is no value of a property with that name. */
    readonly onEveryObject: boolean;
    readonly optional: boolean;
    readonly isId: boolean;
    readonly element: Element;
}

function compileProperty({ itemprop, itemtype, optional, isId }: Rule, compiler: Compiler): Property {
    compiler.countRule();
    return {
        name: itemprop,
        onEveryObject: itemprop in Object.prototype,
        optional: optional === true,
        isId: isId === true,
        element: compileElement(itemtype ?? { type: 'string' }, compiler, itemprop),
    };
}

/** A property at the top level, where the writer takes null for absent, so that no text may say null (spec 10 §9.3). */
export function compileTopLevelProperty(rule: Rule, compiler: Compiler): Property {
    const { element, ...property } = compileProperty(rule, compiler);
    if (rule.itemtype?.type !== 'stringifiable') return { ...property, element };
    return {
        ...property,
        element: {
            ...element,
            read: cursor => readNoNull(element, cursor),
            write: (value, lossy) => writeNoNull(element, value, lossy),
        },
    };
}

/** NaN and what toJSON() may give are null in JSON, and null counts as absent. */
function writeNoNull(element: Element, value: unknown, lossy: boolean): string {
    const text = element.write(value, lossy);
    if (text === `${element.open}null${element.close}`)
        throw new Refusal('O2M-RTYC1', 'its JSON is null, which counts as absent here');
    return text;
}

function readNoNull(element: Element, cursor: Cursor): unknown {
    const start = cursor.position;
    const value = element.read(cursor);
    if (value === null) throw at(cursor, start, 'M2O-JSON', 'null is not written at the top level');
    return value;
}

/** Differs from the top level on purpose: own properties only, unknown ones ignored, null is a value (spec 10 §5.6). */
function nestedContent(rules: readonly Rule[], compiler: Compiler): Content {
    const properties = rules.map(rule => compileProperty(rule, compiler));
    return {
        write(value, lossy) {
            if (Object.prototype.toString.call(value) !== '[object Object]') throw wrongType('a plain object', value);
            let text = '';
            for (const { name, optional, element } of properties) {
                const present = Object.prototype.propertyIsEnumerable.call(value, name);
                const member: unknown = present ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
                if (member === undefined && optional) continue;
                if (!present) throw Refusal.at(new Refusal('O2M-RTYC2', 'it is missing'), name);
                try {
                    text += element.write(member, lossy);
                } catch (error) {
                    throw Refusal.at(error, name);
                }
            }
            return text;
        },
        read: cursor => readProperties(properties, cursor, {}, 'M2O-EOTFM1'),
    };
}

/** Reads the properties in their order into `target`; an absent one must be optional, else the error has `missing` as code. */
export function readProperties<T extends object>(
    properties: readonly Property[],
    cursor: Cursor,
    target: T,
    missing: string,
): T {
    const record = target as Record<string, unknown>;
    for (const { name, optional, element } of properties) {
        if (cursor.text.startsWith(element.open, cursor.position)) record[name] = element.read(cursor);
        else if (!optional)
            throw at(cursor, cursor.position, missing, `the property "${name}" (${element.open}) is expected here`);
    }
    return target;
}

// ---------------------------------------------------------------- reading texts

/** The characters up to the next tag, as they stand. */
function readRaw(cursor: Cursor): { raw: string; start: number } {
    const start = cursor.position;
    const end = cursor.text.indexOf('<', start);
    if (end < 0) throw at(cursor, start, 'M2O-POM1', 'the text ends inside of a value');
    cursor.position = end;
    return { raw: cursor.text.slice(start, end), start };
}

/** The characters up to the next tag, unescaped; refuses what escaping would write differently. */
function readText(cursor: Cursor): string {
    const { raw, start } = readRaw(cursor);
    if (!raw.includes('&') && !raw.includes('>')) return raw;
    if (!isEscaped(raw)) throw at(cursor, start, 'M2O-ESCAPE', 'only &amp; &lt; &gt; may be escaped, and must be');
    return unescape(raw);
}

function expectTag(cursor: Cursor, tag: string): void {
    if (!cursor.text.startsWith(tag, cursor.position))
        throw at(cursor, cursor.position, 'M2O-POM1', `${tag} is expected`);
    cursor.position += tag.length;
}

function at({ text }: Cursor, offset: number, code: string, reason: string): MicrodataError {
    return new MicrodataError(code, reason, text, offset);
}

function wrongType(expected: string, value: unknown): Refusal {
    return new Refusal('O2M-RTYC1', `${kindOf(value)} is not ${expected}`);
}

/** What a value is, in words that never show its content. */
function kindOf(value: unknown): string {
    if (value === null || value === undefined) return String(value);
    if (Array.isArray(value)) return 'an array';
    if (value instanceof Set || value instanceof Map) return `a ${value instanceof Set ? 'Set' : 'Map'}`;
    return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function tooLong(): Refusal {
    return new Refusal('O2M-SIZE', `it is longer than ${MAX_MICRODATA_LENGTH} characters; use a BLOB`);
}
