import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { storageAcceptance, type StorageUnderTest } from './acceptance.ts';
import { checkAgainstModel, steps } from './acceptance-model.ts';
import { MemoryBackend } from './memory/memory-backend.ts';

const inMemory = (): Promise<StorageUnderTest> =>
    Promise.resolve({
        open: () => Promise.resolve(new MemoryBackend()),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    });

describe('MemoryBackend', () => {
    test.each(storageAcceptance(inMemory, { durable: false }))('$name', async ({ run }) => {
        await run();
    });
});

test('the comparison with the model finds a store that forgets', async () => {
    class Forgetful extends MemoryBackend {
        override commit(writes: Parameters<MemoryBackend['commit']>[0]): Promise<void> {
            return super.commit(writes.filter(({ type }) => type !== 'trim'));
        }
    }
    const place = async () => ({ ...(await inMemory()), open: () => Promise.resolve(new Forgetful()) });
    const check = fc.check(
        fc.asyncProperty(steps, async made => checkAgainstModel(await place(), made, false)),
        { numRuns: 500 },
    );
    expect((await check).failed).toBe(true);
});
