// Which channels and entries are meant (spec 61 §6.1, §6.2).
import { ensureHash, ensureIdHash, isHash, type ObjectReader, type Person, type SHA256IdHash } from '@refinio/one.core';
import { ChannelInfoRecipe, type ChannelInfo, type LinkedListEntry } from '../recipes/channel-recipes.ts';
import { currentAs, readAs } from '../typed-objects.ts';
import { ChannelError, ignoreBroken } from './channel-error.ts';
import type { EntryHash } from './channel-list.ts';
import { readChannelRegistry, type ChannelIdHash } from './channel-registry.ts';
import type { ChannelVersion } from './channel-reading.ts';
import type { ChannelId } from './post.ts';

/** A person, nobody, or my main identity. */
export type OwnerQuery = SHA256IdHash<Person> | null | 'mainId';

/**
 * Names and owners are combined by "and"; everything else adds to the selection. Nothing at all: all channels. Of one thing either the
 * singular or the plural is given.
 */
export interface ChannelQuery {
    readonly channelId?: string;
    readonly channelIds?: readonly string[];
    readonly owner?: OwnerQuery;
    readonly owners?: readonly OwnerQuery[];
    readonly channel?: ChannelId;
    readonly channels?: readonly ChannelId[];
    readonly channelInfoIdHash?: ChannelIdHash;
    readonly channelInfoIdHashes?: readonly ChannelIdHash[];
    /** Certain versions, whether they are known here or not. */
    readonly channelInfoHash?: string;
    readonly channelInfoHashes?: readonly string[];
    /** References to entries: only these are given back. */
    readonly id?: string;
    readonly ids?: readonly string[];
}

/** One entry of a channel, for other places to name it (spec 61 §6.4). */
export function entryId(channel: ChannelIdHash, entry: EntryHash): string {
    return `${channel}_${entry}`;
}

/** @throws ChannelError `CHANNEL_QUERY_INVALID` */
export function parseEntryId(id: string): { readonly channel: ChannelIdHash; readonly entry: EntryHash } {
    const [channel, entry, ...rest] = id.split('_');
    if (!isHash(channel) || !isHash(entry) || rest.length > 0)
        throw new ChannelError('CHANNEL_QUERY_INVALID', 'The id of an entry is that of its channel, "_", and its hash');
    return { channel: ensureIdHash<ChannelInfo>(channel), entry: ensureHash<LinkedListEntry>(entry) };
}

/** Values of an option that has a singular and a plural; undefined if neither was given. */
function valuesOf<T>(name: string, one: T | undefined, several: readonly T[] | undefined): readonly T[] | undefined {
    if (one !== undefined && several !== undefined)
        throw new ChannelError('CHANNEL_QUERY_INVALID', `Give one "${name}" or a list of them, not both`);
    return one === undefined ? several : [one];
}

/** Entries that are asked for by their ids; undefined if none are. @throws ChannelError `CHANNEL_QUERY_INVALID` */
export function entriesOf({ id, ids }: ChannelQuery): ReturnType<typeof parseEntryId>[] | undefined {
    return valuesOf('id', id, ids)?.map(parseEntryId);
}

/**
 * The current version of each channel that is meant, each once. What is broken is left out, unless it was asked for by name.
 * @throws ChannelError `CHANNEL_QUERY_INVALID`, `CHANNEL_MISSING` for an ID hash that is not known
 */
export async function selectChannels(
    objects: ObjectReader,
    query: ChannelQuery,
    mainId: SHA256IdHash<Person>,
): Promise<ChannelVersion[]> {
    const names = valuesOf('channelId', query.channelId, query.channelIds);
    const owners = valuesOf('owner', query.owner, query.owners)?.map(owner =>
        owner === 'mainId' ? mainId : (owner ?? undefined),
    );
    const pairs = valuesOf('channel', query.channel, query.channels);
    const idHashes = valuesOf('channelInfoIdHash', query.channelInfoIdHash, query.channelInfoIdHashes);
    const hashes = valuesOf('channelInfoHash', query.channelInfoHash, query.channelInfoHashes);
    const isEverything = [names, owners, pairs, idHashes, hashes].every(each => each === undefined);
    const found = new Map<string, ChannelVersion>();
    const registered = await readChannelRegistry(objects);
    for (const idHash of idHashes ?? []) {
        const version = registered.has(idHash) ? await readCurrent(objects, idHash) : undefined;
        if (version === undefined)
            throw new ChannelError('CHANNEL_MISSING', `There is no channel ${idHash.slice(0, 8)}… here`);
        found.set(idHash, version);
    }
    for (const pair of pairs ?? []) {
        const info = { $type$: 'ChannelInfo', id: pair.id, ...(pair.owner !== undefined && { owner: pair.owner }) };
        const idHash = ensureIdHash<ChannelInfo>(await objects.microdata.idHash(info));
        const version = registered.has(idHash) ? await readCurrent(objects, idHash) : undefined;
        if (version !== undefined) found.set(idHash, version);
    }
    if (isEverything || names !== undefined || owners !== undefined)
        for (const idHash of registered) {
            if (found.has(idHash)) continue;
            const id = await readIdentity(objects, idHash).catch(ignoreBroken);
            if (id === undefined) continue;
            if (names?.includes(id.id) === false || owners?.includes(id.owner) === false) continue;
            const version = await readCurrent(objects, idHash).catch(ignoreBroken);
            if (version !== undefined) found.set(idHash, version);
        }
    for (const hash of hashes ?? []) {
        const obj = await readAs(objects, ChannelInfoRecipe, hash);
        found.set(hash, versionOf(ensureIdHash<ChannelInfo>(await objects.microdata.idHash(obj)), obj));
    }
    return [...found.values()];
}

async function readIdentity(objects: ObjectReader, idHash: ChannelIdHash): Promise<ChannelId> {
    const { id, owner } = objects.microdata.parseIdAs(ChannelInfoRecipe, await objects.text(idHash));
    return { id, owner };
}

/** Undefined for a channel without version. @throws ObjectStoreError `SB-READ2`, MicrodataError */
export async function readCurrent(objects: ObjectReader, idHash: ChannelIdHash): Promise<ChannelVersion | undefined> {
    const current = await currentAs(objects, ChannelInfoRecipe, idHash);
    return current && versionOf(idHash, current.obj);
}

export function versionOf(idHash: ChannelIdHash, { id, owner, head }: ChannelInfo): ChannelVersion {
    return { idHash, id, owner, head: head };
}
