// What a store does with versioned objects, end to end: objects, version nodes, heads, journal, index of grants; and what the
// engine alone does with the same bytes.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { defineRecipe, OneInstance, type StorageBackend, type Typed, type Write } from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';

const { values } = parseArgs({
    options: { objects: { type: 'string', default: '20000' }, folder: { type: 'string', default: tmpdir() } },
});
const OBJECTS = Number(values.objects);
const BATCH = 1000;

const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Note',
    rule: [
        { itemprop: 'id', isId: true },
        { itemprop: 'text' },
        { itemprop: 'author', itemtype: { type: 'referenceToId', allowedTypes: ['Person'] } },
    ],
});

/** Remembers what is committed, and passes it on. */
function recording(inner: StorageBackend, commits: Write[][]): StorageBackend {
    return {
        blobs: inner.blobs,
        get: inner.get.bind(inner),
        getMany: inner.getMany.bind(inner),
        list: inner.list.bind(inner),
        keys: inner.keys.bind(inner),
        commit: writes => {
            commits.push([...writes]);
            return inner.commit(writes);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(inner[Symbol.asyncDispose]()),
    };
}

async function sizeOf(folder: string): Promise<number> {
    let size = 0;
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
        if (entry.isFile() && entry.name !== 'reserve') size += (await stat(join(entry.parentPath, entry.name))).size;
    return size;
}

async function perSecond(count: number, task: () => Promise<void>): Promise<number> {
    const start = performance.now();
    await task();
    return Math.round((count / (performance.now() - start)) * 1000);
}

const folder = await mkdtemp(join(values.folder, 'bench-store-'));
const rows: [string, string][] = [];
const row = (name: string, value: number | string, unit: string): void => {
    rows.push([name, `${typeof value === 'number' ? value.toLocaleString('en') : value} ${unit}`]);
    process.stdout.write(`${name.padEnd(64)}${rows.at(-1)?.[1]}\n`);
};
let made = 0;
let author = '';
const note = (): Typed =>
    ({
        $type$: 'Note',
        id: `note-${made++}`,
        text: `The quick brown fox jumps over the lazy dog, and does so for the ${made}th time today.`,
        author,
    }) as Typed;
try {
    const commits: Write[][] = [];
    const path = join(folder, 'store');
    const open = async (storage: Promise<StorageBackend>) =>
        OneInstance.open({ name: 'bench', email: 'bench@example.org', secret: 's', recipes: [NoteRecipe], storage });
    {
        await using one = await open(EmbeddedBackend.open(path, { create: true }));
        author = one.owner;
        row(
            'one by one, awaited',
            await perSecond(1000, async () => {
                for (let i = 0; i < 1000; i++) await one.objects.storeVersionedObject(note());
            }),
            'objects/s',
        );
        for (const writers of [16, 100])
            row(
                `${writers} writers, each awaiting its own`,
                await perSecond(writers * 200, async () => {
                    await Promise.all(
                        Array.from({ length: writers }, async () => {
                            for (let i = 0; i < 200; i++) await one.objects.storeVersionedObject(note());
                        }),
                    );
                }),
                'objects/s',
            );
    }
    {
        await using one = await open(EmbeddedBackend.open(path).then(inner => recording(inner, commits)));
        const before = await sizeOf(path);
        const delay = monitorEventLoopDelay({ resolution: 5 });
        delay.enable();
        let payload = 0;
        const rate = await perSecond(OBJECTS, async () => {
            for (let at = 0; at < OBJECTS; at += BATCH)
                await one.objects.transact(async objects => {
                    for (let i = 0; i < BATCH; i++) {
                        const { obj, idHash } = await objects.storeVersioned(note(), 'change');
                        if (at === 0) {
                            payload += one.microdata.write(obj).length + one.microdata.writeId(obj).length;
                            payload += (await objects.text((await objects.head(idHash)) ?? '')).length;
                        }
                    }
                });
        });
        delay.disable();
        row(`batches of ${BATCH}`, rate, 'objects/s');
        row(
            '… event-loop delay, p99 and longest',
            `${(delay.percentile(99) / 1e6).toFixed(0)}, ${(delay.max / 1e6).toFixed(0)}`,
            'ms',
        );
        const bytes = (await sizeOf(path)) - before;
        row(
            '… bytes on disk per object, and of its microdata',
            `${Math.round(bytes / OBJECTS)}, ${Math.round(payload / BATCH)}`,
            '',
        );
        const hashes: string[] = [];
        for await (const hash of one.objects.store.keys('vheads')) hashes.push(hash);
        const sample = Array.from({ length: 5000 }, (_, i) => hashes[(i * 7919) % hashes.length] ?? '');
        row(
            'current versions by ID',
            await perSecond(sample.length, async () => {
                for (const id of sample) await one.objects.head(id);
            }),
            'heads/s',
        );
        row(
            '… with their objects',
            await perSecond(sample.length, async () => {
                for (const id of sample)
                    if ((await one.objects.head(id)) !== undefined)
                        await one.objects.getObjectByIdHash(id).catch(() => undefined);
            }),
            'objects/s',
        );
    }
    {
        // The same commits without anything above the engine.
        await using raw = await EmbeddedBackend.open(join(folder, 'raw'), { create: true });
        const batches = commits.filter(writes => writes.length >= BATCH);
        row(
            'the engine alone with the same batches',
            await perSecond(OBJECTS, async () => {
                for (const writes of batches) await raw.commit(writes);
            }),
            'objects/s',
        );
    }
    const start = performance.now();
    await using one = await open(EmbeddedBackend.open(path));
    row(
        'opening it again',
        Math.round(performance.now() - start),
        `ms, with ${made.toLocaleString('en')} versioned objects (${one.id.slice(0, 4)}…)`,
    );
} finally {
    await rm(folder, { recursive: true });
}
