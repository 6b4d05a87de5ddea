// Reading one channel and several (spec 61 §6.3), newest first. Entries of different channels are never one, even with the same data.
import type { ObjectReader, SHA256Hash } from '@refinio/one.core';
import type { CreationTime } from '../recipes/channel-recipes.ts';
import { isNewer, walk, type EntryHash, type ListedEntry } from './channel-list.ts';
import type { ChannelIdHash } from './channel-registry.ts';
import type { ChannelId } from './post.ts';

/** One version of a channel. */
export interface ChannelVersion extends ChannelId {
    readonly idHash: ChannelIdHash;
    readonly head: EntryHash | undefined;
}

export interface ChannelEntry extends ListedEntry {
    readonly channel: ChannelVersion;
}

/** Milliseconds since 1970, both inclusive. */
export interface TimeRange {
    readonly from?: number | undefined;
    readonly to?: number | undefined;
}

/** Of one channel, each post once. @throws ObjectStoreError `SB-READ2`, MicrodataError for a list that is broken from there on */
export async function* readChannel(
    objects: ObjectReader,
    channel: ChannelVersion,
    { from = -Infinity, to = Infinity }: TimeRange,
): AsyncGenerator<ChannelEntry> {
    const seen = new Set<SHA256Hash<CreationTime>>();
    let before: ListedEntry | undefined;
    for await (const entry of walk(objects, channel.head)) {
        // An oldest entry may stand on top; the end is where older ones follow each other.
        if (before !== undefined && before.timestamp < from && isNewer(before, entry)) return;
        before = entry;
        if (entry.timestamp < from || entry.timestamp > to || seen.has(entry.creationTimeHash)) continue;
        seen.add(entry.creationTimeHash);
        yield { ...entry, channel };
    }
}

/** Of several, the newest of all first. */
export async function* readChannels(
    objects: ObjectReader,
    channels: readonly ChannelVersion[],
    range: TimeRange,
): AsyncGenerator<ChannelEntry> {
    const readers = channels.map(channel => readChannel(objects, channel, range));
    try {
        const first = await Promise.all(readers.map(async reader => ({ reader, next: await take(reader) })));
        let waiting = first.filter(({ next }) => next !== undefined);
        while (waiting.length > 0) {
            const newest = waiting.reduce((best, each) => (comesBefore(each.next, best.next) ? each : best));
            if (newest.next !== undefined) yield newest.next;
            newest.next = await take(newest.reader);
            if (newest.next === undefined) waiting = waiting.filter(each => each !== newest);
        }
    } finally {
        await Promise.all(readers.map(reader => reader.return(undefined)));
    }
}

async function take(reader: AsyncGenerator<ChannelEntry>): Promise<ChannelEntry | undefined> {
    const result: IteratorResult<ChannelEntry, unknown> = await reader.next();
    return result.done === true ? undefined : result.value;
}

function comesBefore(a: ChannelEntry | undefined, b: ChannelEntry | undefined): boolean {
    return a !== undefined && b !== undefined && isNewer(a, b);
}
