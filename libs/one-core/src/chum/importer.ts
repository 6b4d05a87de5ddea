// The side of CHUM that asks (spec 40 §6). A pass asks for the roots and fetches what is missing, several trees at a time. A root
// that fails is tried again later and does not stop any other.
import type { Accessible } from '../access/accessible.ts';
import { keyOf, type AccessibleRoot } from '../access/accessible-roots.ts';
import { IMPORT_LOOK_AHEAD, MAX_KEPT_LIST, ROOT_LIST_MS, REQUESTS_AT_ONCE, TREES_AT_ONCE } from '../limits.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { Slots } from '../slots.ts';
import { ChumError } from './chum-errors.ts';
import { FailedTasks, type FailedRoot, type ImportTask } from './failed-tasks.ts';
import { Fetcher } from './fetcher.ts';
import { HashFilter } from './hash-filter.ts';
import type { RequestChannel } from './request-channel.ts';
import { parseRootList } from './root-list.ts';
import { services, type ChildObject } from './services.ts';
import { Shown } from './shown.ts';
import { TreeImport } from './tree-import.ts';
import { importVersions, isMerged, type VersionRoot } from './version-import.ts';

export interface ImporterOptions {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    /** ID hash of the person on the other side. */
    readonly remotePerson: string;
    /** IDs of which no version is taken over from anybody. */
    readonly ownIds?: ReadonlySet<string>;
    /** Milliseconds since 1970. */
    readonly now: () => number;
    /** One request after the other, and all that deployed importers ask for: for comparison. */
    readonly sequential?: boolean;
    /** Told of everything that was stored. */
    readonly onStored?: (type: ChildObject['type'], hash: string) => void;
    /** Told of every root that failed, and of entries of the list that are none. */
    readonly onError?: (error: unknown) => void;
    /** Told when the numbers of `progress` have changed. */
    readonly onProgress?: () => void;
}

/** How far a pass is. */
export interface ImportProgress {
    /** Roots of the peer's list. */
    readonly roots: number;
    /** Of these not here yet, nor failed. */
    readonly missing: number;
    readonly failed: number;
}

export class Importer {
    readonly #channel: RequestChannel;
    readonly #options: ImporterOptions;
    readonly #tree: TreeImport;
    readonly #trees: Slots;
    readonly #failed = new FailedTasks();
    /** Roots that are here. */
    readonly #here = new HashFilter();
    /** The last list, unless it is very long. */
    #list = '';
    #progress: ImportProgress = { roots: 0, missing: 0, failed: 0 };

