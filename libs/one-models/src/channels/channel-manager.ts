import {
    type JournalFollower,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
    type Typed,
} from '@refinio/one.core';
import type { LeuteModel } from '../leute/leute-model.ts';
import { DEFAULT_PROFILE } from '../leute/well-known.ts';
import { OneEvent } from '../one-event.ts';
import { ChannelInfoRecipe, type ChannelInfo } from '../recipes/channel-recipes.ts';
import { createSigner, type Signer } from '../trust/signer.ts';
import { currentAs, storeChange } from '../typed-objects.ts';
import { ChannelError } from './channel-error.ts';
import { followChannels, type ChannelUpdate } from './channel-follower.ts';
import { readEntry, walk } from './channel-list.ts';
import { readChannelObject, type ChannelObject } from './channel-objects.ts';
import { entriesOf, readCurrent, selectChannels, type ChannelQuery } from './channel-query.ts';
import { readChannels, type ChannelEntry, type ChannelVersion } from './channel-reading.ts';
import { registerChannels, type ChannelIdHash } from './channel-registry.ts';
import { channelInfo, postIn, type ChannelId, type Posted } from './post.ts';

/** Spec 61 §6.2. Dates are inclusive. */
export interface EntryQuery extends ChannelQuery {
    readonly from?: Date;
    readonly to?: Date;
    /** Of the newest ones; 0 or undefined: all. */
    readonly count?: number;
    readonly type?: string;
    readonly types?: readonly string[];
    /** Of `getObjects`; default: ascending. */
    readonly orderBy?: (typeof Order)[keyof typeof Order];
    /** Then types do not count. */
    readonly omitData?: boolean;
}

export const Order = { Ascending: 1, Descending: 2 } as const;

export interface PostOptions {
    /** Undefined: my main identity; null: nobody. */
    readonly owner?: SHA256IdHash<Person> | null | undefined;
    /** Milliseconds since 1970; default: now. */
    readonly timestamp?: number | undefined;
    /** One of my identities; default: the main one. */
    readonly author?: SHA256IdHash<Person> | undefined;
}

/** Local, for as long as the model lives (spec 61 §8). */
export interface ChannelSettings {
    /** Puts the author's profile beside each post. */
    readonly appendSenderProfile?: boolean;
}

export interface ChannelManagerOptions {
    /** Told of channels that cannot be read. */
    readonly onError?: (error: unknown) => void;
}

/**
 * Channels: lists ordered by time, to which everybody adds who has them (spec 61). Reading begins at the newest entry, and costs what is
 * read; posting costs the same however long the list is.
 *
 * ```ts
 * const channels = new ChannelManager(one, leute);
 * await channels.init();
 * await channels.createChannel('notes');
 * await channels.post('notes', note);
 * for await (const { data } of channels.objects({ channelId: 'notes', count: 50 })) show(data);
 * ```
 */
export class ChannelManager implements AsyncDisposable {
    /** Told of every version of a channel, with what is new in it; also of channels that are new. */
    readonly onUpdated = new OneEvent<[update: ChannelUpdate]>();
    readonly #one: OneInstance;
    readonly #leute: LeuteModel;
    readonly #options: ChannelManagerOptions;
    readonly #settings = new Map<ChannelIdHash, ChannelSettings>();
    /** Of my identities that have posted; wiped at the end. */
    readonly #signers = new Map<string, Promise<Signer & Disposable>>();
    #follower: JournalFollower | undefined;

    /** @param leute is started before this model, and stopped after it */
    constructor(one: OneInstance, leute: LeuteModel, options: ChannelManagerOptions = {}) {
        this.#one = one;
        this.#leute = leute;
        this.#options = options;
    }

    /** From now on channels that arrive are known, and told of. */
    async init(): Promise<void> {
        const { onError = () => undefined } = this.#options;
        const onUpdates = (updates: readonly ChannelUpdate[]): void => {
            for (const update of updates) this.onUpdated.emit(update);
        };
        this.#follower ??= followChannels({ one: this.#one, onUpdates, onError });
        await this.settled();
    }

    /** Waits until everything that is stored now was told of. */
    async settled(): Promise<void> {
        await this.#follower?.settled();
    }

