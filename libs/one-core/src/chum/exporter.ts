// The side of CHUM that serves (spec 40 §3, §5). What is not in the accessible set of the remote person at the moment of a
// request is refused, and so is what was not listed on this connection before.
import type { Accessible } from '../access/accessible.ts';
import { LOCAL_TYPES, type AccessibleRoot, type ObjectFilter } from '../access/accessible-roots.ts';
import { closureOf } from '../access/closure.ts';
import { OneError } from '../errors.ts';
import { nextTurn } from '../next-turn.ts';
import { isHash } from '../hashes.ts';
import { MAX_CHILDREN } from '../limits.ts';
import { ID_OBJECT_FRAME, OBJECT_FRAME } from '../microdata/content-type.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { ChumError, type ChumErrorCode } from './chum-errors.ts';
import { HashFilter } from './hash-filter.ts';
import { StreamResult, type RequestChannel, type ServiceHandler } from './request-channel.ts';
import { PROTOCOL_VERSION, services, type ChildObject } from './services.ts';

export interface ExporterOptions {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    /** ID hash of the person on the other side. */
    readonly remotePerson: string;
    readonly objectFilter?: ObjectFilter | undefined;
    /** Offers the services, and nothing by them: a deployed importer ends when there are none (spec 40 §7.3). */
    readonly nothing?: boolean;
    /**
     * Lists of children leave out what the peer has fetched on this connection, which makes the synchronization of a long
     * history linear (spec 40 §5.4). False: complete lists, as deployed exporters give them.
     */
    readonly leaveOutFetched?: boolean;
    /** Told of everything that was handed out. */
    readonly onSent?: (type: ChildObject['type'], hash: string) => void;
    /** Told of every request that failed. */
    readonly onError?: (error: unknown) => void;
}

const frames = {
    object: { frame: OBJECT_FRAME, hash: 'UTC-EHASH', children: 'CES-GOC1', access: 'CES-GO1', form: 'CES-GO2' },
    id: { frame: ID_OBJECT_FRAME, hash: 'UTC-EIDHASH', children: 'CES-GIDOC1', access: 'CES-GIDO1', form: 'CES-GIDO2' },
} as const;

const NOT_ACCESSIBLE = 'This is not accessible, or was not listed on this connection';

interface ListedRoots {
    /** Undefined if nobody knows. */
    readonly version: string | undefined;
    readonly hashes: readonly string[];
}

/** Serves one peer until it has told that it asks for nothing more, or the channel is closed. */
export class Exporter {
    /** Resolves when nothing is served any more. */
    readonly ended: Promise<void>;
    readonly #options: ExporterOptions;
    /** Objects and ID objects that may be asked for, because they were listed (spec 40 §5.3). */
    readonly #listed = new HashFilter();
    /** The same for BLOBs and CLOBs: whether their bytes are those of an object that leads further is not told with them. */
    readonly #listedBytes = new HashFilter();
    readonly #fetched = new HashFilter();
    /** Counts their changes, if there is a filter. */
    #grants = 0;
    /** The root list that is in `#listed`. */
    #roots: ListedRoots | undefined;
    readonly #removers: (() => void)[];
    readonly #end: () => void;

