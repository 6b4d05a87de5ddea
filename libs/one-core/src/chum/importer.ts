// The side of CHUM that asks (spec 40 §6). A pass asks for the roots and fetches what is missing, several trees at a time. A root
// that fails is tried again later and does not stop any other.
import type { Accessible } from '../access/accessible.ts';
import { keyOf, type AccessibleRoot } from '../access/accessible-roots.ts';
import { hashText } from '../crypto/hash.ts';
import { Fifo } from '../fifo.ts';
import {
    IMPORT_LOOK_AHEAD,
    MAX_KEPT_LIST,
    MAX_TREES_AT_ONCE,
    REQUESTS_AT_ONCE,
    ROOT_LIST_MS,
    TREES_AT_ONCE,
} from '../limits.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { ChumError } from './chum-errors.ts';
import { FailedRoots, type FailedRoot } from './failed-roots.ts';
import { Fetcher } from './fetcher.ts';
import { HashFilter } from './hash-filter.ts';
import { isGroup, rootKeyOf, taskKeyOf, type ImportTask } from './import-task.ts';
import type { RequestChannel } from './request-channel.ts';
import { parseRootList } from './root-list.ts';
import { services, type ChildObject } from './services.ts';
import { Shown } from './shown.ts';
import { TreeImport, type AcceptObject } from './tree-import.ts';
import {
    isMerged,
    VersionImport,
    type AcceptVersion,
    type VersionOutcome,
    type VersionRoot,
} from './version-import.ts';

export interface ImporterOptions {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    /** ID hash of the person on the other side. */
    readonly remotePerson: string;
    /** IDs of which no version is taken over from anybody. */
    readonly ownIds?: ReadonlySet<string>;
    /** Whether a version of the peer is taken over. Default: every one. */
    readonly acceptVersion?: AcceptVersion | undefined;
    /** Whether an object of the peer is taken over. Default: every one. */
    readonly acceptObject?: AcceptObject | undefined;
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
    readonly #failed = new FailedRoots();
    /** Objects and ID objects that are here. */
    readonly #here = new HashFilter();
    /** Version nodes that are merged. */
    readonly #merged = new HashFilter();
    /** The last list, unless it is very long. */
    #list = '';
    /** Names the last list, if something may be refused. */
    #listName = '';
    /** Roots that wait for a task that is under way. */
    #later: AccessibleRoot[] = [];
    /** Keys of tasks that wait or run. */
    readonly #underWay = new Set<string>();
    readonly #workers = new Set<Promise<void>>();
    #roots = 0;
    /** Of the tasks that are under way. */
    #missingRoots = 0;

