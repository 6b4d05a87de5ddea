import { ensureHash, type Group, type ObjectEvent, type OneInstance, type SHA256IdHash } from '@refinio/one.core';
import { SomeoneRecipe, type Someone } from '../recipes/people-recipes.ts';
import { readAs } from '../typed-objects.ts';

/** What somebody has changed, whoever it was. */
export type BookChange =
    | { readonly type: 'contactChanged'; readonly someone: SHA256IdHash<Someone> }
    | { readonly type: 'groupChanged'; readonly group: SHA256IdHash<Group> };

/** Versions that may have come until one of them is told of. */
const MAX_STEPS = 100;

export interface BookChangesOptions {
    readonly one: Pick<OneInstance, 'objects'>;
    /** Awaited before the next one is told. */
    readonly tell: (change: BookChange) => Promise<void>;
    readonly onError: (error: unknown) => void;
}

/**
 * Tells when someone gets or loses an identity or has another main profile, and when a group is called or shown
 * otherwise or has other members. Someones and groups that are new are none of these changes.
 */
export class BookChanges implements AsyncDisposable {
    readonly #options: BookChangesOptions;
    readonly #endListening: () => void;
    /** Groups of which it is told in a moment: a group and how it is shown change together. */
    readonly #groups = new Set<SHA256IdHash<Group>>();
    #telling: Promise<void> = Promise.resolve();

    constructor(options: BookChangesOptions) {
        this.#options = options;
        this.#endListening = options.one.objects.events.listen(event => this.#onStored(event));
    }

    /** What is stored already is told. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#endListening();
        await this.settled();
    }

    /** Resolves when everything was told that is stored now. */
    async settled(): Promise<void> {
        await this.#telling;
    }

    #onStored(event: ObjectEvent): void {
        if (event.type !== 'versioned') return;
        const { obj, idHash, hash } = event;
        if (obj.$type$ === 'Someone') this.#later(() => this.#onSomeone(idHash as SHA256IdHash<Someone>, hash));
        else if (obj.$type$ === 'Group') this.#onGroup(idHash as SHA256IdHash<Group>);
        else if (obj.$type$ === 'GroupProfile') this.#onGroup(obj['group'] as SHA256IdHash<Group>);
    }

    #onGroup(group: SHA256IdHash<Group>): void {
        if (this.#groups.has(group)) return;
        this.#groups.add(group);
        this.#later(async () => {
            this.#groups.delete(group);
            await this.#options.tell({ type: 'groupChanged', group });
        });
    }

    async #onSomeone(someone: SHA256IdHash<Someone>, hash: string): Promise<void> {
        const before = await this.#before(someone, hash);
        if (before === undefined) return;
        const after = await readAs(this.#options.one.objects, SomeoneRecipe, hash);
        const isSame =
            before.mainProfile === after.mainProfile &&
            before.identities.size === after.identities.size &&
            [...before.identities.keys()].every(person => after.identities.has(person));
        if (!isSame) await this.#options.tell({ type: 'contactChanged', someone });
    }

    /** The version that a version has followed: there may be later ones by now. */
    async #before(someone: string, hash: string): Promise<Someone | undefined> {
        const { objects } = this.#options.one;
        let node = (await objects.headNode(someone))?.node;
        for (let i = 0; node?.$type$ === 'VersionNodeChange' && i < MAX_STEPS; i++) {
            const before = await objects.node(ensureHash(node.prev));
            if (node.data === (hash as unknown)) return readAs(objects, SomeoneRecipe, before.data);
            node = before;
        }
        return undefined;
    }

    #later(task: () => Promise<void>): void {
        this.#telling = this.#telling.then(task).catch(this.#options.onError);
    }
}