    constructor(channel: RequestChannel, options: ExporterOptions) {
        this.#options = options;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.ended = promise;
        this.#end = resolve;
        void channel.closed.then(() => this.#stop());
        const offer = (service: number, handler: ServiceHandler): (() => void) =>
            channel.offer(service, (...args) => this.#serve(() => handler(...args)));
        this.#removers = [
            offer(services.protocolVersion, () => PROTOCOL_VERSION),
            offer(services.accessibleRoots, () => this.#accessibleRoots()),
            offer(services.objectChildren, hash => this.#children('object', hash)),
            offer(services.idObjectChildren, hash => this.#children('id', hash)),
            offer(services.object, hash => this.#object('object', hash)),
            offer(services.idObject, hash => this.#object('id', hash)),
            offer(services.blob, (hash, encoding) => this.#blob(hash, encoding)),
            offer(services.fin, () => this.#stop()),
        ];
        if (options.objectFilter !== undefined)
            this.#removers.push(
                options.objects.events.listen(event => {
                    if (event.type === 'versioned' && LOCAL_TYPES.has(event.obj.$type$)) this.#forgetListed();
                }),
            );
    }

    async #serve(task: () => unknown): Promise<unknown> {
        try {
            return await task();
        } catch (error) {
            this.#options.onError?.(error);
            // Others may say something about this device.
            if (error instanceof OneError && /^(?:CES|UTC|M2O|SB)-/.test(error.code)) throw error;
            throw new Error('The request failed', { cause: error });
        }
    }

    #stop(): void {
        for (const remove of this.#removers) remove();
        // The peer waits for its answer before the connection may be closed.
        void nextTurn().then(this.#end);
    }

    async #accessibleRoots(): Promise<string> {
        const { accessible, remotePerson, objectFilter, nothing = false } = this.#options;
        if (nothing) return '[]';
        if (objectFilter !== undefined) {
            let grants: number;
            let roots: readonly AccessibleRoot[];
            do {
                grants = this.#grants;
                roots = await accessible.roots(remotePerson, objectFilter);
            } while (grants !== this.#grants);
            this.#list({ version: undefined, hashes: roots.flatMap(hashesOf) });
            // Why somebody has access is nobody else's business.
            return JSON.stringify(roots.map(root => ({ ...root, accessReasons: undefined })));
        }
        const list = await accessible.rootList(remotePerson);
        this.#list(list);
        return list.text;
    }

    /**
     * What a filter admits, nobody but the filter knows: when a grant changes, the peer has to ask for the roots again. Without
     * filter it is known at every request.
     */
    #forgetListed(): void {
        this.#grants++;
        this.#clearListed();
    }

    /** What children were listed stays, as long as no root is gone: what is accessible is looked up anyway. */
    #list(roots: ListedRoots): void {
        const before = this.#roots;
        if (roots.version !== undefined && roots.version === before?.version) return;
        this.#roots = roots;
        const known = roots.version === undefined ? [] : (before?.hashes ?? []);
        const isLonger = known.length > 0 && known.every((hash, i) => hash === roots.hashes[i]);
        if (!isLonger) this.#clearListed();
        for (const hash of isLonger ? roots.hashes.slice(known.length) : roots.hashes) this.#listed.add(hash);
    }

    #clearListed(): void {
        this.#listed.clear();
        this.#listedBytes.clear();
    }

    async #children(kind: 'object' | 'id', hash: unknown): Promise<string> {
        const { objects, leaveOutFetched = true } = this.#options;
        const known = await this.#ensureAccessible(hash, frames[kind].hash, frames[kind].children, 'leads');
        if (!(await objects.text(known)).startsWith(frames[kind].frame))
            throw new ChumError('M2O-PH1', `What was asked for is no ${kind === 'id' ? 'ID object' : 'object'}`);
        const leftOut: string[] = [];
        const children = await closureOf(objects, known, {
            leaveOut: child => {
                if (!leaveOutFetched || !this.#fetched.has(child)) return false;
                leftOut.push(child);
                return true;
            },
        });
        if (children.length > MAX_CHILDREN)
            throw new ChumError('CHUM_TOO_LARGE', `An object leads to more than ${MAX_CHILDREN} others`);
        if (!this.#listed.has(known)) throw new ChumError(frames[kind].children, NOT_ACCESSIBLE);
        for (const { type, hash } of children)
            if (type === 'blob' || type === 'clob') this.#listedBytes.add(hash);
            else this.#listed.add(hash);
        // The peer may ask for them nevertheless, should it have lost them.
        for (const child of leftOut) this.#listed.add(child);
        return JSON.stringify(children);
    }

    async #object(kind: 'object' | 'id', hash: unknown): Promise<string> {
        const known = await this.#ensureAccessible(hash, frames[kind].hash, frames[kind].access);
        const text = await this.#options.objects.text(known);
        if (!text.startsWith(frames[kind].frame))
            throw new ChumError(
                frames[kind].form,
                `What was asked for is no ${kind === 'id' ? 'ID object' : 'object'}`,
            );
        this.#fetched.add(known);
        this.#options.onSent?.(kind, known);
        return text;
    }

    async #blob(hash: unknown, encoding: unknown): Promise<StreamResult> {
        // That one is missing which is for this peer, the end of its stream says (spec 40 §3.8).
        const known = await this.#ensureAccessible(hash, 'UTC-EHASH', 'CES-GBL1', 'isReferenced');
        if (encoding !== undefined && encoding !== 'utf8')
            throw new ChumError('CES-GBL2', 'A BLOB is asked for without encoding, a CLOB with "utf8"');
        return new StreamResult(this.#bytes(encoding === undefined ? 'blob' : 'clob', known), encoding);
    }

    async *#bytes(type: 'blob' | 'clob', hash: string): AsyncIterable<Uint8Array> {
        const { accessible, blobs, remotePerson, onSent, onError } = this.#options;
        try {
            await using blob = await blobs.open(hash);
            if (!(await accessible.has(remotePerson, hash))) throw new ChumError('CES-GBL1', NOT_ACCESSIBLE);
            yield* blob.stream();
        } catch (error) {
            onError?.(error);
            throw error;
        } finally {
            onSent?.(type, hash);
        }
    }

    /** The same answer for what does not exist and what is not for this peer. */
    async #ensureAccessible(
        hash: unknown,
        form: ChumErrorCode,
        access: ChumErrorCode,
        needed: 'has' | 'leads' | 'isReferenced' = 'has',
    ): Promise<string> {
        if (!isHash(hash)) throw new ChumError(form, 'A hash has 64 lower case hexadecimal digits');
        const { accessible, remotePerson, nothing = false } = this.#options;
        const isListed = this.#listed.has(hash) || (needed === 'isReferenced' && this.#listedBytes.has(hash));
        if (nothing || !isListed || !(await accessible[needed](remotePerson, hash)))
            throw new ChumError(access, NOT_ACCESSIBLE);
        return hash;
    }
}

function hashesOf(root: { readonly hash?: string; readonly idHash?: string; readonly node?: string }): string[] {
    return [root.hash, root.idHash, root.node].filter(hash => hash !== undefined);
}