    constructor(channel: RequestChannel, options: ImporterOptions) {
        this.#channel = channel;
        this.#options = options;
        const { objects, blobs, accessible, remotePerson, sequential = false, onStored = () => undefined } = options;
        this.#trees = new Slots(sequential ? 1 : TREES_AT_ONCE);
        const fetcher = new Fetcher(channel, objects.microdata, blobs, sequential ? 1 : REQUESTS_AT_ONCE);
        this.#tree = new TreeImport({
            ...{ objects, blobs, accessible, remotePerson, fetcher, onStored },
            shown: new Shown(objects, remotePerson),
            demandProof: !sequential,
            lookAhead: sequential ? 1 : IMPORT_LOOK_AHEAD,
        });
    }

    get progress(): ImportProgress {
        return this.#progress;
    }

    get failed(): readonly FailedRoot[] {
        return this.#failed.list();
    }

    /** When something that failed is to be tried again, milliseconds since 1970; Infinity for never. */
    get nextAttempt(): number {
        return this.#failed.next;
    }

    /**
     * Asks for all roots, and fetches what is missing.
     * @throws ChumError, RequestError if the list is none, or the channel is closed
     */
    async pass(): Promise<void> {
        const tasks = await this.#tasks(
            await this.#channel.request(services.accessibleRoots, [], { timeoutMs: ROOT_LIST_MS }),
        );
        this.#tell({ roots: this.#progress.roots, missing: tasks.length, failed: this.#failed.size });
        if (this.#options.sequential === true) {
            // ID objects first, as deployed importers do it.
            for (const task of tasks.filter(({ roots }) => !isGroup(roots))) await this.#run(task);
            await Promise.all(tasks.filter(({ roots }) => isGroup(roots)).map(task => this.#run(task)));
        } else await Promise.all(tasks.map(task => this.#run(task)));
    }

    /**
     * What is to be done. Most lists are the one of before, or that one with something behind it, so that only this is looked
     * at: a list may name everything that a peer has.
     */
    async #tasks(answer: unknown): Promise<ImportTask[]> {
        const { onError, now } = this.#options;
        const before = this.#list;
        this.#list = typeof answer === 'string' && answer.length <= MAX_KEPT_LIST ? answer : '';
        const rest = before === '' ? undefined : behind(before, answer);
        const { roots, errors } = parseRootList(rest ?? answer);
        for (const error of errors) onError?.(error);
        if (rest === undefined) {
            const listed = new Set(roots.map(taskKeyOf));
            this.#failed.retain(key => listed.has(key));
        }
        this.#progress = { ...this.#progress, roots: roots.length + (rest === undefined ? 0 : this.#progress.roots) };
        const tasks = new Map(this.#failed.due(now()).map(task => [task.key, task]));
        for (const task of await this.#missing(roots)) {
            const joined = this.#failed.joined(task, now());
            if (joined !== undefined) tasks.set(task.key, joined);
        }
        return [...tasks.values()];
    }

    async #missing(roots: readonly AccessibleRoot[]): Promise<ImportTask[]> {
        const tasks: ImportTask[] = [];
        const groups = new Map<string, VersionRoot[]>();
        const ids: AccessibleRoot[] = [];
        for (const root of roots) {
            const key = keyOf(root);
            if (this.#here.has(key)) continue;
            if (await this.#isHere(root)) this.#here.add(key);
            else if (root.type === 'id') ids.push(root);
            else if (root.type !== 'version_node') tasks.push({ key, roots: [root] });
            else {
                const group = groups.get(root.dataIdHash);
                if (group === undefined) groups.set(root.dataIdHash, [root]);
                else group.push(root);
            }
        }
        // A version brings its ID object along.
        for (const root of ids)
            if (this.#options.sequential === true || !groups.has(keyOf(root)))
                tasks.push({ key: keyOf(root), roots: [root] });
        for (const group of groups.values())
            if (group[0] !== undefined) tasks.push({ key: taskKeyOf(group[0]), roots: group });
        return tasks;
    }

    async #isHere(root: AccessibleRoot): Promise<boolean> {
        const { objects } = this.#options;
        if (root.type === 'version_node') return isMerged(objects, root.node);
        if (root.type === 'versioned' && !(await objects.has(root.idHash, 'id'))) return false;
        return objects.has(keyOf(root), root.type === 'id' ? 'id' : 'object');
    }

    #run(task: ImportTask): Promise<void> {
        return this.#trees.run(async () => {
            if (this.#channel.isClosed) return;
            try {
                await this.#import(task.roots);
                for (const root of task.roots) this.#here.add(keyOf(root));
                this.#failed.delete(task.key);
            } catch (error) {
                this.#fail(task, error);
            }
            this.#tell({ ...this.#progress, missing: this.#progress.missing - 1, failed: this.#failed.size });
        });
    }

    async #import(roots: readonly AccessibleRoot[]): Promise<void> {
        const [root] = roots;
        if (root === undefined) return;
        if (root.type === 'version_node') {
            const choice = this.#options.sequential === true ? 'deepest' : 'newest';
            if (this.#options.ownIds?.has(root.dataIdHash) === true)
                throw new ChumError('CIEC-FO3', 'The peer sent a version of what only this instance says of itself');
            await importVersions(this.#options.objects, this.#tree, roots as readonly VersionRoot[], choice);
            return;
        }
        if (root.type !== 'unversioned' && !(await this.#options.objects.has(root.idHash, 'id')))
            await this.#importTree('id', root.idHash, root.oneType);
        if (root.type !== 'id' && !(await this.#options.objects.has(root.hash, 'object')))
            await this.#importTree('object', root.hash, root.oneType);
    }

    /** @param type of the list; some lists have none */
    async #importTree(kind: 'object' | 'id', hash: string, type: string | undefined): Promise<void> {
        const { root, rest } = await this.#tree.fetch(kind, hash);
        if (type !== undefined && root.obj.$type$ !== type) {
            await this.#tree.store(rest);
            const code = kind === 'id' ? 'CIEC-FIDOWT1' : 'CIEC-FOWT1';
            throw new ChumError(code, `${hash} is not of the type that it was listed with`);
        }
        await this.#tree.store([...rest, root]);
    }

    #fail(task: ImportTask, error: unknown): void {
        // Not its own fault.
        if (this.#channel.isClosed) return;
        this.#options.onError?.(error);
        // Without room for it, the next pass looks at everything again.
        if (!this.#failed.add(task, error, this.#options.now())) this.#list = '';
    }

    #tell(progress: ImportProgress): void {
        this.#progress = progress;
        this.#options.onProgress?.();
    }
}

function isGroup([root]: readonly AccessibleRoot[]): boolean {
    return root?.type === 'version_node';
}

function taskKeyOf(root: AccessibleRoot): string {
    return root.type === 'version_node' ? `versions ${root.dataIdHash}` : keyOf(root);
}

/** A list of what stands behind all entries of another; undefined if it does not begin with them. */
function behind(before: string, answer: unknown): string | undefined {
    if (typeof answer !== 'string') return undefined;
    if (answer === before) return '[]';
    const end = before.length - 1;
    const isLonger = before.length > 2 && answer[end] === ',' && answer.startsWith(before.slice(0, end));
    return isLonger ? `[${answer.slice(before.length)}` : undefined;
}
