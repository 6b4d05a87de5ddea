// What one engine costs: runs in a process of its own and prints one line of JSON.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance, monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Engine, EngineVariant, Entry } from './engine.ts';
import { entriesOf, journalEnd, journalStart, keysReadBefore, objectKey, payloadBytes } from './workload.ts';

const BATCH = 1_000;
const WRITERS = 16;
const LOOKUPS = 100_000;
const MANY = 64;
const OBJECTS_PER_TURN = 20;
/** The rate at the start and at the end of a load is of this part of it. */
const END_PART = 0.05;

export interface Delay {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
}

export interface WriteFigures {
    readonly singlePerSecond: number;
    readonly singleP99Ms: number;
    readonly groupedPerSecond: number;
    readonly objectsPerSync: number;
    readonly load: LoadFigures;
}

export interface LoadFigures {
    readonly objects: number;
    readonly seconds: number;
    readonly firstPerSecond: number;
    readonly lastPerSecond: number;
    /** Longest time one batch took. */
    readonly maxBatchMs: number;
    readonly delayMs: Delay;
    readonly payloadMB: number;
    /** What the engine handed to the operating system during the load: a page of a tree is counted whole, as it is written. */
    readonly writtenMB: number;
    readonly diskMB: { readonly written: number; readonly closed: number; readonly compacted: number };
    readonly compactSeconds: number;
    readonly rssMB: { readonly total: number; readonly own: number };
}

export interface ReadFigures {
    readonly openMs: number;
    readonly hitMicroseconds: number;
    readonly missMicroseconds: number;
    readonly manyMicroseconds: number;
    readonly scanPerSecond: number;
    readonly delayMs: Delay;
    readonly rssMB: { readonly total: number; readonly own: number };
}

export async function measureWrites(variant: EngineVariant, folder: string, objects: number, seconds: number) {
    const small = await variant.open(join(folder, 'small'));
    const single = await writeSingly(small, seconds);
    const grouped = await writeGrouped(small, single.objects, seconds);
    await small.close();

    const payload = payloadBytes(entriesOf(1)) * objects;
    const loaded = join(folder, 'loaded');
    let engine = await variant.open(loaded);
    const before = bytesWritten();
    const load = await writeBatches(engine, objects);
    const writtenMB = (bytesWritten() - before) / 1e6;
    const rssMB = residentMB();
    const written = diskMB(loaded);
    await engine.close();
    const closed = diskMB(loaded);
    engine = await variant.open(loaded);
    const start = performance.now();
    await engine.compact();
    const compactSeconds = (performance.now() - start) / 1_000;
    await engine.close();
    const figures: WriteFigures = {
        singlePerSecond: single.perSecond,
        singleP99Ms: single.p99,
        ...grouped,
        load: {
            ...load,
            payloadMB: payload / 1e6,
            writtenMB,
            diskMB: { written, closed, compacted: diskMB(loaded) },
            compactSeconds,
            rssMB,
        },
    };
    return figures;
}

/** Stores one object after the other, each awaited. */
async function writeSingly(engine: Engine, seconds: number) {
    const times: number[] = [];
    const end = performance.now() + seconds * 1_000;
    for (let now = performance.now(); now < end;) {
        const entries = entriesOf(times.length);
        for (const key of keysReadBefore(times.length)) engine.get(key);
        await engine.write(entries);
        const then = performance.now();
        times.push(then - now);
        now = then;
    }
    times.sort((a, b) => a - b);
    return {
        objects: times.length,
        perSecond: times.length / seconds,
        p99: times[Math.floor(times.length * 0.99)] ?? 0,
    };
}

