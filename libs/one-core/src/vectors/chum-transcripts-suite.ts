// chum-transcripts.json (spec 40 §13): connections of two deployed instances. Ours takes the place of one and then of the other.
import type { ChumOptions, ChumResult } from '../chum/chum-session.ts';
import { TestPeer } from '../chum/test-peer.ts';
import { OneError } from '../errors.ts';
import { edited } from './chum-edits.ts';
import type { Frame } from './chum-frames.ts';
import { replay } from './chum-replay.ts';
import { FIRST_TIME, runSetup, setupParts, wholeMessage, type Setup } from './chum-setup.ts';
import { transcriptDeviations, type TranscriptDeviation } from './chum-transcript-deviations.ts';
import { expectEqual } from './expectations.ts';
import { notEmpty, unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

type Options = Pick<ChumOptions, 'keepRunning' | 'pollInterval' | 'noImport' | 'noExport'>;
type Side = 'A' | 'B';
interface ScenarioOptions extends Options {
    readonly objectFilter?: 'admits everything';
    /** No instance, but requests that were written by hand. */
    readonly manual?: boolean;
}
interface LoggedError {
    readonly name: string;
    readonly code: string;
}
/** The Chum object, or why there is none. */
interface Result {
    readonly hash?: string;
    readonly idHash?: string;
    readonly microdata?: string;
    readonly obj?: { readonly errors?: readonly LoggedError[] };
    readonly failed?: LoggedError;
}
interface Version {
    readonly hash: string;
    readonly node: string;
    readonly nodeObj: Readonly<Record<string, unknown>>;
    readonly obj: { readonly $type$: string; readonly id: string };
}
interface After {
    readonly A?: Version;
    readonly B?: Version;
    readonly listA?: readonly string[];
    readonly listB?: readonly string[];
    readonly BhasVersionHead?: boolean;
    readonly filterCalls?: readonly (readonly [string, string])[];
}
interface Scenario {
    readonly id: string;
    readonly options: Readonly<Record<Side, ScenarioOptions>>;
    readonly setup: readonly Setup[];
    readonly frames: readonly Frame[];
    readonly result: Readonly<Partial<Record<Side, Result>>>;
    readonly after?: After;
}
interface Transcripts {
    readonly recipes: readonly unknown[];
    readonly persons: Readonly<Record<Side, { email: string; idHash: string }>>;
    readonly scenarios: readonly Scenario[];
}

const sections = ['what', 'format', 'recipes', 'persons', 'scenarios'];
const parts = ['id', 'what', 'options', 'setup', 'frames', 'result', 'after'];
const optionNames = ['keepRunning', 'pollInterval', 'noImport', 'noExport', 'objectFilter', 'manual'];
const afterNames = ['A', 'B', 'listA', 'listB', 'BhasVersionHead', 'filterCalls'];
/** Later connections of the same two instances, as the texts of the scenarios tell. */
const continued: Readonly<Record<string, string>> = {
    '3b': '3a',
    '3c': '3b',
    '3d': '3c',
    '3e': '3d',
    '3f': '3e',
    '6b': '6a',
};
/** Frames before which A does what it did while it was connected; from the times that the texts of the scenarios give. */
const whileConnected: Readonly<Record<string, readonly number[]>> = { '5': [12, 12, 24], '7': [49] };
/** Times of connections for which nothing was stored, where the clock had gone on: the later Chum object counts. */
const pauses: Readonly<Record<string, number>> = { '3c': FIRST_TIME + 5_000, '3d': FIRST_TIME + 6_000 };
/** Spec 40 §7.1, §7.2. */
const [POLL_MS, VERSION_PAUSE_MS] = [5_000, 300];
/** What a Chum object says of a connection without transfers. */
const nothing = Object.fromEntries(
    ['AtoB', 'BtoA'].flatMap(name => ['Objects', 'IdObjects', 'Blob', 'Clob'].map(kind => [`${name}${kind}`, []])),
);
/** Of 12, which has none in the file. */
const onlyA = { $type$: 'Recipe', name: 'OnlyA', rule: [{ itemprop: 'id', isId: true }, { itemprop: 'v' }] };

export const chumTranscriptsSuite: VectorSuite = {
    file: 'chum-transcripts.json',
    cases: json => transcriptCases(json as Transcripts),
};

function transcriptCases(vectors: Transcripts): VectorCase[] {
    const instances = new Instances(vectors);
    const cases = notEmpty('scenarios', vectors.scenarios).flatMap(scenario =>
        (['A', 'B'] as const)
            .filter(side => scenario.options[side].manual !== true)
            .map(side => ({ name: `${scenario.id}/${side}`, run: () => instances.run(scenario, side) })),
    );
    return [
        ...cases,
        ...unknownSections(
            transcriptDeviations,
            cases.map(({ name }) => name),
        ),
        ...vectors.scenarios.flatMap(scenario => [
            ...unknownSections(scenario, parts),
            ...unknownSections(scenario.options.A, optionNames),
            ...unknownSections(scenario.options.B, optionNames),
            ...unknownSections(scenario.after ?? {}, afterNames),
            ...scenario.setup.flatMap(step => unknownSections(step, setupParts)),
        ]),
        ...unknownSections(vectors, sections),
    ];
}

/** Both instances of each row of connections, each on its own. */
class Instances {
    readonly #vectors: Transcripts;
    readonly #results = new Map<string, Promise<TestPeer>>();

    constructor(vectors: Transcripts) {
        this.#vectors = vectors;
    }

    async run(scenario: Scenario, side: Side): Promise<void> {
        await this.#after(scenario, side);
    }

    /** The instance as it is after a connection: runs that and those before it, once. */
    #after(scenario: Scenario, side: Side): Promise<TestPeer> {
        const key = `${scenario.id}/${side}`;
        const known = this.#results.get(key);
        if (known !== undefined) return known;
        const result = this.#before(scenario, side).then(async peer => {
            await new Connection(this.#vectors, scenario, side, peer).run();
            return peer;
        });
        this.#results.set(key, result);
        return result;
    }

    #before(scenario: Scenario, side: Side): Promise<TestPeer> {
        const before = continued[scenario.id];
        if (before === undefined)
            return createPeer(this.#vectors, side, side === 'A' && scenario.id === '12' ? [onlyA] : []);
        const earlier = this.#vectors.scenarios.find(({ id }) => id === before);
        if (earlier === undefined) throw new Error(`There is no scenario ${before}, which ${scenario.id} continues.`);
        return this.#after(earlier, side);
    }
}

