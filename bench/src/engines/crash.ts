// Kills a writing process again and again, each time on the store the one before left behind.
import { join } from 'node:path';
import type { EngineVariant } from './engine.ts';
import { resultOf, runChild, startChild } from './run-child.ts';
import type { CrashFindings } from './verify.ts';

const LONGEST_RUN_MS = 1_500;

export interface CrashFigures {
    readonly kills: number;
    readonly objects: number;
    /** Objects found beyond the last acknowledged one: committed, but the process died before it could say so. */
    readonly unacknowledged: number;
    readonly faults: readonly string[];
}

export async function measureCrashes(variant: EngineVariant, folder: string, kills: number): Promise<CrashFigures> {
    const store = join(folder, 'killed');
    const faults: string[] = [];
    let objects = 0;
    let unacknowledged = 0;
    for (let round = 0; round < kills; round++) {
        const acknowledged = Math.max(objects, await writeAndKill(variant, store, objects));
        const found = await resultOf<CrashFindings>('verify-after-crash', variant, store, objects, acknowledged);
        faults.push(...found.faults);
        unacknowledged += found.objects - acknowledged;
        objects = found.objects;
    }
    // Everything of all rounds, once more.
    const { output, errors } = await runChild('verify-after-crash', variant, store, 0, objects);
    faults.push(...(output === '' ? [errors] : (JSON.parse(output) as CrashFindings).faults));
    return { kills, objects, unacknowledged, faults };
}

async function writeAndKill(variant: EngineVariant, store: string, from: number): Promise<number> {
    const writer = startChild('write-until-killed', variant, store, from);
    const ended = new Promise(resolve => writer.on('close', resolve));
    let [output, errors] = ['', ''];
    writer.stderr?.on('data', (data: Buffer) => (errors += data.toString()));
    await new Promise<void>(resolve => {
        writer.stdout?.on('data', (data: Buffer) => {
            output += data.toString();
            resolve();
        });
        writer.on('close', () => resolve());
    });
    if (output === '') throw new Error(`${variant.name} cannot be opened after a crash: ${errors}`);
    setTimeout(() => writer.kill('SIGKILL'), Math.random() * LONGEST_RUN_MS);
    await ended;
    return Number(output.split('\n').at(-2));
}
