// access.json (spec 22 §9): reverse maps, grants, what persons may ask for and what they reach by it.
import { accessibleRoots } from '../access/accessible-roots.ts';
import { MemberPages } from '../access/member-pages.ts';
import { subjectsOfPerson, updateAccess } from '../access/access-index.ts';
import { closureOf } from '../access/closure.ts';
import { createAccess, type AccessRequest } from '../access/create-access.ts';
import { reachOf } from '../access/reach.ts';
import { base64ToUint8Array } from '../crypto/hex.ts';
import type { Typed } from '../hashes.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import { EnabledReverseMaps, type ReverseMapTypes } from '../objects/reverse-map.ts';
import {
    getAllEntries,
    getAllIdObjectEntries,
    getOnlyLatestReferencingObjsHash,
    getOnlyLatestReferencingObjsHashAndId,
} from '../objects/reverse-map-queries.ts';
import type { StoreAs } from '../objects/object-transaction.ts';
import { keysOf } from '../storage/acceptance.ts';
import { expectEqual } from './expectations.ts';
import { decodeTagged } from './tagged-values.ts';
import { TestObjects } from './test-objects.ts';
import { notEmpty, unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

interface Situation {
    readonly roots: readonly unknown[];
    readonly rootsWithoutGroups?: readonly unknown[];
    readonly reach: readonly string[];
}
interface Step {
    readonly op: 'storeVersioned' | 'storeUnversioned' | 'storeId' | 'blob' | 'clob' | 'import' | 'access';
    readonly label?: string;
    readonly what?: string;
    readonly time?: number;
    readonly creationTime?: number;
    readonly storeAs?: StoreAs;
    readonly object?: unknown;
    readonly base64?: string;
    readonly text?: string;
    readonly hash?: string;
    readonly mergedHash?: string;
    readonly idHash?: string;
    readonly node?: string | null;
    readonly requests?: readonly AccessRequest[];
    readonly results?: readonly {
        readonly hash: string;
        readonly idHash: string;
        readonly status: string;
        readonly object: unknown;
        readonly node: string;
    }[];
    readonly expect?: Readonly<Record<string, Situation>>;
}
interface Query {
    readonly fn: string;
    readonly args: readonly [string, string, number?];
    readonly unordered?: boolean;
    readonly result: readonly unknown[];
}
interface AccessVectors {
    readonly recipes: readonly unknown[];
    readonly enabledReverseMapTypes: unknown;
    readonly enabledReverseMapTypesForIdObjects: unknown;
    readonly steps: readonly Step[];
    readonly persons: Readonly<Record<string, string>>;
    readonly children: Readonly<Record<string, { object: string; closure: unknown }>>;
    readonly childrenOfId: Readonly<Record<string, { idHash: string; closure: unknown }>>;
    readonly reverseMaps: Readonly<Record<string, string>>;
    readonly versionHeads: Readonly<Record<string, string>>;
    readonly queries: readonly Query[];
}

const sections = [
    ...['what', 'encoding', 'ops', 'expectWhat', 'labels', 'recipes', 'enabledReverseMapTypes'],
    ...['enabledReverseMapTypesForIdObjects', 'steps', 'persons', 'children', 'childrenOfId', 'reverseMaps'],
    ...['versionHeads', 'queries'],
];
const decoder = new TextDecoder();

export const accessSuite: VectorSuite = { file: 'access.json', cases: json => accessCases(json as AccessVectors) };

function accessCases(vectors: AccessVectors): VectorCase[] {
    const enabled = new EnabledReverseMaps(
        decodeTagged(vectors.enabledReverseMapTypes) as ReverseMapTypes,
        decodeTagged(vectors.enabledReverseMapTypesForIdObjects) as ReverseMapTypes,
    );
    const instance = new TestObjects(vectors.recipes.map(decodeTagged), undefined, enabled);
    const hasBlob = async (hash: string) => (await instance.backend.get('objects', hash)) !== undefined;
    instance.objects.derive((objects, changes) => updateAccess(objects, changes, hasBlob));

    // The steps share one store: each case runs those before it first, once.
    const results: Promise<void>[] = [];
    let last = Promise.resolve();
    const upTo = (index: number): Promise<void> => {
        while (results.length <= index) {
            const step = vectors.steps[results.length];
            const result = last.then(() => step && runStep(instance, vectors.persons, step, hasBlob));
            last = result.catch(() => undefined);
            results.push(result);
        }
        return results[index] ?? Promise.resolve();
    };
    const atEnd = (name: string, run: () => Promise<void>): VectorCase => ({
        name,
        run: async () => {
            await upTo(vectors.steps.length - 1).catch(() => undefined);
            await run();
        },
    });
    return [
        ...notEmpty('steps', vectors.steps).map((step, i): VectorCase => ({
            name: `steps/${i} ${step.op} ${step.label ?? step.what ?? ''}`,
            run: () => upTo(i),
        })),
        ...notEmpty('children', Object.entries(vectors.children)).map(([name, { object, closure }]) =>
            atEnd(`children/${name}`, async () =>
                expectEqual(await closureOf(instance.objects, object), closure, 'closure'),
            ),
        ),
        ...notEmpty('childrenOfId', Object.entries(vectors.childrenOfId)).map(([name, { idHash, closure }]) =>
            atEnd(`childrenOfId/${name}`, async () =>
                expectEqual(await closureOf(instance.objects, idHash), closure, 'closure'),
            ),
        ),
        atEnd('reverseMaps', async () => {
            const maps: Record<string, string> = {};
            for (const key of await keysOf(instance.backend, 'rmaps')) {
                const entries = await instance.backend.list('rmaps', key);
                maps[key] = entries.map(({ value }) => `${decoder.decode(value)}\n`).join('');
            }
            expectEqual(maps, vectors.reverseMaps, 'reverse maps');
        }),
        atEnd('versionHeads', async () => {
            const heads: Record<string, string> = {};
            for (const key of await keysOf(instance.backend, 'vheads'))
                heads[key] = decoder.decode(await instance.backend.get('vheads', key));
            expectEqual(heads, vectors.versionHeads, 'heads');
        }),
        ...notEmpty('queries', vectors.queries).map((query, i) =>
            atEnd(`queries/${i} ${query.fn}`, async () => {
                const result = await runQuery(instance, query);
                const [actual, expected] =
                    query.unordered === true ? [sorted(result), sorted(query.result)] : [result, query.result];
                expectEqual(actual, expected, 'result');
            }),
        ),
        ...unknownSections(vectors, sections),
    ];
}

async function runStep(
    instance: TestObjects,
    persons: Readonly<Record<string, string>>,
    step: Step,
    hasBlob: (hash: string) => Promise<boolean>,
): Promise<void> {
    const { objects } = instance;
    instance.time = step.time ?? instance.time;
    const object = decodeTagged(step.object) as Typed;
    switch (step.op) {
        case 'storeUnversioned':
            expectEqual((await objects.storeUnversionedObject(object)).hash, step.hash, 'hash');
            break;
        case 'storeId':
            expectEqual((await objects.storeIdObject(object)).idHash, step.idHash, 'ID hash');
            break;
        case 'clob':
            expectEqual((await objects.storeUTF8Clob(step.text ?? '')).hash, step.hash, 'hash');
            break;
        case 'blob':
            await instance.backend.commit([
                { type: 'put', space: 'objects', key: step.hash ?? '', value: base64ToUint8Array(step.base64 ?? '') },
            ]);
            break;
        case 'storeVersioned': {
            const { hash, idHash } = await objects.storeVersionedObject(object, step.storeAs);
            expectEqual({ hash, idHash }, { hash: step.hash, idHash: step.idHash }, 'result');
            expectEqual((await objects.head(idHash)) ?? null, step.node, 'head');
            break;
        }
        case 'import': {
            const { hash, idHash } = await objects.importVersion(object, step.creationTime ?? 0);
            expectEqual([hash, await objects.head(idHash)], [step.mergedHash, step.node], 'merged object, head');
            break;
        }
        case 'access': {
            for (const [i, request] of (step.requests ?? []).entries()) {
                const [result] = await createAccess(objects, [request]);
                const expected = step.results?.[i];
                const { hash, idHash, status, obj } = result ?? { obj: {} as AnyObject };
                expectEqual(
                    { hash, idHash, status, object: { ...obj }, node: await objects.head(idHash ?? '') },
                    expected,
                    `result ${i}`,
                );
            }
            for (const [name, situation] of Object.entries(step.expect ?? {}))
                await expectSituation(instance, name, persons[name] ?? '', situation, hasBlob);
        }
    }
}

async function expectSituation(
    { objects, backend }: TestObjects,
    name: string,
    person: string,
    { roots, rootsWithoutGroups, reach }: Situation,
    hasBlob: (hash: string) => Promise<boolean>,
): Promise<void> {
    const plain = (list: Awaited<ReturnType<typeof accessibleRoots>>) =>
        list.map(({ accessReasons: _reasons, ...root }) => root);
    const actual = plain(await accessibleRoots(objects, person));
    // In this order they travel, so that the order of the members counts.
    expectEqual(
        actual.map(root => JSON.stringify(root)).sort(),
        roots.map(root => JSON.stringify(root)).sort(),
        `roots of ${name}`,
    );
    const withoutGroups = plain(await accessibleRoots(objects, person, { groups: false }));
    expectEqual(sorted(withoutGroups), sorted(rootsWithoutGroups ?? roots), `roots of ${name} without groups`);
    expectEqual([...(await reachOf(objects, actual, hasBlob))].sort(), reach, `reach of ${name}`);
    const members = new Set<string>();
    for (const subject of await subjectsOfPerson(backend, person))
        for await (const member of new MemberPages(backend, subject).members()) members.add(member);
    expectEqual([...members].sort(), reach, `accessible set of ${name}`);
}

function runQuery({ objects }: TestObjects, { fn, args }: Query): Promise<readonly unknown[]> {
    const [target, type, createdAfter] = args;
    switch (fn) {
        case 'getAllEntries':
            return getAllEntries(objects, target, type);
        case 'getAllIdObjectEntries':
            return getAllIdObjectEntries(objects, target, type);
        case 'getOnlyLatestReferencingObjsHashAndId':
            return getOnlyLatestReferencingObjsHashAndId(objects, target, type, createdAfter);
        case 'getOnlyLatestReferencingObjsHash':
            return getOnlyLatestReferencingObjsHash(objects, target, type, createdAfter);
        default:
            throw new Error(`There is no query ${fn}`);
    }
}

function sorted(list: readonly unknown[]): string[] {
    return list.map(item => JSON.stringify(item)).sort();
}
