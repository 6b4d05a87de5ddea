// Fetches single things from a peer and looks at them before anybody uses them (spec 40 §6.3). Nothing is stored here but the
// bytes of BLOBs and CLOBs, under the hash that was asked for or not at all.
import { LOCAL_TYPES } from '../access/accessible-roots.ts';
import { hashText } from '../crypto/hash.ts';
import type { AnyObject, Microdata } from '../microdata/microdata.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { Link } from '../objects/links.ts';
import { linksOf } from '../objects/links.ts';
import { MAX_RECEIVED_BLOB, MAX_STREAMS_AT_ONCE, SILENCE_MS } from '../limits.ts';
import { Slots } from '../slots.ts';
import { parseChildList } from './child-list.ts';
import { HashFilter } from './hash-filter.ts';
import { ChumError, type ChumErrorCode } from './chum-errors.ts';
import type { RequestChannel } from './request-channel.ts';
import { RequestError } from './request-errors.ts';
import { services, type ChildObject } from './services.ts';
import { TextCheck } from './text-check.ts';

/** An object or ID object that is what its hash says. */
export interface Received {
    readonly kind: 'object' | 'id';
    readonly hash: string;
    readonly text: string;
    readonly obj: AnyObject;
    readonly links: readonly Link[];
}

const codes = {
    object: { form: 'CIEC-FO1', hash: 'CIEC-FO2', local: 'CIEC-FO3' },
    id: { form: 'CIEC-FIDO1', hash: 'CIEC-FIDO2', local: 'CIEC-FIDO3' },
} as const;

/** One request that is not answered must not keep back all others. */
const PATIENCE = { timeoutMs: SILENCE_MS };

export class Fetcher {
    readonly #channel: RequestChannel;
    readonly #microdata: Microdata;
    readonly #blobs: Blobs;
    readonly #requests: Slots;
    readonly #streams = new Slots(MAX_STREAMS_AT_ONCE);
    readonly #asked = new HashFilter();
    /** What is fetched just now, and for several. */
    readonly #underWay = new Map<string, Promise<unknown>>();

    /** @param requestsAtOnce how many requests the peer has to serve at the same time */
    constructor(channel: RequestChannel, microdata: Microdata, blobs: Blobs, requestsAtOnce: number) {
        this.#channel = channel;
        this.#microdata = microdata;
        this.#blobs = blobs;
        this.#requests = new Slots(requestsAtOnce);
    }

    /**
     * Whether the peer was asked for an object on this connection. It may leave it out of later lists, because it has sent it; but
     * it may have come too late, or be of a tree that failed.
     */
    wasAsked(hash: string): boolean {
        return this.#asked.has(hash);
    }

    /** Each before what it needs stands after it. @throws ChumError, RequestError */
    children(kind: 'object' | 'id', hash: string): Promise<readonly ChildObject[]> {
        const service = kind === 'object' ? services.objectChildren : services.idObjectChildren;
        return this.#once(`${service}${hash}`, async () =>
            parseChildList(await this.#requests.run(() => this.#channel.request(service, [hash], PATIENCE))),
        );
    }

    /** @throws ChumError, RequestError; MicrodataError for what is none of a known type */
    object(kind: 'object' | 'id', hash: string): Promise<Received> {
        const service = kind === 'object' ? services.object : services.idObject;
        return this.#once(`${service}${hash}`, async () => {
            const ask = (): Promise<unknown> => {
                this.#asked.add(hash);
                return this.#channel.request(service, [hash], PATIENCE);
            };
            const text = await this.#requests.run(ask).catch(ofForm(codes[kind].form));
            if (typeof text !== 'string') throw new ChumError(codes[kind].form, 'The peer sent no text for an object');
            if ((await hashText(text)) !== hash)
                throw new ChumError(codes[kind].hash, `The peer sent something else than ${hash}`);
            const obj = kind === 'object' ? this.#microdata.parse(text) : this.#microdata.parseId(text);
            if (LOCAL_TYPES.has(obj.$type$))
                throw new ChumError(
                    codes[kind].local,
                    `The peer sent an object of type "${obj.$type$}", which is local`,
                );
            return { kind, hash, text, obj, links: linksOf(text) };
        });
    }

    /** Bytes are on the disk while they come; those of a CLOB are UTF-8. @throws ChumError, RequestError, StorageError */
    bytes(type: 'blob' | 'clob', hash: string): Promise<void> {
        // The same bytes may be linked as both.
        return this.#once(`${type}${hash}`, () =>
            this.#streams.run(async () => {
                const writer = this.#blobs.createWriter();
                try {
                    const encoding = type === 'clob' ? 'utf8' : undefined;
                    const text = type === 'clob' ? new TextCheck() : undefined;
                    let size = 0;
                    const sink = {
                        write: async (bytes: Uint8Array) => {
                            size += bytes.length;
                            if (size > MAX_RECEIVED_BLOB)
                                throw new ChumError(
                                    'CHUM_TOO_LARGE',
                                    `A BLOB has more than ${MAX_RECEIVED_BLOB} bytes`,
                                );
                            if (text?.add(bytes) === false) throw notText(hash);
                            await writer.write(bytes);
                        },
                    };
                    await this.#requests
                        .run(() => this.#channel.requestStream(services.blob, [hash, encoding], sink, PATIENCE))
                        .catch(ofForm('CIEC-FBL1'));
                    if (text?.end() === false) throw notText(hash);
                    if ((await writer.endAs(hash)) === undefined)
                        throw new ChumError('CIEC-FBL2', `The peer sent other bytes than those of ${hash}`);
                } finally {
                    await writer.cancel();
                }
            }),
        );
    }

    #once<T>(key: string, task: () => Promise<T>): Promise<T> {
        const known = this.#underWay.get(key);
        if (known !== undefined) return known as Promise<T>;
        const promise = task();
        this.#underWay.set(key, promise);
        const end = () => void this.#underWay.delete(key);
        promise.then(end, end);
        return promise;
    }
}

export function notText(hash: string): ChumError {
    return new ChumError('CHUM_CLOB_NOT_TEXT', `The CLOB ${hash} is no UTF-8, so that it could be sent to nobody`);
}

/** For requests that were answered with a stream instead of a value, or the other way round (spec 40 §6.3). */
function ofForm(code: ChumErrorCode): (error: unknown) => never {
    return cause => {
        if (cause instanceof RequestError && (cause.code === 'STREAM_EXPECTED' || cause.code === 'STREAM_UNEXPECTED'))
            throw new ChumError(code, 'The peer answered in another form than it was asked for', { cause });
        throw cause;
    };
}
