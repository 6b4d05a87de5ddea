// versions.json (spec 20 §11, 21 §9): stores and merges on one instance, and exchanges between several.
import type { StoreAs } from '../objects/object-transaction.ts';
import type { Typed } from '../hashes.ts';
import { keysOf } from '../storage/acceptance.ts';
import { expectEqual } from './expectations.ts';
import { decodeTagged } from './tagged-values.ts';
import { TestObjects } from './test-objects.ts';
import { notEmpty, unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

interface Head {
    readonly hash: string;
    readonly $type$: string;
    readonly data: string;
    readonly depth: number;
    readonly creationTime: number;
    readonly prev?: string;
    readonly nodes?: readonly string[];
}
interface Step {
    readonly op: 'storeUnversioned' | 'clob' | 'storeId' | 'storeVersioned' | 'import';
    readonly time?: number;
    readonly creationTime?: number;
    readonly storeAs?: StoreAs;
    readonly object?: unknown;
    readonly text?: string;
    readonly expect: {
        readonly result?: { hash?: string; idHash?: string; status: string; timestamp?: number | null };
        readonly head?: Head | null;
        readonly mergedMicrodata?: string;
        readonly events: Readonly<Record<string, number>>;
        readonly newObjects: readonly string[];
        readonly error?: string;
    };
}
interface Scenario {
    readonly name: string;
    readonly steps: readonly Step[];
    readonly final?: { idHash: string; versionNodeHashes: readonly string[]; versionHashes: readonly string[] };
}
interface PeerStep {
    readonly op: 'store' | 'pull';
    readonly peer: string;
    readonly from?: string;
    readonly time?: number;
    readonly object?: unknown;
    readonly offered?: readonly string[];
    readonly fresh?: readonly string[];
    readonly head: Head;
}
interface Exchange {
    readonly name: string;
    readonly peers: readonly string[];
    readonly idHash: string;
    readonly microdata: Readonly<Record<string, string>>;
    readonly steps: readonly PeerStep[];
}
interface VersionVectors {
    readonly recipes: readonly unknown[];
    readonly scenarios: readonly Scenario[];
    readonly peers: readonly Exchange[];
}

const sections = ['what', 'encoding', 'ops', 'expect', 'recipes', 'scenarios', 'peers', 'peersWhat'];
/** Deployed peers move the head of a referenced object here; ours stores its version only, as spec 21 §6.4 asks for. */
const STORES_CHILD_RAW = 'ref-versioned-child';
/** Deployed peers fail here; ours treats the absent collection as empty, as spec 21 §6.2 asks for. */
const SUCCEEDS = new Set(['fail-set-absent-map', 'fail-set-absent-ref']);

export const versionsSuite: VectorSuite = {
    file: 'versions.json',
    cases: json => versionCases(json as VersionVectors),
};

function versionCases(vectors: VersionVectors): VectorCase[] {
    // All scenarios share one store: each case runs those before it first, once.
    const instance = new TestObjects(vectors.recipes.map(decodeTagged));
    const results = new Map<string, Promise<void>>();
    let last = Promise.resolve();
    const scenarios = notEmpty('scenarios', vectors.scenarios).map((scenario): VectorCase => ({
        name: `scenarios/${scenario.name}`,
        run: () => results.get(scenario.name) ?? Promise.resolve(),
    }));
    const start = (): void => {
        if (results.size > 0) return;
        for (const scenario of vectors.scenarios) {
            const result = last.then(() => runScenario(instance, scenario));
            // Reported by the case of the scenario; the next one goes on with what is there.
            last = result.catch(() => undefined);
            results.set(scenario.name, result);
        }
    };
    return [
        ...scenarios.map(({ name, run }) => ({
            name,
            run: () => {
                start();
                return run();
            },
        })),
        ...notEmpty('peers', vectors.peers).map((exchange): VectorCase => ({
            name: `peers/${exchange.name}`,
            run: () => runExchange(vectors.recipes, exchange),
        })),
        ...unknownSections(vectors, sections),
    ];
}

async function runScenario(instance: TestObjects, { name, steps, final }: Scenario): Promise<void> {
    for (const [i, step] of steps.entries()) await runStep(instance, name, step, `step ${i}`);
    if (final === undefined || SUCCEEDS.has(name)) return;
    const nodes = (await instance.objects.getVersionsNodes(final.idHash)) ?? [];
    expectEqual(
        nodes.map(({ hash }) => hash),
        final.versionNodeHashes,
        'node list',
    );
    expectEqual(
        nodes.map(({ node }) => node['data']),
        final.versionHashes,
        'versions',
    );
}

async function runStep(instance: TestObjects, name: string, step: Step, what: string): Promise<void> {
    const { backend, microdata } = instance;
    const { expect } = step;
    instance.time = step.time ?? instance.time;
    const before = new Set(await keysOf(backend, 'objects'));
    instance.events.length = 0;
    const object = decodeTagged(step.object) as Typed;
    const result = await store(instance, step, object);
    if (expect.error !== undefined) {
        expectEqual(SUCCEEDS.has(name), true, `${what}: success`);
        return;
    }
    const { obj, ...plain } = { obj: undefined, ...result };
    expectEqual({ ...plain, ...timestampOf(expect.result, plain) }, expect.result, `${what}: result`);
    if (expect.mergedMicrodata !== undefined)
        expectEqual(
            obj === undefined ? undefined : microdata.write(obj),
            expect.mergedMicrodata,
            `${what}: merged object`,
        );
    const { idHash } = { idHash: undefined, ...result };
    if (expect.head !== undefined && idHash !== undefined)
        expectEqual(await instance.head(idHash), expect.head, `${what}: head`);
    const added = (await keysOf(backend, 'objects')).filter(hash => !before.has(hash));
    const counts = { versioned: 0, unversioned: 0, id: 0 };
    for (const { type } of instance.events) counts[type]++;
    // The events of an import are counted without those of storing the object before.
    if (step.op === 'import' && !before.has(await microdata.hash(object))) counts.id--;
    const storesChildRaw = name === STORES_CHILD_RAW && step.op === 'import';
    if (storesChildRaw) {
        expectEqual(
            added.every(hash => expect.newObjects.includes(hash)),
            true,
            `${what}: new objects`,
        );
        expectEqual(counts.versioned, 1, `${what}: versioned events`);
        return;
    }
    expectEqual(added, expect.newObjects, `${what}: new objects`);
    expectEqual(counts, expect.events, `${what}: events`);
}

function store(instance: TestObjects, step: Step, object: Typed) {
    const { objects } = instance;
    switch (step.op) {
        case 'storeUnversioned':
            return objects.storeUnversionedObject(object);
        case 'clob':
            return objects.storeUTF8Clob(step.text ?? '');
        case 'storeId':
            return objects.storeIdObject(object);
        case 'storeVersioned':
            return objects.storeVersionedObject(object, step.storeAs);
        case 'import':
            return objects.importVersion(object, step.creationTime ?? 0);
    }
}

/** An absent timestamp is null in the vectors. */
function timestampOf(expected: object | undefined, actual: object): { timestamp?: number | null } {
    if (expected === undefined || !('timestamp' in expected)) return {};
    return { timestamp: 'timestamp' in actual && typeof actual.timestamp === 'number' ? actual.timestamp : null };
}

async function runExchange(recipes: readonly unknown[], exchange: Exchange): Promise<void> {
    const peers = new Map(exchange.peers.map(name => [name, new TestObjects(recipes.map(decodeTagged))]));
    const peer = (name = ''): TestObjects => {
        const found = peers.get(name);
        if (found === undefined) throw new Error(`There is no peer "${name}"`);
        return found;
    };
    for (const [i, step] of exchange.steps.entries()) {
        const own = peer(step.peer);
        if (step.op === 'store') {
            own.time = step.time ?? 0;
            await own.objects.storeVersionedObject(decodeTagged(step.object) as Typed);
        } else await pull(own, peer(step.from), exchange.idHash, step, `step ${i}`);
        const head = await own.head(exchange.idHash);
        const shown = Object.fromEntries(Object.keys(step.head).map(name => [name, head?.[name]]));
        expectEqual(shown, step.head, `step ${i}: head of ${step.peer}`);
        const { obj } = await own.objects.getObjectByIdHash(exchange.idHash);
        expectEqual(own.microdata.write(obj), exchange.microdata[step.head.data], `step ${i}: microdata`);
    }
}

/** What synchronization does with the version nodes of one ID (spec 21 §9). */
async function pull(own: TestObjects, from: TestObjects, idHash: string, step: PeerStep, what: string): Promise<void> {
    const offered = (await from.objects.getVersionsNodes(idHash)) ?? [];
    expectEqual(
        offered.map(({ hash }) => hash),
        step.offered,
        `${what}: offered`,
    );
    const known = new Set(await keysOf(own.backend, 'objects'));
    const fresh = offered.filter(({ hash }) => !known.has(hash));
    expectEqual(
        fresh.map(({ hash }) => hash),
        step.fresh,
        `${what}: fresh`,
    );
    for (const { hash } of fresh) await copyTree(own, from, hash);
    const [first, ...more] = fresh;
    if (first === undefined) return;
    const depth = ({ node }: typeof first): number => Number(node['depth']);
    const chosen = more.reduce((deepest, node) => (depth(node) > depth(deepest) ? node : deepest), first);
    const object = await from.objects.getObject(String(chosen.node['data']));
    await own.objects.importVersion(object, Number(chosen.node['creationTime']));
}

/** Copies a version node with everything it leads to. */
async function copyTree(own: TestObjects, from: TestObjects, hash: string): Promise<void> {
    if ((await own.backend.get('objects', hash)) !== undefined) return;
    const object = await from.objects.getObject(hash);
    for (const name of ['prev', 'data'] as const)
        if (typeof object[name] === 'string') await copyTree(own, from, object[name]);
    if (object['nodes'] instanceof Set)
        for (const node of object['nodes'] as Set<string>) await copyTree(own, from, node);
    if (own.microdata.recipes.isVersioned(object.$type$))
        await own.objects.storeVersionedObject(object, 'no-version-map');
    else await own.objects.storeUnversionedObject(object);
}