    constructor(channel: RequestChannel, options: ImporterOptions) {
        this.#channel = channel;
        this.#options = options;
        const { objects, blobs, accessible, remotePerson, acceptObject } = options;
        const { sequential = false, onStored = () => undefined } = options;
        const fetcher = new Fetcher(channel, objects.microdata, blobs, sequential ? 1 : REQUESTS_AT_ONCE);
        this.#tree = new TreeImport({
            ...{ objects, blobs, accessible, remotePerson, fetcher, onStored, acceptObject },
            shown: new Shown(objects, remotePerson),
            demandProof: !sequential,
            lookAhead: sequential ? 1 : IMPORT_LOOK_AHEAD,
        });
    }

    get progress(): ImportProgress {
        return { roots: this.#roots, missing: this.#missingRoots, failed: this.#failed.size };
    }

    get failed(): readonly FailedRoot[] {
        return this.#failed.list();
    }

    /** Whether something of a list is still fetched. */
    get isBusy(): boolean {
        return this.#workers.size > 0;
    }

    /** When something that failed is to be tried again, milliseconds since 1970; Infinity for never. */
    get nextAttempt(): number {
        return this.#failed.next(root => this.#underWay.has(taskKeyOf(root)));
    }

    /**
     * Asks for all roots, and fetches what is missing.
     * @param patienceMs after which it ends though something is still under way; the next pass leaves that alone
     * @throws ChumError, RequestError if the list is none, or the channel is closed
     */
    async pass(patienceMs?: number): Promise<void> {
        const tasks = await this.#tasks(
            await this.#channel.request(services.accessibleRoots, [], { timeoutMs: ROOT_LIST_MS, isPoll: true }),
        );
        const queue = new Fifo<ImportTask>();
        // ID objects first, as deployed importers do it.
        const ordered = this.#options.sequential === true ? tasks.toSorted(byGroup) : tasks;
        for (const task of ordered) {
            queue.add(task);
            this.#underWay.add(task.key);
            this.#missingRoots += task.roots.length;
        }
        this.#options.onProgress?.();
        await within(this.#work(queue), patienceMs);
    }

    /** Resolves when nothing is under way any more. */
    async settled(): Promise<void> {
        while (this.isBusy) await Promise.allSettled(this.#workers);
    }

    /** What was found by an earlier pass, and is still under way, keeps what is new from beginning only when it is very much. */
    async #work(queue: Fifo<ImportTask>): Promise<void> {
        const most = this.#options.sequential === true ? 1 : Math.min(TREES_AT_ONCE, queue.size);
        const count = Math.min(most, Math.max(1, MAX_TREES_AT_ONCE - this.#workers.size));
        const workers = Array.from({ length: queue.size === 0 ? 0 : count }, () => this.#runAll(queue));
        for (const worker of workers) {
            this.#workers.add(worker);
            const end = (): void => void this.#workers.delete(worker);
            worker.then(end, end);
        }
        await Promise.all(workers);
    }

    async #runAll(queue: Fifo<ImportTask>): Promise<void> {
        for (let task = queue.take(); task !== undefined; task = queue.take()) {
            const left = this.#channel.isClosed ? [] : await this.#run(task);
            this.#missingRoots -= task.roots.length - left.length;
            if (left.length > 0) queue.add({ ...task, roots: left });
            else this.#underWay.delete(task.key);
            this.#options.onProgress?.();
        }
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
        await this.#noteChange(answer);
        this.#roots = roots.length + (rest === undefined ? 0 : this.#roots);
        const later = this.#later;
        this.#later = [];
        if (rest !== undefined) return this.#missing([...this.#failed.due(now()), ...later, ...roots]);
        const listed = new Set(roots.map(rootKeyOf));
        this.#failed.retain(key => listed.has(key));
        return this.#missing(roots);
    }

    /** What was refused once is not asked for again before the list is another. */
    async #noteChange(answer: unknown): Promise<void> {
        const { acceptVersion, acceptObject } = this.#options;
        if (acceptVersion === undefined && acceptObject === undefined) return;
        const name = await hashText(String(answer));
        if (this.#listName !== name) this.#failed.listChanged(this.#options.now());
        this.#listName = name;
    }

    async #missing(roots: readonly AccessibleRoot[]): Promise<ImportTask[]> {
        const { sequential, now } = this.#options;
        const tasks = new Map<string, ImportTask & { readonly roots: AccessibleRoot[] }>();
        const seen = new Set<string>();
        for (const root of roots) {
            const key = rootKeyOf(root);
            if (this.#hereOf(root).has(keyOf(root)) || seen.has(key)) continue;
            seen.add(key);
            if (await this.#isHere(root)) this.#isDone(root);
            else if (!this.#failed.isWaiting(key, now())) {
                const taskKey = taskKeyOf(root);
                const task = tasks.get(taskKey);
                if (this.#underWay.has(taskKey)) this.#later.push(root);
                else if (task === undefined) tasks.set(taskKey, { key: taskKey, roots: [root] });
                else task.roots.push(root);
            }
        }
        // A version brings its ID object along.
        if (sequential !== true)
            for (const { roots } of [...tasks.values()])
                if (roots[0]?.type === 'version_node') tasks.delete(`id ${roots[0].dataIdHash}`);
        return [...tasks.values()];
    }

    async #isHere(root: AccessibleRoot): Promise<boolean> {
        const { objects } = this.#options;
        if (root.type === 'version_node') return isMerged(objects, root.node);
        if (root.type === 'versioned' && !(await objects.has(root.idHash, 'id'))) return false;
        return objects.has(keyOf(root), root.type === 'id' ? 'id' : 'object');
    }

    #hereOf({ type }: AccessibleRoot): HashFilter {
        return type === 'version_node' ? this.#merged : this.#here;
    }

    #isDone(root: AccessibleRoot): void {
        this.#hereOf(root).add(keyOf(root));
        this.#failed.delete(rootKeyOf(root));
    }

    /** @returns what is left for another turn */
    async #run({ roots }: ImportTask): Promise<readonly AccessibleRoot[]> {
        const { failed, left } = await this.#import(roots).catch((error: unknown): TaskOutcome => ({
            failed: new Map(roots.map(root => [root, error])),
            left: [],
        }));
        // Not their own fault.
        if (this.#channel.isClosed) return [];
        for (const error of new Set(failed.values())) this.#options.onError?.(error);
        const open = new Set<AccessibleRoot>(left);
        for (const root of roots)
            if (failed.has(root)) this.#fail(root, failed.get(root));
            else if (!open.has(root)) this.#isDone(root);
        return left;
    }

    async #import(roots: readonly AccessibleRoot[]): Promise<TaskOutcome> {
        const versions = roots.filter(root => root.type === 'version_node');
        if (versions.length > 0) return this.#importVersions(versions);
        for (const root of roots) {
            if (root.type === 'version_node') continue;
            if (root.type !== 'unversioned' && !(await this.#options.objects.has(root.idHash, 'id')))
                await this.#importTree('id', root.idHash, root.oneType);
            if (root.type !== 'id' && !(await this.#options.objects.has(root.hash, 'object')))
                await this.#importTree('object', root.hash, root.oneType);
        }
        return { failed: new Map(), left: [] };
    }

    async #importVersions(roots: readonly VersionRoot[]): Promise<VersionOutcome> {
        const { objects, sequential, ownIds, remotePerson, acceptVersion } = this.#options;
        if (roots.some(({ dataIdHash }) => ownIds?.has(dataIdHash) === true))
            throw new ChumError('CIEC-FO3', 'The peer sent a version of what only this instance says of itself');
        const choice = sequential === true ? 'deepest' : 'newest';
        return VersionImport.run({ objects, tree: this.#tree, choice, remotePerson, acceptVersion }, roots);
    }

    /** @param type of the list; some lists have none */
    async #importTree(kind: 'object' | 'id', hash: string, type: string | undefined): Promise<void> {
        const tree = this.#tree;
        const batch = tree.begin();
        try {
            const root = await tree.fetch(kind, hash, batch);
            const isListed = type === undefined || root.obj.$type$ === type;
            if (isListed) batch.add(root);
            await tree.store(batch, batch.takeAll());
            const code = kind === 'id' ? 'CIEC-FIDOWT1' : 'CIEC-FOWT1';
            if (!isListed) throw new ChumError(code, `${hash} is not of the type that it was listed with`);
        } finally {
            batch.end();
        }
    }

    #fail(root: AccessibleRoot, error: unknown): void {
        // Without room for it, the next pass looks at everything again.
        if (!this.#failed.add(root, error, this.#options.now())) this.#list = '';
    }
}

interface TaskOutcome {
    readonly failed: ReadonlyMap<AccessibleRoot, unknown>;
    readonly left: readonly AccessibleRoot[];
}

function byGroup(a: ImportTask, b: ImportTask): number {
    return Number(isGroup(a)) - Number(isGroup(b));
}

/** Resolves with it, or after so many milliseconds. */
async function within(work: Promise<void>, ms: number | undefined): Promise<void> {
    if (ms === undefined) return work;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    try {
        await Promise.race([work, over]);
    } finally {
        clearTimeout(timer);
    }
}

/** A list of what stands behind all entries of another; undefined if it does not begin with them. */
function behind(before: string, answer: unknown): string | undefined {
    if (typeof answer !== 'string') return undefined;
    if (answer === before) return '[]';
    const end = before.length - 1;
    const isLonger = before.length > 2 && answer[end] === ',' && answer.startsWith(before.slice(0, end));
    return isLonger ? `[${answer.slice(before.length)}` : undefined;
}
