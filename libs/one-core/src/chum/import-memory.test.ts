// What a peer may make this side keep in memory while it is asked for something.
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashText } from '../crypto/hash.ts';
import type { Typed } from '../hashes.ts';
import { IMPORT_COMMIT_BYTES, IMPORT_HELD_BYTES, MAX_CHILDREN, MAX_ROOTS } from '../limits.ts';
import { parseChildList } from './child-list.ts';
import type { ChumSession } from './chum-session.ts';
import { HeldTexts } from './held-texts.ts';
import { HostilePeer, object } from './hostile-peer.ts';
import { createChannelPair } from './memory-channel.ts';
import { parseRootList } from './root-list.ts';
import { settled } from './scripted-peer.ts';
import { services } from './services.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { TestPeer } from './test-peer.ts';

const note = (text: string, more: object = {}): Typed => typed({ $type$: 'Note', text, ...more });
const never = new Promise<never>(() => undefined);
const hashOf = (i: number): string => i.toString(16).padStart(64, '0');

let victim: TestPeer;
let peer: HostilePeer;
beforeEach(async () => {
    victim = await TestPeer.create('V', recipes);
    peer = new HostilePeer(victim.objects.microdata);
});

function connect(): ChumSession {
    const [near, far] = createChannelPair();
    peer.connect(far);
    return victim.chum(near, victim);
}

function askedFor(service: number): string[] {
    return peer.asked.flatMap(asked => (asked.startsWith(`${service} `) ? [asked.slice(2)] : []));
}

/** Waits until the peer is asked for nothing more. */
async function quiet(): Promise<void> {
    for (let before = -1, calm = 0; calm < 20; before = peer.asked.length) {
        await settled();
        calm = before === peer.asked.length ? calm + 1 : 0;
    }
}

describe('a list inside of a text', () => {
    const units = 8 * 1024 * 1024;
    test.each([
        { what: 'depth', text: '['.repeat(units) },
        { what: 'objects', text: `[${'{},'.repeat(units / 3)}{}]` },
        { what: 'lists in one entry', text: `[{"type":${'[[],'.repeat(units / 4)}` },
    ])('is not parsed if it has too much $what', ({ text }) => {
        expect(() => parseChildList(text)).toThrow(expect.objectContaining({ code: 'CHUM_TOO_LARGE' }));
        expect(() => parseRootList(text)).toThrow(expect.objectContaining({ code: 'CHUM_TOO_LARGE' }));
    });

    test('may have as many entries as the limit says', () => {
        const listOf = (entry: string, count: number): string => `[${`${entry},`.repeat(count - 1)}${entry}]`;
        const child = `{"type":"object","hash":"${hashOf(1)}"}`;
        expect(parseChildList(listOf(child, MAX_CHILDREN))).toHaveLength(MAX_CHILDREN);
        expect(() => parseChildList(listOf(child, MAX_CHILDREN + 1))).toThrow(
            expect.objectContaining({ code: 'CHUM_TOO_LARGE' }),
        );
        const root = `{"type":"versioned","hash":"${hashOf(1)}","idHash":"${hashOf(2)}","oneType":"[,{}]"}`;
        expect(parseRootList(listOf(root, MAX_ROOTS)).roots).toHaveLength(MAX_ROOTS);
    });
});

describe('a tree', () => {
    /** A large object is made when it is sent, so that only the importer has it in memory. */
    async function makeLarge(count: number, textOf: (i: number) => string): Promise<readonly string[]> {
        const hashes: string[] = [];
        for (let i = 0; i < count; i++) hashes.push(await hashText(textOf(i)));
        peer.beforeAnswer = async (service, hash) => {
            if (service !== services.object) return;
            if (hash === SILENT) await never;
            const i = hashes.indexOf(hash);
            if (i >= 0) await peer.has(textOf(i));
        };
        return hashes;
    }

    const SILENT = hashOf(1);

    test('is fetched ahead only as far as there is room', async () => {
        const size = 4 * 1024 * 1024;
        const textOf = (i: number): string => victim.objects.microdata.write(note(String(i).padEnd(size, 'x')));
        const hashes = await makeLarge(24, textOf);
        await peer.listObject(note('root'), [SILENT, ...hashes].map(object));
        const session = connect();
        await quiet();
        const asked = askedFor(services.object).length;
        expect(asked).toBeGreaterThan(2);
        expect((asked - 1) * size).toBeLessThanOrEqual(1.5 * IMPORT_HELD_BYTES);
        await session[Symbol.asyncDispose]();
    }, 30_000);

    test('is stored in parts, also what needs a version that is not merged yet', async () => {
        await peer.listVersion(typed({ $type$: 'Doc', id: 'd', title: '1', tags: new Set() }));
        const [first] = peer.roots as { node: string; dataIdHash: string }[];
        const size = IMPORT_COMMIT_BYTES / 2;
        const textOf = (i: number): string => {
            const needed = new Set([first?.node ?? '']);
            return victim.objects.microdata.write(note(String(i).padEnd(size, 'x'), { objects: needed }));
        };
        const hashes = await makeLarge(4, textOf);
        peer.roots = [...peer.roots, { ...first, type: 'version_node', node: hashOf(2) }];
        peer.listChildren(hashOf(2), [...hashes, SILENT].map(object));
        const session = connect();
        await quiet();
        expect(await victim.objects.has(hashes[0] ?? '')).toBe(true);
        await session[Symbol.asyncDispose]();
    }, 30_000);

    test('with a very long list of children is fetched alone', async () => {
        const count = 150_000;
        const trees = [1, 2, 3, 4].map(tree => hashOf(tree * 2 ** 30));
        peer.roots = trees.map(hash => ({ type: 'unversioned', hash, oneType: 'Note' }));
        for (const [tree, root] of trees.entries())
            peer.listChildren(
                root,
                Array.from({ length: count }, (_, i) => object(hashOf((tree + 1) * 2 ** 30 + i + 1))),
            );
        peer.beforeAnswer = service => (service === services.object ? never : undefined);
        const session = connect();
        await quiet();
        expect(askedFor(services.object)).toHaveLength(1);
        await session[Symbol.asyncDispose]();
    }, 30_000);
});

test('whatever several tasks hold, it stays below the limit, and each of them goes on', async () => {
    const answer = fc.record({ task: fc.nat(5), units: fc.integer({ min: 1, max: IMPORT_HELD_BYTES }) });
    await fc.assert(
        fc.asyncProperty(fc.array(answer, { maxLength: 30 }), async answers => {
            const held = new HeldTexts();
            let [total, most] = [0, 0];
            const run = async (task: object, needs: readonly number[]): Promise<void> => {
                held.begin(task);
                for (const units of needs) {
                    await settled();
                    if (units % 3 === 0) held.stepBack(task);
                    while (!held.keep(task, units, true)) await held.room(task);
                    most = Math.max(most, (total += units));
                    await settled();
                    held.release(task, units);
                    total -= units;
                }
                held.end(task);
            };
            await Promise.all(
                Array.from({ length: 6 }, (_, i) =>
                    run(
                        {},
                        answers.filter(({ task }) => task === i).map(({ units }) => units),
                    ),
                ),
            );
            // The oldest one may bring one answer more.
            expect(most).toBeLessThanOrEqual(2 * IMPORT_HELD_BYTES);
            expect(total).toBe(0);
        }),
        { numRuns: 50 },
    );
});