/** Writers at the same time: all that waits is one batch as soon as the batch before it is durable. */
async function writeGrouped(engine: Engine, firstNumber: number, seconds: number) {
    let syncs = 0;
    let next = firstNumber;
    let waiting: Entry[] = [];
    let following: Promise<void> | undefined;
    let current: Promise<void> = Promise.resolve();
    const flush = async () => {
        await current.catch(() => undefined);
        const batch = waiting;
        waiting = [];
        following = undefined;
        syncs++;
        current = engine.write(batch);
        await current;
    };
    const commit = (entries: readonly Entry[]) => {
        waiting.push(...entries);
        return (following ??= flush());
    };
    const end = performance.now() + seconds * 1_000;
    const writer = async () => {
        while (performance.now() < end) {
            const number = next++;
            for (const key of keysReadBefore(number)) engine.get(key);
            await commit(entriesOf(number));
        }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
    const written = next - firstNumber;
    return { groupedPerSecond: written / seconds, objectsPerSync: written / syncs };
}

/** Fills a store; only the time in the engine counts, making the objects is the same for all. */
async function writeBatches(engine: Engine, objects: number) {
    const times: number[] = [];
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const total = performance.now();
    for (let first = 0; first < objects; first += BATCH) {
        const entries: Entry[] = [];
        let time = 0;
        // As in a peer: between a few objects others get their turn.
        for (let number = first; number < first + BATCH; number++) {
            if (number % OBJECTS_PER_TURN === 0) await setImmediate();
            entries.push(...entriesOf(number));
            const keys = keysReadBefore(number);
            const start = performance.now();
            for (const key of keys) engine.get(key);
            time += performance.now() - start;
        }
        await setImmediate();
        const start = performance.now();
        await engine.write(entries);
        times.push(time + performance.now() - start);
    }
    delay.disable();
    const part = Math.max(1, Math.round(times.length * END_PART));
    const rate = (of: readonly number[]) => (of.length * BATCH * 1_000) / of.reduce((sum, time) => sum + time, 0);
    return {
        objects,
        seconds: (performance.now() - total) / 1_000,
        firstPerSecond: rate(times.slice(0, part)),
        lastPerSecond: rate(times.slice(-part)),
        maxBatchMs: Math.max(...times),
        delayMs: milliseconds(delay),
    };
}

/** @param objects that are in the store below the folder */
export async function measureReads(variant: EngineVariant, folder: string, objects: number): Promise<ReadFigures> {
    const started = performance.now();
    const engine = await variant.open(join(folder, 'loaded'));
    engine.get(objectKey(0));
    const openMs = performance.now() - started;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const random = (below: number, i: number) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) % below;
    const hitMicroseconds = await lookUp(engine, i => random(objects, i), true);
    const missMicroseconds = await lookUp(engine, i => objects + i, false);
    const manyMicroseconds = await lookUpMany(engine, i => random(objects, i));
    const scanPerSecond = await scan(engine, objects);
    delay.disable();
    const figures = {
        openMs,
        hitMicroseconds,
        missMicroseconds,
        manyMicroseconds,
        scanPerSecond,
        delayMs: milliseconds(delay),
        rssMB: residentMB(),
    };
    await engine.close();
    return figures;
}

async function lookUp(engine: Engine, number: (i: number) => number, expected: boolean): Promise<number> {
    let time = 0;
    for (let i = 0; i < LOOKUPS;) {
        const keys = Array.from({ length: MANY }, () => objectKey(number(i++)));
        const start = performance.now();
        for (const key of keys) {
            if ((engine.get(key) !== undefined) !== expected)
                throw new Error('The store has not what was written to it');
        }
        time += performance.now() - start;
        await setImmediate();
    }
    return (time * 1_000) / LOOKUPS;
}

async function lookUpMany(engine: Engine, number: (i: number) => number): Promise<number> {
    const rounds = LOOKUPS / 100;
    let time = 0;
    for (let i = 0; i < rounds; i++) {
        const keys = Array.from({ length: MANY }, (_, j) => objectKey(number(LOOKUPS + i * MANY + j)));
        const start = performance.now();
        const values = await engine.getMany(keys);
        time += performance.now() - start;
        if (values.includes(undefined)) throw new Error('The store has not what was written to it');
        await setImmediate();
    }
    return (time * 1_000) / rounds;
}

async function scan(engine: Engine, objects: number): Promise<number> {
    const start = performance.now();
    let count = 0;
    for await (const piece of engine.range(journalStart, journalEnd)) count += piece.length;
    if (count !== objects) throw new Error(`The journal has ${count} entries instead of ${objects}`);
    return (count * 1_000) / (performance.now() - start);
}

function milliseconds(delay: ReturnType<typeof monitorEventLoopDelay>): Delay {
    const ms = (ns: number) => Math.max(0, ns / 1e6 - 1);
    return { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
}

function diskMB(folder: string): number {
    const sizes = readdirSync(folder).map(file => statSync(join(folder, file)).blocks * 512);
    return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}

function bytesWritten(): number {
    return Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 'NaN');
}

/** What is resident, and the part of it that is not a mapped file. */
function residentMB() {
    const own = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 'NaN';
    return { total: process.memoryUsage.rss() / 1e6, own: (Number(own) * 1_024) / 1e6 };
}
