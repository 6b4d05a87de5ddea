// Posting (spec 61 §4): in one commit, what is posted, when, who vouches for it, its place in the list, and the new version.
import {
    ensureHash,
    type ObjectTransaction,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
    type Typed,
} from '@refinio/one.core';
import { MAX_POST_TIME } from '../limits.ts';
import {
    ChannelInfoRecipe,
    type ChannelInfo,
    type CreationTime,
    type LinkedListEntry,
} from '../recipes/channel-recipes.ts';
import { affirmIn } from '../trust/certificates.ts';
import type { Signer } from '../trust/signer.ts';
import { currentAs, storeChange, storeObject, type Version } from '../typed-objects.ts';
import { ChannelError } from './channel-error.ts';
import { insertEntry, type EntryHash } from './channel-list.ts';

/** Which channel: those of different owners, and that without one, are different channels of the same name. */
export interface ChannelId {
    readonly id: string;
    /** Undefined for a channel that belongs to nobody. */
    readonly owner: SHA256IdHash<Person> | undefined;
}

export interface NewPost {
    /** A hash: of an object that is stored already. */
    readonly data: Typed | SHA256Hash;
    /** Milliseconds since 1970. */
    readonly timestamp: number;
    /** Vouches for it. */
    readonly author: Signer;
    /** More that is put beside it. */
    readonly metadata?: readonly SHA256Hash[];
}

export interface Posted {
    readonly channel: Version<ChannelInfo>;
    readonly dataHash: SHA256Hash;
    readonly creationTimeHash: SHA256Hash<CreationTime>;
    /** False if the same was posted at the same time before. */
    readonly isNew: boolean;
}

export function channelInfo({ id, owner }: ChannelId): Pick<ChannelInfo, '$type$' | 'id' | 'owner'> {
    return { $type$: 'ChannelInfo', id, ...(owner !== undefined && { owner }) };
}

/**
 * @throws ChannelError `CHANNEL_MISSING` for a channel without version; `POST_INVALID` for a hash of nothing, or what is no object, which
 * would stop every peer that gets the channel; ObjectRefusedError
 */
export async function postIn(objects: ObjectTransaction, channel: ChannelId, post: NewPost): Promise<Posted> {
    const info = channelInfo(channel);
    const idHash = await objects.microdata.idHash(info);
    const current = await currentAs(objects, ChannelInfoRecipe, idHash);
    if (current === undefined)
        throw new ChannelError(
            'CHANNEL_MISSING',
            `There is no channel "${channel.id.slice(0, 80)}" here: create it first`,
        );
    const { timestamp, author } = post;
    if (!Number.isSafeInteger(timestamp) || Math.abs(timestamp) > MAX_POST_TIME)
        throw new ChannelError('POST_INVALID', 'The time of a post is a number of milliseconds since 1970');
    const dataHash = await storeData(objects, post.data);
    const creationTimeHash = await storeObject<CreationTime>(objects, {
        ...{ $type$: 'CreationTime', timestamp },
        data: dataHash as SHA256Hash<Typed>,
    });
    const affirmation = await affirmIn(objects, creationTimeHash, author);
    const metadata = [affirmation.hash as SHA256Hash, ...(post.metadata ?? [])];
    const before = current.obj.head as EntryHash | undefined;
    const head = await insertEntry(objects, before, { timestamp, creationTimeHash, metadata });
    const isNew = head !== before;
    const stored = isNew
        ? await storeChange<ChannelInfo>(objects, { ...info, ...(head && { head: ensureHash<LinkedListEntry>(head) }) })
        : current;
    return { channel: stored, dataHash, creationTimeHash, isNew };
}

/** Of a type with versions, this one is stored without a place among them (spec 61 §4). */
async function storeData(objects: ObjectTransaction, data: Typed | SHA256Hash): Promise<SHA256Hash> {
    if (typeof data === 'string') {
        const isObject = (await objects.has(data, 'object')) && !(await objects.isRaw(data));
        if (!isObject)
            throw new ChannelError(
                'POST_INVALID',
                `There is no object ${data.slice(0, 8)}… that could be posted: a file is posted as a BlobDescriptor`,
            );
        return data;
    }
    if (objects.microdata.recipes.isVersioned(data.$type$))
        return ensureHash((await objects.storeVersioned(data, 'no-version-map')).hash);
    return ensureHash((await objects.storeUnversioned(data)).hash);
}
