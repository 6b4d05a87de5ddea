// Tells of every version of a channel once (spec 61 §7), also of those that came while nobody listened. How far a channel was told of
// stands in the store, in the same commit as its place in the registry.
//
//   state/channel.<ID hash>   hash of the head that was told of; empty for none
import {
    contentTypeOfText,
    ensureHash,
    JournalFollower,
    type JournalEntry,
    type ObjectTransaction,
    type OneInstance,
} from '@refinio/one.core';
import { MAX_CHANNEL_UPDATE } from '../limits.ts';
import { ChannelInfoRecipe, type LinkedListEntry } from '../recipes/channel-recipes.ts';
import { ignoreBroken } from './channel-error.ts';
import type { EntryHash, ListedEntry } from './channel-list.ts';
import { versionOf } from './channel-query.ts';
import type { ChannelVersion } from './channel-reading.ts';
import { registerChannels, type ChannelIdHash } from './channel-registry.ts';
import { listDifference } from './list-difference.ts';

export interface ChannelUpdate {
    readonly channel: ChannelVersion;
    /** What is really new, newest first; none for a channel that is new and empty. */
    readonly entries: readonly ListedEntry[];
    /** False: more is new than is told here, and older. */
    readonly isComplete: boolean;
}

export interface ChannelFollowerOptions {
    readonly one: OneInstance;
    /** Told when it is durable. */
    readonly onUpdates: (updates: readonly ChannelUpdate[]) => void;
    /** Told of channels that cannot be read, and of failures after which it is tried again. */
    readonly onError: (error: unknown) => void;
}

export function followChannels({ one, onUpdates, onError }: ChannelFollowerOptions): JournalFollower {
    const versionsIn = async (
        objects: ObjectTransaction,
        entries: readonly JournalEntry[],
    ): Promise<ChannelVersion[]> => {
        const last = new Map<string, string>();
        for (const record of entries.flatMap(({ records }) => records))
            if (record.kind === 'version') last.set(record.idHash, record.hash);
        const versions: ChannelVersion[] = [];
        for (const [idHash, hash] of last) {
            // Nearly all versions are something else: that is seen without parsing them.
            const text = await objects.findText(hash).catch(ignoreBroken);
            if (text === undefined || contentTypeOfText(text) !== ChannelInfoRecipe.name) continue;
            versions.push(versionOf(idHash as ChannelIdHash, objects.microdata.parseAs(ChannelInfoRecipe, text)));
        }
        return versions;
    };
    const handle = async (objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> => {
        const versions = await versionsIn(objects, entries);
        if (versions.length === 0) return;
        const updates: ChannelUpdate[] = [];
        for (const channel of versions)
            try {
                const update = await updateOf(objects, channel);
                if (update !== undefined) updates.push(update);
            } catch (error) {
                // A list that is broken must not keep all others from being told of.
                ignoreBroken(error);
                onError(error);
            }
        await register(objects, versions);
        objects.transaction.whenDurable(() => onUpdates(updates));
    };
    const startAnew = async (objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> => {
        await register(objects, await versionsIn(objects, entries));
    };
    return JournalFollower.start({ objects: one.objects, name: 'channels', handle, startAnew, onError });
}

/** Undefined if there is nothing that was not told. */
async function updateOf(objects: ObjectTransaction, channel: ChannelVersion): Promise<ChannelUpdate | undefined> {
    const before = await toldHead(objects, channel.idHash);
    if (before !== undefined && before.head === channel.head) return undefined;
    const difference = await listDifference(objects, before?.head, channel.head, MAX_CHANNEL_UPDATE);
    const { added: entries, isComplete } = difference;
    // Entries were only moved, or two lists with the same posts were merged.
    if (before !== undefined && entries.length === 0 && isComplete) return undefined;
    return { channel, entries, isComplete };
}

async function register(objects: ObjectTransaction, channels: readonly ChannelVersion[]): Promise<void> {
    for (const { idHash, head = '' } of channels)
        objects.transaction.put('state', keyOf(idHash), new TextEncoder().encode(head));
    await registerChannels(
        objects,
        channels.map(({ idHash }) => idHash),
    );
}

/** Undefined for a channel that was never told of. */
async function toldHead(
    objects: ObjectTransaction,
    idHash: ChannelIdHash,
): Promise<{ readonly head: EntryHash | undefined } | undefined> {
    const value = await objects.transaction.get('state', keyOf(idHash));
    if (value === undefined) return undefined;
    const text = new TextDecoder().decode(value);
    return { head: text === '' ? undefined : ensureHash<LinkedListEntry>(text) };
}

function keyOf(idHash: ChannelIdHash): string {
    return `channel.${idHash}`;
}
