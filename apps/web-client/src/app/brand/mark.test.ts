import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { MARK } from './mark.ts';

test('the favicon shows the same mark as the page', () => {
    expect(readFileSync('public/favicon.svg', 'utf8')).toContain(`d="${MARK}"`);
});
