import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { APP_VERSION } from './app-version.ts';

test('the version in the page is that of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(APP_VERSION).toBe(version);
});
