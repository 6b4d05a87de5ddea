// For tests: recipes that use everything that is merged, and arbitrary objects and version graphs of them. The values are few,
// so that versions often agree.
import fc from 'fast-check';
import { isHash, type Typed } from '../hashes.ts';
import { Microdata, type AnyObject } from '../microdata/microdata.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import type { ObjectAccess } from './object-access.ts';

const text = { type: 'string' };
const references = { type: 'referenceToObj', allowedTypes: ['*'] };
const optional = true;

export const recipes = [
    {
        $type$: 'Recipe',
        name: 'Thing',
        crdtConfig: new Map([
            ['whole#set', 'Register'],
            ['entries#referenceToObj', 'LinkedListCrdtAlgorithm'],
        ]),
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'text' },
            { itemprop: 'note', optional },
            { itemprop: 'tags', itemtype: { type: 'set', item: text } },
            { itemprop: 'list', itemtype: { type: 'array', item: text }, optional },
            { itemprop: 'bag', itemtype: { type: 'bag', item: text }, optional },
            { itemprop: 'whole', itemtype: { type: 'set', item: text }, optional },
            {
                itemprop: 'inner',
                itemtype: {
                    type: 'object',
                    rules: [{ itemprop: 'text' }, { itemprop: 'note', optional }],
                },
                optional,
            },
            {
                itemprop: 'counts',
                itemtype: { type: 'map', key: { type: 'integer' }, value: { type: 'integer' } },
                optional,
            },
            {
                itemprop: 'groups',
                itemtype: { type: 'map', key: text, value: { type: 'set', item: text } },
            },
            { itemprop: 'part', itemtype: references, optional },
            { itemprop: 'entries', itemtype: references, optional },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'Part',
        rule: [
            { itemprop: 'text' },
            { itemprop: 'note', optional },
            { itemprop: 'tags', itemtype: { type: 'set', item: text }, optional },
            { itemprop: 'part', itemtype: references, optional },
        ],
    },
    { $type$: 'Recipe', name: 'Other', rule: [{ itemprop: 'text' }] },
    {
        $type$: 'Recipe',
        name: 'LinkedListEntry',
        rule: [
            { itemprop: 'data', itemtype: references },
            { itemprop: 'metadata', itemtype: { type: 'set', item: references }, optional },
            { itemprop: 'previous', itemtype: references, optional },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'CreationTime',
        rule: [
            { itemprop: 'timestamp', itemtype: { type: 'integer' } },
            { itemprop: 'data', itemtype: references },
        ],
    },
];

/** Objects by their hashes, in memory. */
export class TestStore {
    readonly objects = new Map<string, AnyObject>();
    readonly microdata: Microdata;
    reads = 0;

    constructor() {
        const registry = new RecipeRegistry();
        for (const recipe of recipes) registry.register(recipe);
        this.microdata = new Microdata(registry);
    }

    async store(object: object): Promise<string> {
        const hash = await this.microdata.hash(object as Typed);
        this.objects.set(hash, this.microdata.parse(this.microdata.write(object as Typed)));
        return hash;
    }

    read(hash: string): Promise<AnyObject> {
        this.reads++;
        const object = this.objects.get(hash);
        return object === undefined ? Promise.reject(new Error(`${hash} is missing`)) : Promise.resolve(object);
    }

    /** What merges store goes into `stored`. */
    access(known: ObjectAccess['known'] = new Map(), stored = new Set<string>()): ObjectAccess {
        return {
            recipes: this.microdata.recipes,
            known,
            read: hash => this.read(hash),
            store: async object => {
                const hash = await this.store(object);
                stored.add(hash);
                return hash;
            },
            itemText: (itemType, value) => this.microdata.itemText(itemType, value),
        };
    }

    edge(data: string, creationTime: number): Promise<string> {
        return this.store({ $type$: 'VersionNodeEdge', data, depth: 0, creationTime });
    }

    async change(prev: string, data: string, creationTime: number): Promise<string> {
        const depth = Number((await this.read(prev))['depth']) + 1;
        return this.store({ $type$: 'VersionNodeChange', prev, data, depth, creationTime });
    }

    async merge(nodes: readonly string[], data: string): Promise<string> {
        const joined = await Promise.all(nodes.map(node => this.read(node)));
        const greatest = (name: string): number => Math.max(...joined.map(node => Number(node[name])));
        const [depth, creationTime] = [greatest('depth') + 1, greatest('creationTime')];
        return this.store({ $type$: 'VersionNodeMerge', nodes: new Set(nodes), data, depth, creationTime });
    }
}

const word = fc.constantFrom('a', 'b', 'c');
const words = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const count = fc.integer({ min: -1, max: 2 });

/** A referenced object as plain data: it has to be stored before it has a hash. */
const { part } = fc.letrec<{ part: PartShape }>(tie => ({
    part: fc.record({
        type: fc.constantFrom('Part', 'Part', 'Other'),
        text: word,
        note: sometimes(word),
        tags: sometimes(words),
        part: fc.option(tie('part'), { nil: undefined, maxDepth: 2 }),
    }),
}));
interface PartShape {
    readonly type: string;
    readonly text: string;
    readonly note?: string | undefined;
    readonly tags?: readonly string[] | undefined;
    readonly part?: PartShape | undefined;
}

