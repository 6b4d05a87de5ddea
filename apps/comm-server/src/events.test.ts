import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { METRICS } from './events.ts';

test.each(METRICS)('operators can read what $name means', ({ name }) => {
    const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    expect(text).toContain(name);
});
