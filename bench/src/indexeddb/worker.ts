// The browser's side: a worker, as the one in which the web client keeps its store.
/// <reference lib="dom" />
import { defineRecipe, OneInstance, type StorageBackend, type Typed, type Write } from '@refinio/one.core';
import { IndexedDbBackend } from '@refinio/one.core/storage/indexeddb';

const SINGLE = 1000;
const [WRITERS, PER_WRITER] = [16, 100];
const BATCH = 1000;
const READS = 5000;
const MANY = 64;

const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Note',
    rule: [
        { itemprop: 'id', isId: true },
        { itemprop: 'text' },
        { itemprop: 'author', itemtype: { type: 'referenceToId', allowedTypes: ['Person'] } },
        { itemprop: 'topic', itemtype: { type: 'referenceToId', allowedTypes: ['*'] } },
    ],
});
/** Objects of a topic: as many entries its reverse map gets. */
const TOPIC = 100;

/** A row of the table: what was measured, the figure, its unit. */
export type Figure = readonly [name: string, value: number, unit: string];

export interface Question {
    readonly action: 'measure' | 'open';
    /** Also the name of the database. */
    readonly variant: 'encrypted' | 'plain';
    /** Objects that are stored in batches. */
    readonly objects: number;
}

async function measure({ variant, objects: count }: Question): Promise<Figure[]> {
    const figures: Figure[] = [];
    const row = (name: string, value: number, unit: string): void => {
        figures.push([name, value, unit]);
    };
    const commits: Write[][] = [];
    const hashes: string[] = [];
    const ids: string[] = [];
    {
        await using one = await openInstance(
            variant,
            IndexedDbBackend.open(variant, { create: true }).then(inner => recording(inner, commits)),
        );
        let made = 0;
        const note = (): Typed =>
            ({
                $type$: 'Note',
                id: `note-${made++}`,
                text: `The quick brown fox jumps over the lazy dog, and does so for the ${made}th time today.`,
                author: one.owner,
                topic: Math.floor(made / TOPIC)
                    .toString(16)
                    .padStart(64, '0'),
            }) as Typed;
        commits.length = 0;
        row(
            'one by one, awaited',
            await perSecond(SINGLE, async () => {
                for (let i = 0; i < SINGLE; i++) await one.objects.storeVersionedObject(note());
            }),
            'objects/s',
        );
        const single = commits.splice(0);
        row('… entries of a commit', entriesOf(single) / single.length, '');
        row(
            `${WRITERS} writers, each awaiting its own`,
            await perSecond(WRITERS * PER_WRITER, async () => {
                await Promise.all(
                    Array.from({ length: WRITERS }, async () => {
                        for (let i = 0; i < PER_WRITER; i++) await one.objects.storeVersionedObject(note());
                    }),
                );
            }),
            'objects/s',
        );
        row('… objects of a commit', (WRITERS * PER_WRITER) / commits.splice(0).length, '');
        const before = await usage();
        let longest = 0;
        row(
            `batches of ${BATCH}`,
            await perSecond(count, async () => {
                for (let at = 0; at < count; at += BATCH) {
                    const start = performance.now();
                    await one.objects.transact(async objects => {
                        for (let i = 0; i < BATCH; i++) {
                            const { hash, idHash } = await objects.storeVersioned(note(), 'change');
                            hashes.push(hash);
                            ids.push(idHash);
                        }
                    });
                    longest = Math.max(longest, performance.now() - start);
                }
            }),
            'objects/s',
        );
        row('… longest batch', longest, 'ms');
        row('… bytes on disk per object', ((await usage()) - before) / count, '');
        await using raw = await IndexedDbBackend.open(`${variant}-raw`, { create: true });
        row(
            'the engine alone: the same single commits',
            await perSecond(single.length, async () => {
                for (const writes of single) await raw.commit(writes);
            }),
            'commits/s',
        );
        row(
            '… and the same batches',
            await perSecond(count, async () => {
                for (const writes of commits.filter(({ length }) => length >= BATCH)) await raw.commit(writes);
            }),
            'objects/s',
        );
    }
    const start = performance.now();
    await using one = await openInstance(variant, IndexedDbBackend.open(variant));
    row('opening it again', performance.now() - start, 'ms');
    const sampleOf = (all: readonly string[]) =>
        Array.from({ length: READS }, (_, i) => all[(i * 7919) % all.length] ?? '');
    const [hashSample, idSample] = [sampleOf(hashes), sampleOf(ids)];
    row(
        'objects by hash, one by one',
        await perSecond(READS, async () => {
            for (const hash of hashSample) await one.objects.text(hash);
        }),
        'objects/s',
    );
    row(
        `… ${MANY} at once`,
        await perSecond(READS, async () => {
            for (let at = 0; at < READS; at += MANY)
                await one.objects.store.getMany('objects', hashSample.slice(at, at + MANY));
        }),
        'objects/s',
    );
    row(
        'current versions by ID',
        await perSecond(READS, async () => {
            for (const id of idSample) await one.objects.head(id);
        }),
        'heads/s',
    );
    row(
        '… with their objects',
        await perSecond(READS, async () => {
            for (const id of idSample) await one.objects.getObjectByIdHash(id);
        }),
        'objects/s',
    );
    return figures;
}

/** The first opening of a browser that was just started. */
async function open({ variant }: Question): Promise<Figure[]> {
    const start = performance.now();
    await using _one = await openInstance(variant, IndexedDbBackend.open(variant));
    return [['… after the browser was started again', performance.now() - start, 'ms']];
}

function openInstance(variant: Question['variant'], storage: Promise<StorageBackend>): Promise<OneInstance> {
    return OneInstance.open({
        name: 'bench',
        email: 'bench@example.org',
        secret: 's',
        recipes: [NoteRecipe],
        initiallyEnabledReverseMapTypes: new Map([['Note', new Set(['*'])]]),
        storage,
        // Encrypted is what browsers do by default.
        ...(variant === 'plain' && { encryptStorage: false }),
    });
}

/** Remembers what is committed, and passes it on. */
function recording(inner: StorageBackend, commits: Write[][]): StorageBackend {
    return {
        blobs: inner.blobs,
        get: inner.get.bind(inner),
        getMany: inner.getMany.bind(inner),
        list: inner.list.bind(inner),
        keys: inner.keys.bind(inner),
        readsBehindCommits: inner.readsBehindCommits === true,
        commit: writes => {
            commits.push([...writes]);
            return inner.commit(writes);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(inner[Symbol.asyncDispose]()),
    };
}

function entriesOf(commits: readonly (readonly Write[])[]): number {
    return commits.reduce((sum, writes) => sum + writes.length, 0);
}

async function perSecond(count: number, task: () => Promise<void>): Promise<number> {
    const start = performance.now();
    await task();
    return (count / (performance.now() - start)) * 1000;
}

async function usage(): Promise<number> {
    return (await navigator.storage.estimate()).usage ?? 0;
}

globalThis.onmessage = ({ data }: MessageEvent<Question>) =>
    void (data.action === 'measure' ? measure(data) : open(data)).then(
        figures => postMessage({ figures }),
        (error: unknown) => postMessage({ error: String(error) }),
    );
