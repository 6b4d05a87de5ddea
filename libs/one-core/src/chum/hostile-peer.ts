// For tests: a peer that lists, sends and asks for whatever a test wants, whether it may or not.
import { keyOf, type AccessibleRoot } from '../access/accessible-roots.ts';
import { hashBytes, hashText } from '../crypto/hash.ts';
import type { Typed } from '../hashes.ts';
import type { Microdata } from '../microdata/microdata.ts';
import type { MessageChannel } from './message-channel.ts';
import { RequestChannel, StreamResult } from './request-channel.ts';
import { PROTOCOL_VERSION, services, type ChildObject } from './services.ts';

export class HostilePeer {
    /** Its answer to who asks for roots. */
    roots: readonly unknown[] = [];
    /** What it waits for before it answers; one that is never resolved keeps it silent. */
    beforeAnswer: (service: number, hash: string) => unknown = () => undefined;
    /** What it was asked for: the number of the service, and the hash. */
    readonly asked: string[] = [];
    /** Resolves when the other side has looked at everything once. */
    readonly visited: Promise<void>;
    readonly #visit: () => void;
    readonly #microdata: Microdata;
    readonly #texts = new Map<string, string | Uint8Array>();
    readonly #children = new Map<string, readonly ChildObject[]>();
    #requests: RequestChannel | undefined;

    constructor(microdata: Microdata) {
        this.#microdata = microdata;
        ({ promise: this.visited, resolve: this.#visit } = Promise.withResolvers<void>());
    }

    /** Has it send a text when it is asked for: as an object, an ID object, a BLOB or a CLOB. @returns the hash */
    async has(text: string): Promise<string> {
        const hash = await hashText(text);
        this.#texts.set(hash, text);
        return hash;
    }

    /** The same for bytes that may be no text. */
    async hasBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
        const hash = await hashBytes(bytes);
        this.#texts.set(hash, bytes);
        return hash;
    }

    hasObject(obj: object): Promise<string> {
        return this.has(this.#microdata.write(obj as Typed));
    }

    hasId(obj: object): Promise<string> {
        return this.has(this.#microdata.writeId(obj as Typed));
    }

    /** A version node that follows none. */
    hasNode(data: string, creationTime: number): Promise<string> {
        return this.hasObject({ $type$: 'VersionNodeEdge', data, depth: 0, creationTime });
    }

    /** Lists a version as its only root, with its ID object and some children more. */
    async listVersion(obj: Typed, children: readonly ChildObject[] = [], creationTime = 1e6): Promise<void> {
        const [data, id] = [await this.hasObject(obj), await this.hasId(obj)];
        await this.listNode(data, id, obj.$type$, [...children, { type: 'id', hash: id }, object(data)], creationTime);
    }

    /** Lists a version as its only root, with nothing but these children, the first needed first. */
    async listNode(
        data: string,
        dataIdHash: string,
        dataType: string,
        children: readonly ChildObject[],
        creationTime = 1e6,
    ): Promise<void> {
        const node = await this.hasNode(data, creationTime);
        this.roots = [{ type: 'version_node', node, dataIdHash, dataType }];
        this.listChildren(node, children);
    }

    /** Lists one more version of an ID, which leads to nothing but the ID object. */
    async addVersion(obj: Typed, creationTime: number): Promise<void> {
        const [data, dataIdHash] = [await this.hasObject(obj), await this.hasId(obj)];
        const node = await this.hasNode(data, creationTime);
        this.roots = [...this.roots, { type: 'version_node', node, dataIdHash, dataType: obj.$type$ }];
        this.listChildren(node, [{ type: 'id', hash: dataIdHash }, object(data)]);
    }

    /** Lists an object as its only root. */
    async listObject(obj: Typed, children: readonly ChildObject[]): Promise<void> {
        const hash = await this.hasObject(obj);
        this.roots = [{ type: 'unversioned', hash, oneType: obj.$type$ }];
        this.listChildren(hash, children);
    }

    /** Its answer to who asks for the children of something: these, the first needed first. */
    listChildren(hash: string, children: readonly ChildObject[]): void {
        this.#children.set(hash, children.toReversed());
    }

    connect(channel: MessageChannel): void {
        const requests = (this.#requests = new RequestChannel(channel));
        const offer = (service: number, answer: (hash: string, encoding: unknown) => unknown): void =>
            void requests.offer(service, async (hash, encoding) => {
                this.asked.push(`${service} ${String(hash)}`);
                await this.beforeAnswer(service, String(hash));
                return answer(String(hash), encoding);
            });
        offer(services.protocolVersion, () => PROTOCOL_VERSION);
        offer(services.accessibleRoots, () => JSON.stringify(this.roots));
        offer(services.newAccessibleRoot, () => undefined);
        for (const service of [services.objectChildren, services.idObjectChildren])
            offer(service, hash => JSON.stringify(this.#children.get(hash) ?? []));
        for (const service of [services.object, services.idObject]) offer(service, hash => String(this.#text(hash)));
        offer(services.blob, (hash, encoding) => {
            const content = this.#text(hash);
            const isText = typeof content === 'string';
            const bytes = isText ? new TextEncoder().encode(content) : content;
            const source = new ReadableStream<Uint8Array>({
                start: controller => {
                    controller.enqueue(bytes);
                    controller.close();
                },
            });
            return new StreamResult(source, isText && encoding === 'utf8' ? 'utf8' : undefined);
        });
        offer(services.fin, this.#visit);
    }

    /** Asks for all lists, which is needed to be sent anything, and for something in every way. @returns what it is sent */
    async take(hash: string): Promise<string | undefined> {
        const roots = JSON.parse(String(await this.#ask(services.accessibleRoots))) as AccessibleRoot[];
        for (const root of roots)
            await this.#ask(root.type === 'id' ? services.idObjectChildren : services.objectChildren, keyOf(root));
        const text = (await this.#ask(services.object, hash)) ?? (await this.#ask(services.idObject, hash));
        return typeof text === 'string' ? text : this.#takeBytes(hash);
    }

    /** Tells that it has seen enough. */
    async leave(): Promise<void> {
        await this.#ask(services.fin);
    }

    async #takeBytes(hash: string): Promise<string | undefined> {
        const decoder = new TextDecoder();
        let text = '';
        const write = (bytes: Uint8Array): Promise<void> => {
            text += decoder.decode(bytes, { stream: true });
            return Promise.resolve();
        };
        try {
            await this.#requests?.requestStream(services.blob, [hash, undefined], { write });
            return text;
        } catch {
            return undefined;
        }
    }

    async #ask(service: number, ...args: readonly string[]): Promise<unknown> {
        return this.#requests?.request(service, args).catch(() => undefined);
    }

    #text(hash: string): string | Uint8Array {
        const text = this.#texts.get(hash);
        if (text === undefined) throw new Error('It has no such thing.');
        return text;
    }
}

export function object(hash: string): ChildObject {
    return { type: 'object', hash };
}
