// chum-reactions.json (spec 40 §13): what a deployed instance R does when its peer P breaks the rules. Ours takes the place of R.
import type { ChumResult } from '../chum/chum-session.ts';
import { TestPeer } from '../chum/test-peer.ts';
import { hashText } from '../crypto/hash.ts';
import { OneError } from '../errors.ts';
import { edited } from './chum-edits.ts';
import type { Frame } from './chum-frames.ts';
import { replay } from './chum-replay.ts';
import { reactionDeviations, type ReactionDeviation } from './chum-reaction-deviations.ts';
import { expectEqual } from './expectations.ts';
import { notEmpty, unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

interface Result {
    /** Code. */
    readonly failed?: string;
    readonly ok?: {
        /** Codes. */
        readonly errors: readonly string[];
        /** Objects, ID objects, BLOBs and CLOBs. */
        readonly received: readonly number[];
        readonly statistics: Readonly<Record<string, number>>;
    };
}
interface Case {
    readonly id: string;
    readonly frames: readonly Frame[];
    readonly result: Result;
    readonly stored?: Readonly<Record<string, boolean>>;
}
interface Reactions {
    readonly cases: readonly Case[];
}

const sections = ['what', 'format', 'cases'];
const parts = ['id', 'what', 'frames', 'result', 'stored'];
const resultParts = ['ok', 'failed'];
const SIDE = 'R';
/** Spec 40 §7.1, §7.2. */
const [POLL_MS, VERSION_PAUSE_MS] = [5_000, 300];
const recipes = [
    {
        $type$: 'Recipe',
        name: 'ChumTestNote',
        rule: [
            { itemprop: 'text' },
            { itemprop: 'blob', itemtype: { type: 'referenceToBlob' }, optional: true },
            { itemprop: 'ref', itemtype: { type: 'referenceToObj', allowedTypes: ['*'] }, optional: true },
        ],
    },
    { $type$: 'Recipe', name: 'ChumTestDoc', rule: [{ itemprop: 'id', isId: true }, { itemprop: 'title' }] },
];

export const chumReactionsSuite: VectorSuite = {
    file: 'chum-reactions.json',
    cases: json => reactionCases(json as Reactions),
};

function reactionCases(vectors: Reactions): VectorCase[] {
    // All cases share one instance: each runs those before it first, once.
    const instance = createInstance();
    const results: Promise<void>[] = [];
    const cases = notEmpty('cases', vectors.cases);
    const upTo = (index: number): Promise<void> => {
        while (results.length <= index) {
            const before = results.at(-1)?.catch(() => undefined);
            const current = cases[results.length];
            const result = Promise.all([instance, before]).then(([own]) => current && run(own, current));
            results.push(result);
        }
        return results[index] ?? Promise.resolve();
    };
    return [
        ...cases.map(({ id }, i) => ({ name: id, run: () => upTo(i) })),
        ...unknownSections(
            reactionDeviations,
            cases.map(({ id }) => id),
        ),
        ...cases.flatMap(each => [...unknownSections(each, parts), ...unknownSections(each.result, resultParts)]),
        ...unknownSections(vectors, sections),
    ];
}

interface Instance {
    readonly own: TestPeer;
    readonly remote: TestPeer;
}

async function createInstance(): Promise<Instance> {
    const [own, remote] = [await TestPeer.create('R', recipes), await TestPeer.create('P')];
    await own.personId('p@test');
    return { own, remote };
}

async function run({ own, remote }: Instance, { id, frames, result, stored = {} }: Case): Promise<void> {
    if (id.startsWith('E')) await share(own, remote.person);
    if (id === 'E03') await own.grant({ object: await hashText('missing'), person: [remote.person], mode: 'add' });
    const numbered = notEmpty('frames', frames).map((frame, n): Frame => ({ ...frame, n }));
    const deviation = reactionDeviations[id];
    const actual = await replay({
        frames: edited(numbered, deviation?.edits),
        side: SIDE,
        open: (channel, timer) =>
            own.chum(channel, remote, {
                // A Chum object of its own: the lists of several would add up.
                ...{ chumName: id, timer, likeDeployed: true, writeChum: true },
            }),
        pauses: { poll: POLL_MS, version: VERSION_PAUSE_MS },
    });
    expectResult(actual, changed(result, deviation));
    for (const [hash, isStored] of Object.entries({ ...stored, ...deviation?.stored }))
        expectEqual(
            (await own.objects.has(hash)) || (await own.blobs.has(hash)),
            isStored,
            `whether ${hash} is stored`,
        );
}

/** What E01 to E03 ask for; with these texts it has the recorded hashes. */
async function share(own: TestPeer, person: string): Promise<void> {
    const big = await own.blobs.store([new Uint8Array(300_000).fill(1)]);
    const blobs = { big: big.hash, gone: await hashText('gone') };
    for (const [text, blob] of Object.entries(blobs)) {
        const note = { $type$: 'ChumTestNote', text, blob };
        const { hash } = await own.objects.storeUnversionedObject(note);
        await own.grant({ object: hash, person: [person], mode: 'add' });
    }
}

function changed({ ok, failed }: Result, deviation: ReactionDeviation | undefined): Result {
    if (deviation?.failed !== undefined) return { failed: deviation.failed };
    if (deviation?.ok === undefined) return { ...(ok && { ok }), ...(failed !== undefined && { failed }) };
    return { ok: { errors: [], received: [], statistics: {}, ...ok, ...deviation.ok } };
}

function expectResult({ error, chum }: ChumResult, { ok, failed }: Result): void {
    expectEqual(error instanceof OneError ? error.code : error, failed, 'failure');
    expectEqual(chum === undefined, ok === undefined, 'whether there is no Chum object');
    if (chum === undefined || ok === undefined) return;
    const { obj } = chum;
    const errors = (obj['errors'] as { code: string }[]).map(({ code }) => code);
    const received = ['Objects', 'IdObjects', 'Blob', 'Clob'].map(name => (obj[`BtoA${name}`] as string[]).length);
    expectEqual({ errors, received, statistics: obj['statistics'] }, ok, 'Chum object');
}
