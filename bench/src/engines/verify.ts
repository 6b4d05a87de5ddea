import type { Engine, EngineVariant } from './engine.ts';
import { afterAllKeys, ENTRIES_PER_OBJECT, entriesOf, firstKey, lastObject } from './workload.ts';

/** Objects that a crash test writes with one commit. */
export const CRASH_BATCH = 10;

export interface CrashFindings {
    /** Objects that are there, all of them completely. */
    readonly objects: number;
    /** What is not as promised: acknowledged and lost, or written by halves. */
    readonly faults: readonly string[];
}

/** @param acknowledged number of objects that must be there; those below `from` were looked at before */
export async function verifyAfterCrash(engine: Engine, from: number, acknowledged: number): Promise<CrashFindings> {
    const faults: string[] = [];
    const objects = (await lastObject(engine, Math.max(0, from - CRASH_BATCH))) + 1;
    if (objects < acknowledged)
        faults.push(`${acknowledged} objects were acknowledged, the journal ends at ${objects}`);
    if (objects % CRASH_BATCH !== 0) faults.push(`the journal ends at ${objects}, within a batch`);
    for (let number = from; number < objects; number++) {
        if (!entriesOf(number).every(({ key, value }) => same(engine.get(key), value))) faults.push(`object ${number}`);
    }
    for (let number = objects; number < objects + CRASH_BATCH; number++) {
        if (entriesOf(number).some(({ key }) => engine.get(key) !== undefined))
            faults.push(`a part of object ${number}`);
    }
    return { objects, faults };
}

export interface DamageFindings {
    /** The first error of each step, when there was one. */
    readonly openError?: string;
    readonly readError?: string;
    /** Entries that were not found and entries that were found with other bytes, both without an error. */
    readonly missing: number;
    readonly wrong: number;
    /** Entries under keys that nobody wrote. */
    readonly unknown: number;
    /** The only loss is that of the newest objects: as if they had never been written. */
    readonly onlyTail: boolean;
}

/** Opens a store of which all contents are known, reads everything by key and in order, and compares. */
export async function verifyAfterDamage(
    variant: EngineVariant,
    folder: string,
    objects: number,
): Promise<DamageFindings> {
    const clean = { missing: 0, wrong: 0, unknown: 0, onlyTail: false };
    let engine: Engine;
    try {
        engine = await variant.open(folder);
    } catch (error) {
        return { ...clean, openError: describe(error) };
    }
    const entries = Array.from({ length: objects }, (_, number) => entriesOf(number)).flat();
    const expected = new Map(entries.map(({ key, value }) => [hex(key), value]));
    const missing = new Set<string>();
    const wrong = new Set<string>();
    const unknown = new Set<string>();
    let readError: string | undefined;
    const judge = (key: string, value: Uint8Array | undefined) => {
        const wanted = expected.get(key);
        if (wanted === undefined) unknown.add(key);
        else if (value === undefined) missing.add(key);
        else if (!same(value, wanted)) wrong.add(key);
    };
    for (const { key } of entries) {
        try {
            judge(hex(key), engine.get(key));
        } catch (error) {
            readError ??= describe(error);
        }
    }
    try {
        const scanned = new Set<string>();
        for await (const piece of engine.range(firstKey, afterAllKeys)) {
            for (const { key, value } of piece) {
                judge(hex(key), value);
                scanned.add(hex(key));
            }
        }
        for (const key of expected.keys()) if (!scanned.has(key)) missing.add(key);
    } catch (error) {
        readError ??= describe(error);
    }
    return {
        ...(readError === undefined ? {} : { readError }),
        missing: missing.size,
        wrong: wrong.size,
        unknown: unknown.size,
        onlyTail: wrong.size + unknown.size === 0 && isTail(entries.map(({ key }) => missing.has(hex(key)))),
    };
}

/** Whether whole objects are missing, and all after the first of them. */
function isTail(missing: readonly boolean[]): boolean {
    const first = missing.indexOf(true);
    return first !== -1 && first % ENTRIES_PER_OBJECT === 0 && missing.slice(first).every(Boolean);
}

export function describe(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    const codes = ['code', 'errcode']
        .flatMap(name => (name in error ? [String(Reflect.get(error, name))] : []))
        .join(' ');
    const cause = error.cause === undefined ? '' : ` (${describe(error.cause)})`;
    return `${codes === '' ? '' : `[${codes}] `}${error.message}${cause}`;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

function same(bytes: Uint8Array | undefined, wanted: Uint8Array): boolean {
    return bytes !== undefined && Buffer.compare(bytes, wanted) === 0;
}