const properties = {
    text: word,
    note: sometimes(word),
    tags: words,
    list: sometimes(fc.array(word, { maxLength: 4 })),
    bag: sometimes(fc.array(word, { maxLength: 3 })),
    whole: sometimes(words),
    inner: sometimes(fc.record({ text: word, note: sometimes(word) })),
    counts: sometimes(fc.uniqueArray(fc.tuple(count, count), { selector: ([key]) => key, maxLength: 3 })),
    groups: fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'a.b', 'c#d'), words), {
        selector: ([key]) => key,
        maxLength: 3,
    }),
    part: sometimes(part),
    entries: sometimes(fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })),
};
export interface ThingShape {
    readonly text: string;
    readonly note?: string | undefined;
    readonly tags: readonly string[];
    readonly list?: readonly string[] | undefined;
    readonly bag?: readonly string[] | undefined;
    readonly whole?: readonly string[] | undefined;
    readonly inner?: { readonly text: string; readonly note?: string | undefined } | undefined;
    readonly counts?: readonly (readonly [number, number])[] | undefined;
    readonly groups: readonly (readonly [string, readonly string[]])[];
    readonly part?: PartShape | undefined;
    readonly entries?: readonly number[] | undefined;
}
export const thing: fc.Arbitrary<ThingShape> = fc.record(properties);

interface ObjectTarget {
    /** @returns the hash */
    store(object: object): Promise<string>;
}

/** Without what is undefined. */
function given(properties: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

async function storePart(store: ObjectTarget, { type, text, note, tags, part }: PartShape): Promise<string> {
    if (type === 'Other') return store.store({ $type$: 'Other', text });
    const below = part && (await storePart(store, part));
    return store.store(given({ $type$: 'Part', text, note, tags: tags && new Set(tags), part: below }));
}

async function storeEntries(store: ObjectTarget, times: readonly number[]): Promise<string> {
    let previous = '';
    for (const timestamp of [...times].sort((a, b) => a - b)) {
        const data = await store.store({ $type$: 'Other', text: String(timestamp) });
        const time = await store.store({ $type$: 'CreationTime', timestamp, data });
        previous = await store.store(
            given({ $type$: 'LinkedListEntry', data: time, previous: isHash(previous) ? previous : undefined }),
        );
    }
    return previous;
}

/** The object, after what it references was stored. */
export async function thingOf(store: ObjectTarget, shape: ThingShape): Promise<AnyObject> {
    const { text, note, tags, list, bag, whole, inner, counts, groups, part, entries } = shape;
    return given({
        $type$: 'Thing',
        id: 'x',
        text,
        note,
        tags: new Set(tags),
        list,
        bag,
        whole: whole && new Set(whole),
        inner: inner && given(inner),
        counts: counts && new Map(counts),
        groups: new Map(groups.map(([key, value]) => [key, new Set(value)])),
        part: part && (await storePart(store, part)),
        entries: entries && (await storeEntries(store, entries)),
    }) as AnyObject;
}

/** How the next node of a graph is made; places count modulo the number of nodes there are. */
export interface GraphStep {
    readonly kind: 'edge' | 'change' | 'merge';
    readonly on: number;
    readonly and: number;
    readonly time: number;
    readonly thing: ThingShape;
}

export const time = fc.integer({ min: 1, max: 6 });
const place = fc.nat(20);

const kind = fc.constantFrom('edge', 'change', 'merge');

/** Any graphs, those that nobody may create (spec 21 §10) included. */
export const anyGraph = fc.array(fc.record({ kind, on: place, and: place, time, thing }), {
    minLength: 2,
    maxLength: 8,
});

/** Larger graphs, in which a single property changes: more depends on the form of the graph. */
export const graphOfOneProperty = fc
    .constantFrom(...(Object.keys(properties) as (keyof typeof properties)[]))
    .chain(name => {
        const fixed: ThingShape = { text: 'a', tags: [], groups: [] };
        const changing = properties[name].map((value: unknown): ThingShape => ({ ...fixed, [name]: value }));
        return fc.array(fc.record({ kind, on: place, and: place, time, thing: changing }), {
            minLength: 5,
            maxLength: 10,
        });
    });

/** Hashes of the nodes in the order of the steps. */
export async function graphOf(store: TestStore, steps: readonly GraphStep[]): Promise<string[]> {
    const nodes: string[] = [];
    for (const { kind, on, and, time, thing } of steps) {
        const data = await store.store(await thingOf(store, thing));
        const [one, other] = [nodes[on % nodes.length], nodes[and % nodes.length]];
        if (kind === 'edge' || one === undefined || other === undefined) nodes.push(await store.edge(data, time));
        else if (kind === 'change' || one === other) nodes.push(await store.change(one, data, time));
        else nodes.push(await store.merge([one, other], data));
    }
    return nodes;
}

/** A graph in which every second node is joined from two that follow the same one: ways to the root double each time. */
export async function ladder(store: TestStore, rungs: number, data: string): Promise<string[]> {
    const nodes = [await store.edge(data, 1)];
    for (let i = 0; i < rungs; i++) {
        const below = nodes.at(-1) ?? '';
        const sides = [await store.change(below, data, 2 * i + 2), await store.change(below, data, 2 * i + 3)];
        nodes.push(...sides, await store.merge(sides, data));
    }
    return nodes;
}
