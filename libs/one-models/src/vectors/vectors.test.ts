import { readFileSync } from 'node:fs';
import { describe, test } from '@jest/globals';
import { vectorSuites } from './index.ts';

describe.each(vectorSuites)('$file', suite => {
    const vectors = readFileSync(new URL(`../../test-vectors/${suite.file}`, import.meta.url), 'utf8');
    test.each(suite.cases(JSON.parse(vectors)))('$name', async ({ run }) => {
        await run();
    });
});
