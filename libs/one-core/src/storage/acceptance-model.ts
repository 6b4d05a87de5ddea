// Random commits against a backend and against a model in memory, for tests with fast-check.
import fc from 'fast-check';
import { contentsOf, type StorageUnderTest } from './acceptance.ts';
import { MemoryBackend } from './memory/memory-backend.ts';
import type { StorageBackend, Write } from './storage-backend.ts';

type Step = { readonly type: 'reopen' } | { readonly type: 'commit'; readonly writes: readonly Partial<Write>[] };

const key = fc.constantFrom('a', 'b', 'c.d', 'a'.repeat(64), 'b'.repeat(64));
const value = fc.uint8Array({ maxLength: 40 });
const space = fc.constantFrom('objects' as const, 'vheads' as const, 'private' as const, 'state' as const);
const write = fc.oneof(
    fc.record({ type: fc.constant('put' as const), space, key, value }),
    fc.record({ type: fc.constant('delete' as const), space, key }),
    fc.record({ type: fc.constant('append' as const), space: fc.constant('logs' as const), key, value }),
    fc.record({ type: fc.constant('trim' as const), space: fc.constant('logs' as const), key, before: fc.nat(60) }),
);

/** Commits of all kinds of writes, and closing in between. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
        { arbitrary: fc.record({ type: fc.constant('reopen' as const) }), weight: 1 },
        {
            arbitrary: fc.record({
                type: fc.constant('commit' as const),
                writes: fc.uniqueArray(write, { maxLength: 8, selector: ({ space, key }) => `${space}/${key}` }),
            }),
            weight: 5,
        },
    ),
    { maxLength: 12 },
);

/** Fails if the backend ends with other contents than the model. */
export async function checkAgainstModel(
    place: StorageUnderTest,
    steps: readonly Step[],
    durable = true,
): Promise<void> {
    const model = new MemoryBackend();
    let backend: StorageBackend = await place.open();
    let number = 0;
    try {
        for (const step of steps) {
            if (step.type === 'reopen') {
                if (!durable) continue;
                await backend[Symbol.asyncDispose]();
                backend = await place.open();
                continue;
            }
            const writes = step.writes.map(
                write => (write.type === 'append' ? { ...write, number: number++ } : write) as Write,
            );
            await model.commit(writes);
            await backend.commit(writes);
        }
        const [actual, expected] = [JSON.stringify(await sorted(backend)), JSON.stringify(await sorted(model))];
        if (actual !== expected) throw new Error(`expected is ${expected}, got ${actual}`);
    } finally {
        await backend[Symbol.asyncDispose]();
    }
}

async function sorted(backend: StorageBackend): Promise<[string, string][]> {
    return Object.entries(await contentsOf(backend)).sort(([a], [b]) => (a < b ? -1 : 1));
}