    async shutdown(): Promise<void> {
        const follower = this.#follower;
        this.#follower = undefined;
        await follower?.[Symbol.asyncDispose]();
        const signers = [...this.#signers.values()];
        this.#signers.clear();
        for (const signer of signers) (await signer)[Symbol.dispose]();
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.shutdown();
    }

    /**
     * A channel that is there already is left as it is.
     * @param owner undefined: my main identity; null: nobody
     * @returns its ID hash, by which it is granted
     */
    async createChannel(id: string, owner?: SHA256IdHash<Person> | null): Promise<ChannelIdHash> {
        const channel = await this.#channelId(id, owner);
        return this.#one.objects.transact(objects => createChannelIn(objects, channel));
    }

    /** All that are known. */
    async channels(): Promise<ChannelVersion[]> {
        return this.getMatchingChannels({});
    }

    /** @throws ChannelError `CHANNEL_QUERY_INVALID`, `CHANNEL_MISSING` */
    async getMatchingChannels(query: ChannelQuery): Promise<ChannelVersion[]> {
        return selectChannels(this.#one.objects, query, await this.#leute.myMainIdentity());
    }

    setChannelSettings(channel: ChannelIdHash, settings: ChannelSettings): void {
        this.#settings.set(channel, settings);
    }

    /**
     * The same posted at the same time is one post.
     * @param data an object, or the hash of one that is stored
     * @throws ChannelError `CHANNEL_MISSING`, `POST_INVALID`; KeyChainError `KEYCH-NODEFKEYS` for an author who is not on this device
     */
    async post(channelId: string, data: Typed | SHA256Hash, options: PostOptions = {}): Promise<Posted> {
        const channel = await this.#channelId(channelId, options.owner);
        const author = await this.#signer(options.author ?? (await this.#leute.myMainIdentity()));
        return this.#one.objects.transact(async objects => {
            const { timestamp = this.#one.objects.now() } = options;
            const metadata = await this.#senderProfile(objects, channel, author.issuer);
            return postIn(objects, channel, { data, timestamp, author, metadata });
        });
    }

    /** Does nothing if the channel has the data already, whenever it was posted. @returns undefined then @throws as `post` */
    async postIfNotExist(channelId: string, data: Typed, options: PostOptions = {}): Promise<Posted | undefined> {
        const channel = await this.#channelId(channelId, options.owner);
        const author = await this.#signer(options.author ?? (await this.#leute.myMainIdentity()));
        return this.#one.objects.transact(async objects => {
            const dataHash = await objects.microdata.hash(data);
            const current = await readCurrent(objects, await idHashOf(objects, channel));
            for await (const entry of walk(objects, current?.head))
                if (entry.dataHash === (dataHash as string)) return undefined;
            const { timestamp = this.#one.objects.now() } = options;
            const metadata = await this.#senderProfile(objects, channel, author.issuer);
            return postIn(objects, channel, { data, timestamp, author, metadata });
        });
    }

    /** Without what was posted; newest first. @throws ChannelError `CHANNEL_QUERY_INVALID`, `CHANNEL_MISSING` */
    async *entries(query: EntryQuery = {}): AsyncGenerator<ChannelEntry> {
        const { count = 0, from, to } = query;
        const { objects } = this.#one;
        let left = count === 0 ? Infinity : count;
        const ids = entriesOf(query);
        const range = { from: from?.getTime(), to: to?.getTime() };
        const source =
            ids === undefined ? readChannels(objects, await this.getMatchingChannels(query), range) : this.#named(ids);
        for await (const entry of source) {
            if (left-- <= 0) return;
            yield entry;
        }
    }

    /** Newest first, whatever the order is said to be. @throws as `entries` */
    async *objects(query: EntryQuery = {}): AsyncGenerator<ChannelObject> {
        const { count = 0, type, types, omitData = false } = query;
        if (type !== undefined && types !== undefined)
            throw new ChannelError('CHANNEL_QUERY_INVALID', 'Give one "type" or a list of them, not both');
        let left = count === 0 ? Infinity : count;
        for await (const entry of this.entries({ ...query, count: 0 })) {
            if (left <= 0) return;
            const wanted = omitData ? undefined : (types ?? (type === undefined ? undefined : [type]));
            const object = await readChannelObject(this.#one.objects, entry, { types: wanted, omitData });
            if (object === undefined) continue;
            left--;
            yield object;
        }
    }

    /** The newest ones, ascending unless the query says otherwise. @throws as `entries` */
    async getObjects(query: EntryQuery = {}): Promise<ChannelObject[]> {
        const list: ChannelObject[] = [];
        for await (const object of this.objects(query)) list.push(object);
        return query.orderBy === Order.Descending ? list : list.reverse();
    }

    async #channelId(id: string, owner: SHA256IdHash<Person> | null | undefined): Promise<ChannelId> {
        return { id, owner: owner === null ? undefined : (owner ?? (await this.#leute.myMainIdentity())) };
    }

    async *#named(ids: NonNullable<ReturnType<typeof entriesOf>>): AsyncGenerator<ChannelEntry> {
        for (const { channel, entry } of ids) {
            const version = await readCurrent(this.#one.objects, channel);
            if (version === undefined)
                throw new ChannelError('CHANNEL_MISSING', `There is no channel ${channel.slice(0, 8)}… here`);
            yield { ...(await readEntry(this.#one.objects, entry)), channel: version };
        }
    }

    #signer(person: SHA256IdHash<Person>): Promise<Signer> {
        const known = this.#signers.get(person);
        if (known !== undefined) return known;
        const signer = createSigner(this.#one.keyChain, person);
        this.#signers.set(person, signer);
        signer.catch(() => this.#signers.delete(person));
        return signer;
    }

    /** How the author describes itself, if the channel is to have it. */
    async #senderProfile(
        objects: ObjectTransaction,
        channel: ChannelId,
        author: SHA256IdHash<Person>,
    ): Promise<SHA256Hash[]> {
        const settings = this.#settings.get(await idHashOf(objects, channel));
        if (settings?.appendSenderProfile !== true) return [];
        const profile = { $type$: 'Profile', profileId: DEFAULT_PROFILE, personId: author, owner: author } as const;
        const head = await objects.headNode(await objects.microdata.idHash(profile));
        return head === undefined ? [] : [head.node.data];
    }
}

/** As a part of a transaction: see `ChannelManager.createChannel`. */
export async function createChannelIn(objects: ObjectTransaction, channel: ChannelId): Promise<ChannelIdHash> {
    const info = channelInfo(channel);
    const idHash = await idHashOf(objects, channel);
    if ((await currentAs(objects, ChannelInfoRecipe, idHash)) === undefined)
        await storeChange<ChannelInfo>(objects, info);
    await registerChannels(objects, [idHash]);
    return idHash;
}

async function idHashOf(objects: ObjectTransaction, channel: ChannelId): Promise<ChannelIdHash> {
    return objects.microdata.idHash<ChannelInfo>(channelInfo(channel));
}
