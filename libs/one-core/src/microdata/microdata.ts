// Object ⇄ microdata (spec 10 §4–§6, §9):
//
//   object     <div itemscope itemtype="//refin.io/TYPE">PROPERTIES</div>
//   ID object  <div data-id-object="true" itemscope itemtype="//refin.io/TYPE">ID PROPERTIES</div>
//
// One line, UTF-8, no white space between elements, properties in the order of the rules, optional ones left out.
import { hashText } from '../crypto/hash.ts';
import type { SHA256Hash, SHA256IdHash, Typed } from '../hashes.ts';
import { MAX_MICRODATA_LENGTH } from '../limits.ts';
import { RecipeRegistryError } from '../recipes/recipe-errors.ts';
import type { ItemType, RecipeDefinition } from '../recipes/grammar.ts';
import type { IdObjectOf, ObjectOf } from '../recipes/object-of.ts';
import type { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { shown } from '../shown.ts';
import { OBJECT_FRAME, ID_OBJECT_FRAME } from './content-type.ts';
import {
    compileItemText,
    compileTopLevelProperty,
    Compiler,
    readProperties,
    type Cursor,
    type Property,
} from './element.ts';
import { MicrodataError, ObjectRefusedError, Refusal } from './microdata-errors.ts';

/** Any object that microdata can describe; its other properties depend on the recipe of `$type$`. */
export type AnyObject = Typed & Readonly<Record<string, unknown>>;

/** How to write what deployed peers store differently from what they were given. */
export interface WriteOptions {
    /**
     * Write unpaired surrogates and numbers that are not finite as deployed peers do (they come back as U+FFFD and NaN)
     * instead of refusing them. For objects that came from a peer; never for what a user entered.
     */
    readonly lossy?: boolean;
}

/** A type as object, or as ID object. */
interface CompiledType {
    readonly properties: readonly Property[];
    /** All property names an object may have. */
    readonly names: ReadonlySet<PropertyKey>;
    /** Rules may name a property twice at the top level; then only writing shows whether a text is canonical. */
    readonly ambiguous: boolean;
    readonly frame: string;
}

/** How microdata begins, by what it is. */
const frames = { object: OBJECT_FRAME, id: ID_OBJECT_FRAME } as const;
type Form = keyof typeof frames;

const END = '</div>';
const FRAME_END = '">';

/** Writes and reads the objects of all types of one registry. Compiles each type once, on first use. */
export class Microdata {
    readonly recipes: RecipeRegistry;
    readonly #types = { object: new Map<string, CompiledType>(), id: new Map<string, CompiledType>() };
    readonly #itemTexts = new WeakMap<ItemType, (value: unknown) => string>();

    constructor(recipes: RecipeRegistry) {
        this.recipes = recipes;
    }

    /**
     * Microdata of an object. A recipe must be normalized before (`validateRecipe`): its hash depends on it.
     * @throws ObjectRefusedError naming the property that does not fit its rule
     * @throws RecipeRegistryError `OR-GR1` if the type has no recipe
     */
    write(object: Typed, { lossy = false }: WriteOptions = {}): string {
        const type = typeOf(object);
        const compiled = this.#compiled(type, 'object');
        for (const key of Reflect.ownKeys(object))
            if (!compiled.names.has(key))
                throw refused(type, new Refusal('O2M-COBJ2', `the recipe has no property ${shown(String(key))}`));
        return writeFrame(type, compiled, object, lossy);
    }

    /**
     * ID microdata of a versioned object, from its ID properties alone; others are ignored.
     * @throws ObjectRefusedError also for unversioned types (`O2M-COBJ1`)
     * @throws RecipeRegistryError `OR-GR1`
     */
    writeId(object: Typed, { lossy = false }: WriteOptions = {}): string {
        const type = typeOf(object);
        if (!this.recipes.isVersioned(type))
            throw refused(type, new Refusal('O2M-COBJ1', 'a type without ID properties has no ID object'));
        return writeFrame(type, this.#compiled(type, 'id'), object, lossy);
    }

    /** Hash of an object (spec 10 §7). @throws as `write` */
    hash<T extends Typed>(object: T, options?: WriteOptions): Promise<SHA256Hash<T>> {
        return attempt(() => hashText<T>(this.write(object, options)));
    }

    /** ID hash of a versioned object: the name of the thing it is a version of. @throws as `writeId` */
    idHash<T extends Typed>(object: T, options?: WriteOptions): Promise<SHA256IdHash<T>> {
        return attempt(() => hashText<T>(this.writeId(object, options)) as Promise<string> as Promise<SHA256IdHash<T>>);
    }

    /**
     * The object of a text. Strict: writing it again (`lossy`) gives exactly this text.
     * @param expected acceptable types; any registered one without it
     * @throws MicrodataError naming the place
     */
    parse(text: string, expected?: readonly string[]): AnyObject {
        return this.#parse('object', text, expected);
    }

    /** The ID object of ID microdata. Strict like `parse`. @throws MicrodataError */
    parseId(text: string, expected?: readonly string[]): AnyObject {
        return this.#parse('id', text, expected);
    }

    /**
     * `parse` for one type, with its TypeScript type.
     * @param inheritsFrom the recipes that it inherits from, for the type alone
     * @throws MicrodataError `M2O-PHM1` if the text is of another type
     */
    parseAs<const R extends RecipeDefinition, const K extends readonly RecipeDefinition[] = []>(
        recipe: R,
        text: string,
        ..._inheritsFrom: K
    ): ObjectOf<R, K[number]> {
        return this.parse(text, [recipe.name]) as ObjectOf<R, K[number]>;
    }

    /** `parseId` for one type, with its TypeScript type, like `parseAs`. @throws MicrodataError */
    parseIdAs<const R extends RecipeDefinition, const K extends readonly RecipeDefinition[] = []>(
        recipe: R,
        text: string,
        ..._inheritsFrom: K
    ): IdObjectOf<R, K[number]> {
        return this.parseId(text, [recipe.name]) as IdObjectOf<R, K[number]>;
    }

    /** Text of a value as an item of a list (lossy): equal texts are equal values. @throws ObjectRefusedError */
    itemText(itemType: ItemType, value: unknown): string {
        let text = this.#itemTexts.get(itemType);
        if (text === undefined) this.#itemTexts.set(itemType, (text = compileItemText(itemType)));
        try {
            return text(value);
        } catch (error) {
            throw refused(undefined, error);
        }
    }

    #parse(form: Form, text: string, expected: readonly string[] | undefined): AnyObject {
        const cursor = begin(text, frames[form]);
        const type = this.#readType(cursor, expected);
        if (form === 'id' && !this.recipes.isVersioned(type))
            throw new MicrodataError('M2O-PHM1', `${shown(type)} has no ID objects: it is not versioned`, text, 0);
        const compiled = this.#compiledFor(text, type, form);
        const object = readFrame(compiled.properties, cursor, type);
        if (compiled.ambiguous && rewritten(type, compiled, object) !== text)
            throw new MicrodataError('M2O-POM1', `${shown(type)} names a property twice, the text once`, text, 0);
        return object;
    }

    /** Whoever reads texts of peers has to expect one class of errors only. */
    #compiledFor(text: string, type: string, form: Form): CompiledType {
        try {
            return this.#compiled(type, form);
        } catch (cause) {
            if (!(cause instanceof RecipeRegistryError)) throw cause;
            throw new MicrodataError(cause.code, `the recipe of ${shown(type)} cannot be used`, text, 0, { cause });
        }
    }

    #compiled(type: string, form: Form): CompiledType {
        let compiled = this.#types[form].get(type);
        if (compiled === undefined) {
            const compiler = new Compiler(type);
            const rules = form === 'id' ? this.recipes.idRulesOf(type) : this.recipes.rulesOf(type);
            const names = new Set(rules.map(({ itemprop }) => itemprop));
            compiled = {
                properties: rules.map(rule => compileTopLevelProperty(rule, compiler)),
                names: new Set(['$type$', '$versionHash$', ...names]),
                ambiguous: names.size < rules.length,
                frame: frames[form] + type + FRAME_END,
            };
            this.#types[form].set(type, compiled);
        }
        return compiled;
    }

    #readType(cursor: Cursor, expected: readonly string[] | undefined): string {
        const { text, position } = cursor;
        const end = text.indexOf(FRAME_END, position);
        const type = text.slice(position, end < 0 ? position : end);
        if (!this.recipes.has(type))
            throw new MicrodataError('OR-ET1', 'there is no recipe for this type here', text, position);
        if (expected !== undefined && !expected.includes(type))
            throw new MicrodataError('M2O-PHM1', `the type ${expected.join(' or ')} is expected`, text, position);
        cursor.position = end + FRAME_END.length;
        return type;
    }
}

