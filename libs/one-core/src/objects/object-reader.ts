import { hashBytes } from '../crypto/hash.ts';
import { isHash } from '../hashes.ts';
import { ID_OBJECT_FRAME, OBJECT_FRAME } from '../microdata/content-type.ts';
import { MicrodataError } from '../microdata/microdata-errors.ts';
import type { AnyObject, Microdata } from '../microdata/microdata.ts';
import type { VersionNode } from '../recipes/core-recipes.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { StoreReader } from '../storage/store.ts';
import { linksOf, type Link } from './links.ts';
import { ObjectStoreError } from './object-errors.ts';
import { hasObject, isRaw, readHead } from './stored-text.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what a store, or a transaction, holds. What is stored under a hash is checked by it. */
export class ObjectReader {
    readonly reader: StoreReader;
    readonly microdata: Microdata;

    constructor(reader: StoreReader, microdata: Microdata) {
        this.reader = reader;
        this.microdata = microdata;
    }

    /** Microdata of an object or ID object, or the text of a CLOB. @throws ObjectStoreError `SB-READ2` @throws StorageError */
    async text(hash: string): Promise<string> {
        const text = await this.findText(hash);
        if (text === undefined) throw ObjectStoreError.missing('The object', hash);
        return text;
    }

    /** Undefined if it is not there. @throws StorageError `STORAGE_DAMAGED` */
    async findText(hash: string): Promise<string | undefined> {
        const bytes = await this.reader.get('objects', hash);
        return bytes && textOf(hash, bytes);
    }

    /** Whether an object or ID object is there, as such and not only as a CLOB or BLOB of the same bytes. */
    has(hash: string, kind?: 'object' | 'id'): Promise<boolean> {
        return hasObject(this.reader, hash, kind);
    }

    /** @throws ObjectStoreError `SB-READ2` @throws StorageError @throws MicrodataError for what is no object of a known type */
    async read(hash: string): Promise<AnyObject> {
        return this.microdata.parse(await this.text(hash));
    }

    /** @throws as `read` */
    async readId(idHash: string): Promise<AnyObject> {
        return this.microdata.parseId(await this.text(idHash));
    }

    /**
     * The links of a text that is an object or ID object of a known type. Anything else has none: a CLOB that only looks like
     * an object leads nowhere.
     */
    linksOf(text: string): readonly Link[] {
        return this.findLinks(text) ?? [];
    }

    /** Like `linksOf`; undefined for a text that looks like an object, but is none of a known type. */
    findLinks(text: string): readonly Link[] | undefined {
        const form = text.startsWith(OBJECT_FRAME) ? 'parse' : text.startsWith(ID_OBJECT_FRAME) ? 'parseId' : undefined;
        if (form === undefined) return [];
        try {
            this.microdata[form](text);
        } catch (error) {
            if (error instanceof MicrodataError) return undefined;
            throw error;
        }
        return linksOf(text);
    }

    /**
     * The links of what is stored under a hash, by its text. Bytes that came as a CLOB or BLOB have none, also if they are those
     * of an object: nobody has looked at what they name.
     */
    async linksAt(hash: string, text: string): Promise<readonly Link[]> {
        const links = this.linksOf(text);
        return links.length > 0 && (await isRaw(this.reader, hash)) ? [] : links;
    }

    /** Whether a text in the frame of an object is stored as a CLOB or BLOB only. */
    isRaw(hash: string): Promise<boolean> {
        return isRaw(this.reader, hash);
    }

    /** Hash of the current version node of an ID; undefined if it has no version. */
    head(idHash: string): Promise<string | undefined> {
        return readHead(this.reader, idHash);
    }

    /** @throws ObjectStoreError `VERSION_NODE_INVALID`, and as `read` */
    async node(hash: string): Promise<VersionNode> {
        const node = await this.read(hash);
        if (!isHash(node['data']) || typeof node['depth'] !== 'number' || typeof node['creationTime'] !== 'number')
            throw new ObjectStoreError('VERSION_NODE_INVALID', `A ${node.$type$} stands where a version node belongs`);
        return node as AnyObject & VersionNode;
    }

    /** The current version node of an ID; undefined if it has no version. @throws as `node` */
    async headNode(idHash: string): Promise<{ hash: string; node: VersionNode } | undefined> {
        const hash = await this.head(idHash);
        return hash === undefined ? undefined : { hash, node: await this.node(hash) };
    }
}

async function textOf(hash: string, bytes: Uint8Array): Promise<string> {
    if ((await hashBytes(bytes as Uint8Array<ArrayBuffer>)) !== (hash as unknown)) throw damaged(hash);
    try {
        return decoder.decode(bytes);
    } catch {
        throw new ObjectStoreError('OBJECT_IS_BLOB', `${hash} is a BLOB, not an object`);
    }
}

/** What is stored under a hash has another one. */
export function damaged(hash: string): StorageError {
    return new StorageError(
        'STORAGE_DAMAGED',
        `What is stored as ${hash} is not what it was; restore it from a backup, or from an instance that has it`,
    );
}
