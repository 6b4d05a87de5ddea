// The channels that an instance knows (spec 61 §3): one local versioned object, the same on every instance, never shared.
import { ensureIdHash, type ObjectReader, type ObjectTransaction, type SHA256IdHash } from '@refinio/one.core';
import { ChannelRegistryRecipe, type ChannelInfo, type ChannelRegistry } from '../recipes/channel-recipes.ts';
import { currentAs, storeChange } from '../typed-objects.ts';

const REGISTRY = 'ChannelRegistry';
export const CHANNEL_REGISTRY_ID: SHA256IdHash<ChannelRegistry> = ensureIdHash(
    '96dc28b4296f396cd1d1195f718662b25616815deb02538eb61596472b6a3820',
);

export type ChannelIdHash = SHA256IdHash<ChannelInfo>;

/** @throws ObjectStoreError `SB-READ2`, MicrodataError */
export async function readChannelRegistry(objects: ObjectReader): Promise<ReadonlySet<ChannelIdHash>> {
    const registry = await currentAs(objects, ChannelRegistryRecipe, CHANNEL_REGISTRY_ID);
    return registry?.obj.channels ?? new Set();
}

/** Writes nothing for those that are in it already. */
export async function registerChannels(objects: ObjectTransaction, added: Iterable<ChannelIdHash>): Promise<void> {
    const before = await readChannelRegistry(objects);
    const channels = new Set([...before, ...added]);
    if (channels.size > before.size)
        await storeChange<ChannelRegistry>(objects, { $type$: REGISTRY, id: REGISTRY, channels });
}
