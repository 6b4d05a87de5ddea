// For tests: what an instance has for itself, and versions and objects by which somebody who knows no more than its hash tries to
// get at it.
import type { AnyObject } from '../../microdata/microdata.ts';
import type { Typed } from '../../hashes.ts';
import type { TestPeer } from '../test-peer.ts';
import { markUnmerged } from '../unmerged.ts';
import { hashOf } from './expected-reach.ts';
import { docName, DOCS } from './names.ts';
import type { Random } from './random.ts';
import { typed } from './sample-data.ts';
import type { Forgery } from './tampering-relay.ts';

/** What an instance has, and nobody else may get. */
export interface Secrets {
    /** An object, a BLOB, and a version in no history, which somebody else has sent as a part of something. */
    readonly hashes: readonly [object: string, blob: string, version: string];
    /** The node of that version. */
    readonly hidden: string;
    readonly hiddenId: string;
    /** Leads to the object, and somebody may have guessed its text. */
    readonly cover: string;
    readonly coverText: string;
}

/** @param other may read the text of the cover, but not what it leads to, or not even that */
export async function keepSecrets(random: Random, peer: TestPeer, other: string): Promise<Secrets> {
    const { objects, blobs } = peer;
    const store = async (object: object): Promise<string> => (await objects.storeUnversionedObject(typed(object))).hash;
    const own = await store({ $type$: 'Note', text: 'for nobody else' });
    const blob = await blobs.store([random.bytes(random.once(2) ? 90_000 : 20)]);
    const cover = await store({ $type$: 'Note', text: 'cover', objects: new Set([own]) });
    const shared = await store({ $type$: 'Note', text: 'cover as bytes', clob: cover });
    if (random.once(2)) await peer.grant({ object: shared, person: [other], mode: 'add' });
    const doc = typed({ $type$: 'Doc', id: docName(0), title: 'hidden', tags: new Set(), object: own });
    const { hash: data, idHash: hiddenId } = await objects.storeVersionedObject(doc, 'no-version-map');
    const hidden = await objects.transact(async transaction => {
        const { hash } = await transaction.storeUnversioned(nodeOf(data, 1));
        markUnmerged(transaction.transaction, hash);
        return hash;
    });
    return { hashes: [own, blob.hash, data], hidden, hiddenId, cover, coverText: await objects.text(cover) };
}

export class Forger {
    /** By their hashes. */
    readonly forged = new Map<string, Forgery>();
    /** Entries of a root list for them. */
    readonly roots: object[] = [];
    readonly #random: Random;
    readonly #peer: TestPeer;

    /** @param peer in whose name it is done */
    constructor(random: Random, peer: TestPeer) {
        this.#random = random;
        this.#peer = peer;
    }

    /** Versions that lead to secrets in all ways, and what says who may read something. */
    async forge(secrets: Secrets): Promise<void> {
        this.forged.set(secrets.cover, { text: secrets.coverText, children: '[]' });
        await this.#claim(secrets);
        this.roots.push(versionRoot(secrets.hidden, secrets.hiddenId, 'Doc'));
        const [secret] = secrets.hashes;
        const plain = this.#forge({ $type$: 'Note', text: 'plain' });
        this.#forgeLocal({ $type$: 'Access', object: secret, person: [this.#peer.person], group: [] }, []);
        // Nothing is missing below these.
        const children = [{ type: 'object', hash: plain }];
        this.#forgeLocal({ $type$: 'Access', object: plain, person: [], group: [] }, children);
        this.#forgeLocal({ $type$: 'Group', name: 'friends', person: [] }, []);
    }

    /** A version of something that is granted to the forger, and leads to a secret. */
    async #claim({ hashes, cover }: Secrets): Promise<void> {
        const random = this.#random;
        const [secret, secretBlob] = hashes;
        const object = { type: 'object', hash: secret };
        const claims = [
            { objects: new Set([secret]) },
            { blob: secret },
            { clob: secretBlob },
            { blob: secretBlob },
            { ids: new Set([secret]) },
            { clob: cover },
        ];
        const noteChildren = random.pick([[], [object], [{ type: 'blob', hash: secretBlob }]]) ?? [];
        const note = this.#forge({ $type$: 'Note', text: 'x', ...random.pick(claims) }, noteChildren);
        const ways = [
            { object: note },
            { blob: note },
            { object: secret },
            { blob: random.pick(hashes) },
            { about: secret },
            { object: cover },
            { object: cover, blob: cover },
        ];
        const type = random.pick(['object', 'blob', 'clob', 'id']);
        const lists: readonly (readonly object[])[] = [
            [],
            [{ type, hash: note }],
            [{ type, hash: secret }],
            [{ type, hash: cover }],
            ['object', 'blob'].map(type => ({ type, hash: cover })),
        ];
        const children = random.pick(lists) ?? [];
        const doc = { $type$: 'Doc', id: docName(random.int(DOCS)), title: 'forged', tags: new Set() };
        const data = this.#forge({ ...doc, ...random.pick(ways) }, children);
        const idHash = await this.#peer.objects.microdata.idHash(typed(doc));
        const edge = nodeOf(data, random.int(100));
        const change = { ...edge, $type$: 'VersionNodeChange', depth: random.int(9), prev: note };
        const node = this.#forge(random.once(2) ? edge : change, [{ type: 'object', hash: data }, ...children]);
        this.roots.push({ type: 'unversioned', hash: note, oneType: 'Note' }, versionRoot(node, idHash, 'Doc'), {
            type: 'versioned',
            hash: data,
            idHash,
            oneType: 'Doc',
        });
    }

    /** What says who may read something, and never comes from elsewhere. */
    #forgeLocal(object: AnyObject, children: readonly object[]): void {
        const hash = this.#forge(object, children);
        const idText = this.#peer.objects.microdata.writeId(object, { lossy: true });
        const idHash = hashOf(idText);
        this.forged.set(idHash, { text: idText, children: JSON.stringify(children) });
        const node = this.#forge(nodeOf(hash, 1), [{ type: 'object', hash }, ...children]);
        const { $type$: oneType } = object;
        this.roots.push(
            { type: 'versioned', hash, idHash, oneType },
            { type: 'unversioned', hash, oneType: 'Note' },
            { type: 'id', idHash, oneType },
            versionRoot(node, idHash, oneType),
            versionRoot(node, this.#random.hash(), 'Doc'),
        );
    }

    /** @returns its hash */
    #forge(object: object, children: readonly object[] = []): string {
        const text = this.#peer.objects.microdata.write(typed(object), { lossy: true });
        const hash = hashOf(text);
        this.forged.set(hash, { text, children: JSON.stringify(children) });
        return hash;
    }
}

function nodeOf(data: string, creationTime: number): Typed {
    return typed({ $type$: 'VersionNodeEdge', data, depth: 0, creationTime });
}

function versionRoot(node: string, dataIdHash: string, dataType: string): object {
    return { type: 'version_node', node, dataIdHash, dataType };
}