function typeOf(object: unknown): string {
    if (typeof object !== 'object' || object === null)
        throw refused(undefined, new Refusal('O2M-CONV', 'only objects can be written'));
    const type = '$type$' in object ? object.$type$ : undefined;
    if (typeof type === 'string') return type;
    throw new RecipeRegistryError('OR-GR1', 'The object has no text "$type$" that names its recipe');
}

/** Text of a parsed object; undefined if it cannot be written. */
function rewritten(type: string, compiled: CompiledType, object: object): string | undefined {
    try {
        return writeFrame(type, compiled, object, true);
    } catch (error) {
        if (error instanceof ObjectRefusedError) return undefined;
        throw error;
    }
}

/** At the top level null counts as absent, and inherited properties count as present (spec 10 §5.2, §5.6). */
function writeFrame(type: string, { frame, properties }: CompiledType, object: object, lossy: boolean): string {
    let text = frame;
    const record = object as Readonly<Record<string, unknown>>;
    for (const { name, onEveryObject, optional, element } of properties) {
        const value = onEveryObject && !Object.hasOwn(object, name) ? undefined : record[name];
        if (value === undefined || value === null) {
            if (optional) continue;
            throw refused(type, Refusal.at(new Refusal('O2M-RTYC2', 'it is missing'), name));
        }
        try {
            text += element.write(value, lossy);
        } catch (error) {
            throw refused(type, Refusal.at(error, name));
        }
    }
    text += END;
    if (text.length > MAX_MICRODATA_LENGTH)
        throw refused(
            type,
            new Refusal('O2M-SIZE', `it is longer than ${MAX_MICRODATA_LENGTH} characters; use a BLOB`),
        );
    return text;
}

