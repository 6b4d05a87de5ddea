// Channels (spec 61 §2). The order of the items is that of the microdata.
import { defineRecipe, type ObjectOf } from '@refinio/one.core';

const anyObject = { type: 'referenceToObj', allowedTypes: ['*'] } as const;
const entry = { type: 'referenceToObj', allowedTypes: ['LinkedListEntry'] } as const;

export const ChannelInfoRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'ChannelInfo',
    crdtConfig: new Map([['head#referenceToObj', 'LinkedListCrdtAlgorithm']]),
    rule: [
        { itemprop: 'id', isId: true, itemtype: { type: 'string' } },
        {
            itemprop: 'owner',
            isId: true,
            optional: true,
            itemtype: { type: 'referenceToId', allowedTypes: ['Person'] },
        },
        { itemprop: 'head', optional: true, itemtype: entry },
    ],
});
/** A list of entries, newest first, to which everybody who has it may add. */
export type ChannelInfo = ObjectOf<typeof ChannelInfoRecipe>;

export const LinkedListEntryRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'LinkedListEntry',
    rule: [
        { itemprop: 'data', itemtype: { type: 'referenceToObj', allowedTypes: ['CreationTime'] } },
        { itemprop: 'metadata', optional: true, itemtype: { type: 'bag', item: anyObject } },
        { itemprop: 'previous', optional: true, itemtype: entry },
    ],
});
/** One place in a list: what was posted when, who vouches for it, and the next older entry. */
export type LinkedListEntry = ObjectOf<typeof LinkedListEntryRecipe>;

export const CreationTimeRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'CreationTime',
    rule: [
        { itemprop: 'timestamp', itemtype: { type: 'number' } },
        { itemprop: 'data', itemtype: anyObject },
    ],
});
/** What was posted, and when (milliseconds since 1970): its hash is the identity of a post. */
export type CreationTime = ObjectOf<typeof CreationTimeRecipe>;

export const ChannelRegistryRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'ChannelRegistry',
    rule: [
        { itemprop: 'id', isId: true, itemtype: { type: 'string', regexp: /^ChannelRegistry$/ } },
        {
            itemprop: 'channels',
            itemtype: { type: 'set', item: { type: 'referenceToId', allowedTypes: ['ChannelInfo'] } },
        },
    ],
});
/** The channels that an instance knows. Never shared. */
export type ChannelRegistry = ObjectOf<typeof ChannelRegistryRecipe>;

export const channelRecipes = [
    ChannelInfoRecipe,
    LinkedListEntryRecipe,
    CreationTimeRecipe,
    ChannelRegistryRecipe,
] as const;
