// One task with one engine, in a process that may be killed or crash: node child.ts TASK VARIANT FOLDER NUMBER...
import { existsSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { measureReads, measureWrites } from './measure.ts';
import { variantNamed } from './variants.ts';
import { CRASH_BATCH, describe, verifyAfterCrash, verifyAfterDamage } from './verify.ts';
import { entriesOf, lastObject } from './workload.ts';

const [task = '', name = '', folder = '', ...numbers] = process.argv.slice(2);
const [first = 0, second = 0] = numbers.map(Number);
const variant = variantNamed(name);

/** Commits after there is room again: what a failed one left behind must not spoil them. */
const WRITES_WITH_ROOM = 50;

/** Writes past anything that buffers: what the parent has read is what was acknowledged. */
const say = (line: string) => writeSync(1, `${line}\n`);
const report = (result: unknown) => say(JSON.stringify(result));

const batch = (from: number, size: number) => Array.from({ length: size }, (_, i) => entriesOf(from + i)).flat();

switch (task) {
    case 'measure-writes':
        report(await measureWrites(variant, folder, first, second));
        break;
    case 'measure-reads':
        report(await measureReads(variant, folder, first));
        break;
    case 'write-until-killed':
        await writeUntilKilled(await variant.open(folder));
        break;
    case 'verify-after-crash': {
        const engine = await variant.open(folder);
        report(await verifyAfterCrash(engine, first, second));
        await engine.close();
        break;
    }
    case 'make-and-die':
        await makeAndDie(await variant.open(folder), first);
        break;
    case 'verify-after-damage':
        report(await verifyAfterDamage(variant, folder, first));
        // Whether closing a damaged store works is not the question.
        process.exit(0);
        break;
    case 'fill-disk':
        report(await fillDisk(await variant.open(folder), join(folder, '../ballast')));
        process.exit(0);
        break;
    case 'use-read-only':
        report(await useReadOnly());
        process.exit(0);
        break;
    default:
        throw new Error(`There is no task "${task}"`);
}

async function writeUntilKilled(engine: Engine): Promise<never> {
    for (let number = (await lastObject(engine, first)) + 1; ; number += CRASH_BATCH) {
        await engine.write(batch(number, CRASH_BATCH));
        say(String(number + CRASH_BATCH));
    }
}

/** A store of which three quarters are in data files and a quarter, commit by commit, came after that. */
async function makeAndDie(engine: Engine, objects: number): Promise<void> {
    const settled = objects * 0.75;
    for (let number = 0; number < settled; number += 100) await engine.write(batch(number, 100));
    await engine.compact();
    for (let number = settled; number < objects; number += CRASH_BATCH) await engine.write(batch(number, CRASH_BATCH));
    process.kill(process.pid, 'SIGKILL');
}

/** Writes until there is an error, makes room at once, and writes on. */
async function fillDisk(engine: Engine, ballast: string) {
    let acknowledged = 0;
    const unhandled: string[] = [];
    process.on('unhandledRejection', error => unhandled.push(describe(error)));
    const write = async () => {
        await engine.write(batch(acknowledged, CRASH_BATCH));
        acknowledged += CRASH_BATCH;
    };
    const writeOn = async () => {
        for (let i = 0; i < WRITES_WITH_ROOM; i++) await write();
        return 'works';
    };
    let full: string | undefined;
    while (full === undefined) await write().catch((error: unknown) => (full = describe(error)));
    rmSync(ballast);
    const withRoom = await writeOn().catch(describe);
    const closed = await engine.close().then(() => 'works', describe);
    return { acknowledged, full, withRoom, closed, unhandled };
}

async function useReadOnly() {
    if (!existsSync(folder)) throw new Error(`${folder} does not exist`);
    try {
        const engine = await variant.open(folder);
        const read = engine.get(entriesOf(0)[0]?.key ?? new Uint8Array()) === undefined ? 'nothing' : 'works';
        const write = await engine.write(batch(0, 1)).then(() => 'works', describe);
        return { open: 'works', read, write };
    } catch (error) {
        return { open: describe(error) };
    }
}
