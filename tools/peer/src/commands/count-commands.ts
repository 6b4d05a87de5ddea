import type { OneInstance, Person, SHA256IdHash, Typed } from '@refinio/one.core';
import * as z from 'zod';
import { integer, name, persons, text } from './arguments.ts';
import { command, type Commands } from './command.ts';

const WAIT_MS = 60_000;
const MAX_TIMER_MS = 2_147_483_647;

export const countCommands: Commands = {
    counts: command({
        args: {},
        result: '{TYPE: {count, first, last}}',
        about: 'new objects since the start, own and received, with times in ms; BLOBs and CLOBs as BLOB, versions with their history',
        run: ({ counts }) => counts.all,
    }),
    'wait-count': command({
        args: {
            type: name,
            count: integer(0),
            base: integer(0).default(0),
            timeoutMs: integer(0, MAX_TIMER_MS).default(WAIT_MS),
        },
        result: '{count, first, last}',
        about: `when \`count\` beyond \`base\` were stored; fails after ${WAIT_MS} ms unless told otherwise`,
        run: ({ counts, end }, { type, count, base, timeoutMs }) =>
            counts.wait(type, base + count, timeoutMs, end.signal),
    }),
    'bench-store': command({
        args: {
            kind: z.enum(['unversioned', 'versioned'], '"unversioned" or "versioned"'),
            count: integer(1),
            from: integer(0).default(0),
            parallel: integer(1).default(1),
            sharePersons: persons.default([]),
            text: text.default('interop note'),
        },
        result: '{ms, first, last, firstHash, lastHash}',
        about: 'needs the recipes InteropNote and InteropRecord; `first` and `last` are times in ms',
        run: ({ one }, args) => benchStore(one, args),
    }),
};

interface BenchArguments {
    readonly kind: 'unversioned' | 'versioned';
    readonly count: number;
    readonly from: number;
    readonly parallel: number;
    readonly sharePersons: readonly SHA256IdHash<Person>[];
    readonly text: string;
}

async function benchStore(one: OneInstance, args: BenchArguments) {
    const { kind, count, from, parallel, sharePersons, text } = args;
    const hashes = new Map<number, string>();
    const store = async (i: number): Promise<void> => {
        const { hash, target } = await storeOne(one, kind, i, `${text} ${i}`);
        if (sharePersons.length > 0) await one.createAccess([{ ...target, person: sharePersons, mode: 'add' }]);
        hashes.set(i, hash);
    };
    const [first, begin] = [Date.now(), performance.now()];
    let next = from;
    const work = async (): Promise<void> => {
        while (next < from + count) await store(next++);
    };
    await Promise.all(Array.from({ length: Math.min(parallel, count) }, work));
    const ms = performance.now() - begin;
    return { ms, first, last: Date.now(), firstHash: hashes.get(from), lastHash: hashes.get(from + count - 1) };
}

/** Versions are granted with their ID: one alone would be part of no history where it arrives (spec 40 §5.1). */
async function storeOne({ objects }: OneInstance, kind: BenchArguments['kind'], i: number, text: string) {
    if (kind === 'unversioned') {
        const note = { $type$: 'InteropNote', seq: i, text };
        const { hash } = await objects.storeUnversionedObject(note satisfies Typed);
        return { hash, target: { object: hash } };
    }
    const record = { $type$: 'InteropRecord', id: `rec-${i}`, value: text, counter: i };
    const { hash, idHash } = await objects.storeVersionedObject(record satisfies Typed);
    return { hash, target: { id: idHash } };
}
