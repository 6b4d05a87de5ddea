// For tests: types with properties of all kinds, and random objects of them.
import type { Typed } from '../../hashes.ts';
import type { AnyObject } from '../../microdata/microdata.ts';
import type { Random } from './random.ts';

const references = (type: 'referenceToObj' | 'referenceToId') => ({ type, allowedTypes: ['*'] });
const set = (item: object) => ({ type: 'set', item });
const text = { type: 'string' };
const optional = true;

export const recipes = [
    {
        $type$: 'Recipe',
        name: 'Note',
        rule: [
            { itemprop: 'text' },
            { itemprop: 'blob', itemtype: { type: 'referenceToBlob' }, optional },
            { itemprop: 'clob', itemtype: { type: 'referenceToClob' }, optional },
            { itemprop: 'objects', itemtype: set(references('referenceToObj')), optional },
            { itemprop: 'ids', itemtype: set(references('referenceToId')), optional },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'Doc',
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'title' },
            { itemprop: 'remark', optional },
            { itemprop: 'tags', itemtype: set(text) },
            { itemprop: 'list', itemtype: { type: 'array', item: text }, optional },
            {
                itemprop: 'counts',
                itemtype: { type: 'map', key: text, value: { type: 'integer' } },
                optional,
            },
            { itemprop: 'object', itemtype: references('referenceToObj'), optional },
            { itemprop: 'about', itemtype: references('referenceToId'), optional },
            { itemprop: 'blob', itemtype: { type: 'referenceToBlob' }, optional },
        ],
    },
    {
        // Its ID leads to another object.
        $type$: 'Recipe',
        name: 'Remark',
        rule: [
            { itemprop: 'on', itemtype: references('referenceToId'), isId: true },
            { itemprop: 'of', itemtype: references('referenceToObj'), isId: true },
            { itemprop: 'text' },
        ],
    },
];

/** Of which references can be made. */
export interface Known {
    readonly objects: readonly string[];
    readonly ids: readonly string[];
    readonly blobs: readonly string[];
    readonly clobs: readonly string[];
}

const words = ['a', 'b', 'c', '<&">', 'ü'];

export function randomWord(random: Random): string {
    return random.pick(words) ?? '';
}

export function randomNote(random: Random, known: Known): Typed {
    return typed({
        $type$: 'Note',
        text: `${randomWord(random)}${random.int(50)}`,
        blob: random.once(3) ? random.pick(known.blobs) : undefined,
        clob: random.once(4) ? random.pick(known.clobs) : undefined,
        objects: random.once(2) ? new Set(random.some(known.objects, 3)) : undefined,
        ids: random.once(4) ? new Set(random.some(known.ids, 2)) : undefined,
    });
}

/** Undefined if there is nothing to remark on. */
export function randomRemark(random: Random, known: Known): Typed | undefined {
    const [on, of] = [random.pick(known.ids), random.pick(known.objects)];
    return on && of ? typed({ $type$: 'Remark', on, of, text: randomWord(random) }) : undefined;
}

/** Any next version. */
export function changedDoc(random: Random, id: string, before: AnyObject | undefined, known: Known): Typed {
    const doc: Record<string, unknown> = { $type$: 'Doc', id, title: '', tags: new Set(), ...before };
    for (let i = random.int(3); i >= 0; i--) {
        const tags = new Set(doc['tags'] as Set<string>);
        const word = randomWord(random);
        switch (random.int(8)) {
            case 0:
                doc['title'] = word;
                break;
            case 1:
                doc['tags'] = tags.delete(word) ? tags : tags.add(word);
                break;
            case 2:
                doc['remark'] = random.once(3) ? undefined : word;
                break;
            case 3:
                doc['list'] = random.once(3) ? undefined : [...((doc['list'] as string[] | undefined) ?? []), word];
                break;
            case 4:
                doc['counts'] = random.once(3) ? undefined : new Map([[word, random.int(9)]]);
                break;
            case 5:
                doc['object'] = random.once(4) ? undefined : random.pick(known.objects);
                break;
            case 6:
                doc['about'] = random.once(4) ? undefined : random.pick(known.ids);
                break;
            default:
                doc['blob'] = random.once(4) ? undefined : random.pick(known.blobs);
        }
    }
    return typed(doc);
}

/** A version as only one instance makes them: it counts, and nothing is taken away (spec 21 §11). */
export function countedDoc(random: Random, id: string, before: AnyObject | undefined): Typed {
    const count = Number(before?.['title'] ?? 0) + 1;
    const tags = new Set(before?.['tags'] as ReadonlySet<string> | undefined);
    tags.add(randomWord(random));
    return typed({ $type$: 'Doc', id, title: String(count), tags, remark: randomWord(random) });
}

/** A version as two instances may make them at the same time: a growing set (spec 21 §11). */
export function grownDoc(random: Random, id: string, before: AnyObject | undefined): Typed {
    const tags = new Set(before?.['tags'] as ReadonlySet<string> | undefined);
    tags.add(String(random.int(20)));
    return typed({ $type$: 'Doc', id, title: 'grows', tags });
}

/** Without what is undefined. */
export function typed(object: object): Typed {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as unknown as Typed;
}
