// Property tests: FC_SEED repeats a run (fast-check prints the seed of a failure), TEST_FULL asks for the long form.
import fc from 'fast-check';

const seed = process.env.FC_SEED;
fc.configureGlobal({
    ...(seed ? { seed: Number(seed) } : {}),
    numRuns: process.env.TEST_FULL ? 10_000 : 100,
});
