import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NodeQueue } from './node-queue.ts';

test('the greatest depth is taken first, among equals what was added first', () => {
    const steps = fc.array(fc.option(fc.integer({ min: -1, max: 4 }), { nil: 'take' as const }), { maxLength: 40 });
    fc.assert(
        fc.property(steps, list => {
            const queue = new NodeQueue<{ depth: number; number: number }>();
            const open: { depth: number; number: number }[] = [];
            for (const [number, step] of list.entries()) {
                if (step !== 'take') {
                    queue.add({ depth: step, number });
                    open.push({ depth: step, number });
                } else {
                    open.sort((a, b) => b.depth - a.depth || a.number - b.number);
                    expect(queue.take()).toEqual(open.shift());
                }
                expect(queue.size).toBe(open.length);
            }
        }),
    );
});
