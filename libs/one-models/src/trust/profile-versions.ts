import {
    ignoreBroken,
    ensureHash,
    type ObjectReader,
    type ObjectStore,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
    type VersionNode,
} from '@refinio/one.core';
import { MAX_PROFILE_VERSIONS, MAX_TRUST_CACHE } from '../limits.ts';
import { ProfileRecipe, SignKeyRecipe, type Profile } from '../recipes/people-recipes.ts';
import { findObject } from './find-object.ts';
import { isHexKey } from './signatures.ts';

/** What trust has to know of one version of a profile. */
export interface ProfileVersion {
    readonly profile: SHA256IdHash<Profile>;
    readonly person: SHA256IdHash<Person>;
    /** Hashes of its descriptions, of whatever types. */
    readonly descriptions: readonly string[];
}

/** Versions of a profile, in the order of its history. */
export interface ProfileHistory {
    /** Hashes of versions, roughly oldest first; results of merges are among them (spec 32-C.5 #8). */
    readonly versions: ReadonlySet<string>;
    /** There are more than are looked at. */
    readonly limited: boolean;
}

interface Walked extends ProfileHistory {
    /** Hashes of the nodes of these versions. */
    readonly nodes: ReadonlySet<string>;
}

const SIGN_KEY_FRAME = '<div itemscope itemtype="//refin.io/SignKey">';

const NONE: ProfileHistory = { versions: new Set(), limited: false };

/**
 * Versions of profiles, kept for as long as there is room: all of it is named by hashes and cannot become wrong. A
 * history that has grown is walked down to what is known of it; only one walk is bounded.
 */
export class ProfileVersions {
    readonly #objects: ObjectStore;
    readonly #maxVersions: number;
    readonly #versions = new Map<string, ProfileVersion>();
    readonly #keys = new Map<string, string | undefined>();
    readonly #histories = new Map<string, Walked>();
    #count = 0;

    constructor(objects: ObjectStore, maxVersions = MAX_PROFILE_VERSIONS) {
        this.#objects = objects;
        this.#maxVersions = maxVersions;
    }

    /** Undefined if it cannot be read. */
    async version(hash: string): Promise<ProfileVersion | undefined> {
        const known = this.#versions.get(hash);
        if (known !== undefined) return known;
        const obj = await findObject(this.#objects, ProfileRecipe, hash);
        if (obj === undefined) return undefined;
        const profile = await this.#objects.microdata.idHash(obj, { lossy: true });
        const version = { profile, person: obj.personId, descriptions: obj.personDescription };
        this.#makeRoom(1 + version.descriptions.length);
        this.#versions.set(hash, version);
        return version;
    }

    /** The signing keys of a version: hexadecimal, in the order of its microdata. */
    async signKeys({ descriptions }: ProfileVersion): Promise<string[]> {
        const keys: string[] = [];
        for (const hash of descriptions) {
            const key = this.#keys.has(hash) ? this.#keys.get(hash) : await this.#readSignKey(hash);
            if (key !== undefined) keys.push(key);
        }
        return keys;
    }

    async history(profile: string): Promise<ProfileHistory> {
        const head = await this.#objects.head(profile);
        if (head === undefined) return NONE;
        const known = this.#histories.get(profile);
        if (known?.nodes.has(head) === true) return known;
        const nodes = new Set(known?.nodes);
        const found: SHA256Hash[] = [];
        const open: string[] = [head];
        let isWhole = true;
        let limited = known?.limited ?? false;
        for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
            if (nodes.has(hash)) continue;
            if (found.length >= this.#maxVersions) {
                limited = true;
                break;
            }
            nodes.add(hash);
            const node = await this.#objects.node(hash).catch(ignoreBroken);
            if (node === undefined) {
                isWhole = false;
                continue;
            }
            found.push(node.data);
            open.push(...predecessors(node).reverse());
        }
        const history = { nodes, versions: new Set([...(known?.versions ?? []), ...found.reverse()]), limited };
        if (!isWhole) return history;
        this.#makeRoom(2 * found.length);
        this.#histories.set(profile, history);
        return history;
    }

    async #readSignKey(hash: string): Promise<string | undefined> {
        const type = await this.#objects.read(hash).catch(ignoreBroken);
        // It may still come.
        if (type === undefined) return undefined;
        const signKey = type.$type$ === 'SignKey' ? await findObject(this.#objects, SignKeyRecipe, hash) : undefined;
        const key = signKey !== undefined && isHexKey(signKey.key) ? signKey.key : undefined;
        this.#makeRoom(1);
        this.#keys.set(hash, key);
        return key;
    }

    #makeRoom(entries: number): void {
        this.#count += entries;
        if (this.#count <= MAX_TRUST_CACHE) return;
        for (const map of [this.#versions, this.#keys, this.#histories]) map.clear();
        this.#count = entries;
    }
}

/** Whether something is a key of signing; also if it is not here: it may still come. */
export async function isSignKey(objects: ObjectReader, hash: string): Promise<boolean> {
    return (await objects.findText(hash))?.startsWith(SIGN_KEY_FRAME) !== false;
}

/** Hashes of the nodes that a node follows, in ascending order. */
function predecessors(node: VersionNode): string[] {
    switch (node.$type$) {
        case 'VersionNodeEdge':
            return [];
        case 'VersionNodeChange':
            return [ensureHash(node.prev)];
        case 'VersionNodeMerge':
            return [...node.nodes].sort();
    }
}
