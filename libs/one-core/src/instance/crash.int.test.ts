import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import type { Typed } from '../hashes.ts';
import { defineRecipe } from '../recipes/grammar.ts';
import { EmbeddedBackend } from '../storage/embedded/index.ts';
import { OneInstance } from './one-instance.ts';

const full = Boolean(process.env['TEST_FULL']);
const KILLS = full ? 200 : 20;
const WRITERS = 16;
/** Acknowledged writes before the test is content. */
const WRITES = full ? 50_000 : 2000;
const VERIFY_EVERY = full ? 40 : 10;

const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Note',
    rule: [{ itemprop: 'id', isId: true }, { itemprop: 'text' }],
});
const alice = { name: 'node', email: 'alice@example.org', secret: 's' } as const;
const note = (id: string, text: string): Typed => ({ $type$: 'Note', id, text }) as Typed;

/** Writes new versions as fast as it can, many at once, and tells each that was acknowledged. */
const program = `
    import { OneInstance } from '@refinio/one.core';
    import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
    const [folder, writers, start] = process.argv.slice(1);
    const one = await OneInstance.open({
        name: 'node', email: 'alice@example.org', secret: 's', create: false, storage: EmbeddedBackend.open(folder),
    });
    const write = async (writer) => {
        for (let n = Number(start); ; n++) {
            await one.objects.storeVersionedObject({ $type$: 'Note', id: String(writer), text: String(n) });
            process.stdout.write(writer + ' ' + n + '\\n');
            if (writer === 0 && n % 20 === 0) {
                const { hash } = await one.blobs.store([new Uint8Array(100_000).fill(n)]);
                process.stdout.write('blob ' + hash + '\\n');
            }
        }
    };
    for (let writer = 0; writer < Number(writers); writer++) void write(writer);
`;

interface Told {
    /** Last number per writer. */
    readonly numbers: Map<string, number>;
    readonly blobs: Set<string>;
    writes: number;
}

async function killWhileWriting(folder: string, start: number, told: Told, afterMs: number): Promise<void> {
    const args = [folder, String(WRITERS), String(start)];
    const child = spawn(
        process.execPath,
        ['--conditions=@one/source', '--input-type=module', '--eval', program, ...args],
        { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const lines = createInterface(child.stdout);
    lines.on('line', line => {
        const [who = '', what = ''] = line.split(' ');
        if (who === 'blob') told.blobs.add(what);
        else told.numbers.set(who, Number(what));
        told.writes++;
    });
    await once(lines, 'line');
    await setTimeout(afterMs);
    child.kill('SIGKILL');
    await once(child, 'close');
}

test(`after kill -9 at any moment everything acknowledged is there, and fits together (${KILLS} kills)`, async () => {
    await using parent = await temporaryFolder('crash');
    const folder = join(parent.path, 'store');
    const open = (create = false) =>
        OneInstance.open({
            ...alice,
            create,
            storage: EmbeddedBackend.open(folder, { create }),
            recipes: [NoteRecipe],
        });
    let bob: string;
    {
        await using one = await open(true);
        const person = { $type$: 'Person', email: 'bob@example.org' } as const;
        bob = (await one.objects.storeIdObject(person)).idHash;
        for (let writer = 0; writer < WRITERS / 2; writer++)
            await one.createAccess([
                { id: await one.microdata.idHash(note(String(writer), '')), person: [bob], mode: 'add' },
            ]);
    }
    const told: Told = { numbers: new Map(), blobs: new Set(), writes: 0 };
    let start = 1;
    for (let kill = 1; kill <= KILLS || told.writes < WRITES; kill++) {
        await killWhileWriting(folder, start, told, Math.random() * 150);
        await using one = await open();
        for (const [writer, number] of told.numbers) {
            const { obj, hash } = await one.objects.getObjectByIdHash(await one.microdata.idHash(note(writer, '')));
            // One more than was told may have reached the disk.
            expect(Number(obj['text'])).toBeGreaterThanOrEqual(number);
            start = Math.max(start, Number(obj['text']) + 1);
            if (Number(writer) < WRITERS / 2) expect(await one.accessible.has(bob, hash)).toBe(true);
        }
        for (const blob of told.blobs) expect(await one.blobs.has(blob)).toBe(true);
        if (kill % VERIFY_EVERY === 0) expect((await one.verify()).problems).toEqual([]);
    }
    await using one = await open();
    const report = await one.verify();
    expect(report.problems).toEqual([]);
    expect(report.journal).toBeGreaterThan(told.writes / WRITERS);
}, 1_200_000);
