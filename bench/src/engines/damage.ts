// Changes one byte of a small store at a time and looks at what the engine makes of it.
import { cpSync, openSync, closeSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineVariant } from './engine.ts';
import { runChild } from './run-child.ts';
import type { DamageFindings } from './verify.ts';

const OBJECTS = 2_000;
/** Neither data nor log: texts for people, locks, and an index that is made anew after a crash. */
const IGNORED = ['LOG', 'LOG.old', 'LOCK', 'data.mdb-lock', 'store.db-shm'];

export type Outcome =
    | 'no effect'
    | 'error at open'
    | 'error at read'
    | 'error at read, silent elsewhere'
    | 'silent: wrong values only'
    | 'silent: newest objects lost'
    | 'silent: entries under other keys'
    | 'silent: entries lost'
    | 'crash'
    | 'does not end';

export interface DamageFigures {
    readonly data: Readonly<Partial<Record<Outcome, number>>>;
    readonly log: Readonly<Partial<Record<Outcome, number>>>;
    /** What was said, how often. */
    readonly messages: Readonly<Record<string, number>>;
    readonly trials: readonly string[];
}

/** @param flips half of them in logs, where the engine has any at rest */
export async function measureDamage(variant: EngineVariant, folder: string, flips: number): Promise<DamageFigures> {
    const [original, copy] = [join(folder, 'original'), join(folder, 'damaged')];
    await runChild('make-and-die', variant, original, OBJECTS);
    const files = readdirSync(original).filter(
        file => !IGNORED.includes(file) && statSync(join(original, file)).size > 0,
    );
    const logs = files.filter(file => variant.isLog(file));
    const figures = {
        data: {} as Partial<Record<Outcome, number>>,
        log: {} as Partial<Record<Outcome, number>>,
        messages: {} as Record<string, number>,
        trials: [] as string[],
    };
    for (let i = 0; i < flips; i++) {
        const part = logs.length > 0 && i % 2 === 1 ? 'log' : 'data';
        const choice = part === 'log' ? logs : files.filter(file => !logs.includes(file));
        const file = choice[Math.floor(Math.random() * choice.length)] ?? '';
        rmSync(copy, { recursive: true, force: true });
        cpSync(original, copy, { recursive: true });
        const at = changeByte(join(copy, file));
        const { outcome, message } = await judge(variant, copy);
        figures[part][outcome] = (figures[part][outcome] ?? 0) + 1;
        figures.trials.push(`${file}@${at}: ${outcome}`);
        if (message !== undefined) {
            const general = message.replaceAll(copy, '.').replaceAll(/\d{3,}/g, 'N');
            figures.messages[general] = (figures.messages[general] ?? 0) + 1;
        }
    }
    rmSync(copy, { recursive: true, force: true });
    return figures;
}

function changeByte(file: string): number {
    const at = Math.floor(Math.random() * statSync(file).size);
    const handle = openSync(file, 'r+');
    const byte = new Uint8Array(1);
    readSync(handle, byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 + Math.floor(Math.random() * 255));
    writeSync(handle, byte, 0, 1, at);
    closeSync(handle);
    return at;
}

async function judge(variant: EngineVariant, folder: string): Promise<{ outcome: Outcome; message?: string }> {
    const { output, errors, end } = await runChild('verify-after-damage', variant, folder, OBJECTS);
    if (end === 'does not end') return { outcome: end };
    const firstLine = /\w*Error: .*/.exec(errors)?.[0] ?? errors.split('\n')[0] ?? '';
    if (end !== 0 || output === '') return { outcome: 'crash', message: `${end} ${firstLine}` };
    const { openError, readError, missing, wrong, unknown, onlyTail } = JSON.parse(output) as DamageFindings;
    if (openError !== undefined) return { outcome: 'error at open', message: openError };
    const silent = missing + wrong + unknown > 0;
    if (readError !== undefined) {
        return { outcome: silent ? 'error at read, silent elsewhere' : 'error at read', message: readError };
    }
    if (!silent) return { outcome: 'no effect' };
    if (missing + unknown === 0) return { outcome: 'silent: wrong values only' };
    if (onlyTail) return { outcome: 'silent: newest objects lost' };
    return { outcome: unknown > 0 ? 'silent: entries under other keys' : 'silent: entries lost' };
}
