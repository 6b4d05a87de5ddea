// Federations of some instances, each run a function of its seed: everything happens in virtual time (simulation/).
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { actions, Federation, type Step } from './simulation/federation.ts';
import { beginVirtualTime, endVirtualTime } from './simulation/virtual-time.ts';

const full = Boolean(process.env['TEST_FULL']);

/** More writes and grants than disturbances. */
const action = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...actions) },
    { weight: 1, arbitrary: fc.constantFrom<Step['action']>('revoke', 'spy', 'kill', 'start') },
    { weight: 3, arbitrary: fc.constantFrom<Step['action']>('note', 'doc', 'count', 'grow') },
    { weight: 3, arbitrary: fc.constantFrom<Step['action']>('grantId', 'grantId', 'grantObject', 'connect') },
);
const step: fc.Arbitrary<Step> = fc.record({
    action,
    at: fc.nat(5),
    to: fc.nat(5),
    seed: fc.nat(),
    pause: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(5_000)),
});
const federation = fc.record({
    // Most are small: more of them are tried.
    size: fc.constantFrom(2, 2, 3, 3, 4, 6),
    seed: fc.nat(),
    hub: fc.oneof(fc.constant(false), fc.boolean()),
    steps: fc.array(step, { minLength: 8, maxLength: 50, size: 'max' }),
});

/** Attempts to find a shorter run that fails as well. */
const SHRINKS = 200;

test(
    'a federation shares what is granted, tells nothing else, and comes to rest',
    async () => {
        const property = fc.asyncProperty(fc.limitShrink(federation, SHRINKS), async ({ steps, ...options }) => {
            const federation = await Federation.create(options);
            await federation.run(steps);
            await federation.heal();
            await federation.check();
            expect(federation.problems).toEqual([]);
        });
        await fc.assert(property, { plugins: [fc.beforeEach(beginVirtualTime), fc.afterEach(endVirtualTime)] });
    },
    full ? 3_600_000 : 300_000,
);
