// What stands behind entries (spec 61 §6.4).
import {
    contentTypeOfText,
    type AnyObject,
    type ObjectReader,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import { MAX_READ_METADATA } from '../limits.ts';
import type { CreationTime } from '../recipes/channel-recipes.ts';
import { AffirmationCertificateRecipe, SignatureRecipe } from '../recipes/trust-recipes.ts';
import { ignoreBroken } from './channel-error.ts';
import type { EntryHash } from './channel-list.ts';
import { entryId } from './channel-query.ts';
import type { ChannelEntry } from './channel-reading.ts';

export interface ChannelObject {
    readonly channelId: string;
    readonly channelOwner: SHA256IdHash<Person> | undefined;
    /** Another one whenever something older is inserted below. */
    readonly channelEntryHash: EntryHash;
    /** By which the entry can be named, as long as it is here. */
    readonly id: string;
    readonly creationTime: Date;
    /** The identity of the post. */
    readonly creationTimeHash: SHA256Hash<CreationTime>;
    /**
     * Who says to have posted it. A claim: `Certificates.affirmedBy` of the `creationTimeHash` tells who has.
     */
    readonly author: SHA256IdHash<Person> | undefined;
    readonly dataHash: SHA256Hash;
    /** Undefined if it was left out, is not here, or of a type that is not known. */
    readonly data: AnyObject | undefined;
}

/** @param types only data of these; default: all @returns undefined for data of another type */
export async function readChannelObject(
    objects: ObjectReader,
    entry: ChannelEntry,
    { types, omitData = false }: { readonly types?: readonly string[] | undefined; readonly omitData?: boolean },
): Promise<ChannelObject | undefined> {
    const { channel, entryHash, creationTimeHash, timestamp, dataHash } = entry;
    let data: AnyObject | undefined;
    if (!omitData) {
        const text = await objects.findText(dataHash).catch(ignoreBroken);
        if (types !== undefined && (text === undefined || !types.includes(contentTypeOfText(text)))) return undefined;
        data = text === undefined ? undefined : await objects.read(dataHash).catch(ignoreBroken);
    }
    return {
        ...{ channelId: channel.id, channelOwner: channel.owner, channelEntryHash: entryHash },
        ...{ id: entryId(channel.idHash, entryHash), creationTime: new Date(timestamp), creationTimeHash },
        ...{ author: await claimedAuthor(objects, entry), dataHash, data },
    };
}

/** Issuer of the first signature of an affirmation. */
async function claimedAuthor(
    objects: ObjectReader,
    { metadata = [] }: ChannelEntry,
): Promise<SHA256IdHash<Person> | undefined> {
    for (const hash of metadata.slice(0, MAX_READ_METADATA)) {
        const text = await objects.findText(hash).catch(ignoreBroken);
        if (text === undefined || contentTypeOfText(text) !== 'Signature') continue;
        const { data, issuer } = objects.microdata.parseAs(SignatureRecipe, text);
        const certificate = await objects.findText(data).catch(ignoreBroken);
        if (certificate !== undefined && contentTypeOfText(certificate) === AFFIRMATION) return issuer;
    }
    return undefined;
}

const AFFIRMATION = AffirmationCertificateRecipe.name;