class Connection {
    readonly #vectors: Transcripts;
    readonly #scenario: Scenario;
    readonly #side: Side;
    readonly #peer: TestPeer;
    readonly #deviation: TranscriptDeviation | undefined;
    readonly #filterCalls: [string, string][] = [];

    constructor(vectors: Transcripts, scenario: Scenario, side: Side, peer: TestPeer) {
        this.#vectors = vectors;
        this.#scenario = scenario;
        this.#side = side;
        this.#peer = peer;
        this.#deviation = transcriptDeviations[`${scenario.id}/${side}`];
    }

    async run(): Promise<void> {
        const { id, setup, frames, options } = this.#scenario;
        const own = setup.filter(step => step.side === this.#side);
        for (const step of own) if (step.whileConnected !== true) await this.#store(step);
        this.#peer.time = Math.max(this.#peer.time, ...setup.map(({ time = 0 }) => time), pauses[id] ?? 0);
        const later = own.filter(step => step.whileConnected === true);
        const due = this.#side === 'A' ? (whileConnected[id] ?? []) : [];
        expectEqual(due.length, later.length, 'steps while connected');
        const remote = await createPeer(this.#vectors, this.#side === 'A' ? 'B' : 'A');
        const { objectFilter, ...others } = options[this.#side];
        const result = await replay({
            frames: edited(notEmpty('frames', frames), this.#deviation?.edits),
            side: this.#side,
            open: (channel, timer) =>
                this.#peer.chum(channel, remote, {
                    ...{ ...others, timer, likeDeployed: true, writeChum: true },
                    ...(objectFilter !== undefined && { objectFilter: (...call) => this.#admit(...call) }),
                }),
            pauses: { poll: others.pollInterval ?? POLL_MS, version: VERSION_PAUSE_MS },
            restore: frame => wholeMessage(frame, this.#scenario),
            before: async ({ n }) => {
                for (const [i, step] of later.entries()) if (due[i] === n) await this.#store(step);
            },
        });
        this.#expectResult(result);
        await this.#expectAfter();
    }

    #store(step: Setup): Promise<void> {
        const { A, B } = this.#vectors.persons;
        return runSetup(this.#peer, { A: A.idHash, B: B.idHash }, step);
    }

    #admit(hash: string, type: string): Promise<boolean> {
        this.#filterCalls.push([hash, type]);
        return Promise.resolve(true);
    }

    #expectResult({ error, chum }: ChumResult): void {
        const { failed, hash, idHash, microdata, obj = {} } = this.#scenario.result[this.#side] ?? {};
        const changes = this.#deviation?.chum;
        if (failed !== undefined && changes === undefined) {
            expectEqual([codeOf(error), chum], [failed.code, undefined], 'failure');
            return;
        }
        if (chum === undefined) throw new Error(`There is no Chum object: ${String(error)}`);
        expectEqual(error, undefined, 'failure');
        if (failed === undefined) expectEqual(chum.idHash, idHash, 'ID hash of the Chum object');
        if (microdata !== undefined && changes === undefined) {
            expectEqual(this.#peer.objects.microdata.write(chum.obj), microdata, 'Chum object');
            expectEqual(chum.hash, hash, 'its hash');
            return;
        }
        const recorded = { ...obj, errors: (obj.errors ?? []).map(({ code }) => code) };
        const expected = { ...nothing, ...(failed === undefined && recorded), ...changes };
        const actual = { ...chum.obj, errors: (chum.obj['errors'] as LoggedError[]).map(({ code }) => code) };
        for (const name of Object.keys(expected)) expectEqual(listed(actual, name), listed(expected, name), name);
        if (!('statistics' in expected)) expectEqual('statistics' in actual, false, 'statistics');
    }

    async #expectAfter(): Promise<void> {
        const { after = {} } = this.#scenario;
        const { objects } = this.#peer;
        const version = after[this.#side];
        if (version !== undefined) {
            const idHash = await objects.microdata.idHash(version.obj);
            const head = await objects.headNode(idHash);
            expectEqual(head?.hash, version.node, 'head');
            const node = head?.node;
            const nodes = node?.$type$ === 'VersionNodeMerge' && { nodes: [...node.nodes] };
            expectEqual({ ...node, ...nodes }, version.nodeObj, 'current node');
            expectEqual((await objects.getObjectByIdHash(idHash)).hash, version.hash, 'current version');
            const listed = (await objects.getVersionsNodes(idHash)) ?? [];
            expectEqual(
                listed.map(({ hash }) => hash),
                after[`list${this.#side}`],
                'listed versions',
            );
        }
        if (after.BhasVersionHead !== undefined && this.#side === 'B') {
            const idHash = this.#scenario.setup.find(step => step.idHash !== undefined)?.idHash ?? '';
            const hasHead = (await objects.head(idHash)) !== undefined;
            expectEqual([await objects.has(idHash), hasHead], [true, after.BhasVersionHead], 'ID object, head');
        }
        if (after.filterCalls !== undefined && this.#side === 'A')
            expectEqual(this.#filterCalls, after.filterCalls, 'calls of the filter');
    }
}

function codeOf(error: unknown): unknown {
    return error instanceof OneError ? error.code : error;
}

/** Bags in one order. */
function listed(chum: Readonly<Record<string, unknown>>, name: string): unknown {
    const value = chum[name];
    return /^(AtoB|BtoA)/.test(name) && Array.isArray(value) ? value.map(String).sort() : value;
}

async function createPeer(
    { recipes, persons }: Transcripts,
    side: Side,
    more: readonly unknown[] = [],
): Promise<TestPeer> {
    const peer = await TestPeer.create(side, [...recipes.map(withLists), ...more]);
    for (const name of ['A', 'B'] as const)
        expectEqual(await peer.personId(persons[name].email), persons[name].idHash, `ID hash of ${name}`);
    peer.time = FIRST_TIME;
    return peer;
}

/** The file writes sets of types as `{"set": […]}`. */
function withLists(recipe: unknown): unknown {
    const list = (_key: string, value: unknown): unknown =>
        typeof value === 'object' && value !== null && 'set' in value ? value.set : value;
    return JSON.parse(JSON.stringify(recipe), list);
}
