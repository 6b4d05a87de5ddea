import type { ItemTypeName } from './grammar.ts';

/** Name of the element in which a value stands in microdata (spec 10 §5.3). */
export const elementTags = {
    string: 'span',
    integer: 'span',
    number: 'span',
    boolean: 'span',
    stringifiable: 'span',
    referenceToObj: 'a',
    referenceToId: 'a',
    referenceToBlob: 'a',
    referenceToClob: 'a',
    array: 'ol',
    bag: 'ul',
    set: 'ul',
    map: 'dl',
    object: 'div',
} as const satisfies Record<ItemTypeName, string>;

const referenceKinds = new Map<ItemTypeName, 'obj' | 'id' | 'blob' | 'clob'>([
    ['referenceToObj', 'obj'],
    ['referenceToId', 'id'],
    ['referenceToBlob', 'blob'],
    ['referenceToClob', 'clob'],
]);

/** The attribute that says what a reference refers to, with a space in front; empty for everything else. */
export function kindAttribute(type: ItemTypeName): string {
    const kind = referenceKinds.get(type);
    return kind === undefined ? '' : ` data-type="${kind}"`;
}