/** What an async function does, without its cost: these two are called for every object. */
function attempt<T>(run: () => Promise<T>): Promise<T> {
    try {
        return run();
    } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown is passed on
        return Promise.reject(error);
    }
}

function begin(text: string, frame: string): Cursor {
    if (text.length > MAX_MICRODATA_LENGTH)
        throw new MicrodataError('M2O-SIZE', `it is longer than ${MAX_MICRODATA_LENGTH} characters`, text, 0);
    if (!text.startsWith(frame)) throw new MicrodataError('M2O-PH1', `${frame} is expected here`, text, 0);
    return { text, position: frame.length };
}

function readFrame(properties: readonly Property[], cursor: Cursor, type: string): AnyObject {
    const object = readProperties(properties, cursor, { $type$: type }, 'M2O-PD1');
    const { text, position } = cursor;
    if (!text.startsWith(END, position))
        throw new MicrodataError(
            'M2O-POM1',
            `${END} or a later property of ${shown(type)} is expected`,
            text,
            position,
        );
    if (text.length > position + END.length)
        throw new MicrodataError('M2O-PCONV2', 'something follows the end', text, position + END.length);
    return object;
}

function refused(type: string | undefined, error: unknown): unknown {
    if (error instanceof Refusal) return new ObjectRefusedError(type, error);
    // The engine's own bound of a text was reached before ours.
    return error instanceof RangeError
        ? new ObjectRefusedError(type, new Refusal('O2M-SIZE', 'it is too long'))
        : error;
}
