import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { completeLock } from '../lock-entries.mjs';
import { explainInstallFailure } from '../explain-install-failure.mjs';

type Entry = Record<string, unknown>;
const lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
    readonly packages: Record<string, Entry>;
};

describe('package-lock.json', () => {
    test('is complete: `npm ci` accepts it on every platform', () => {
        expect(completeLock(structuredClone(lock.packages))).toBe(0);
    });

    test('says the same as each package.json', () => {
        const ours = Object.keys(lock.packages).filter(location => !location.includes('node_modules'));
        for (const location of ours) {
            const file = new URL(`../../../${location === '' ? '' : `${location}/`}package.json`, import.meta.url);
            const manifest = JSON.parse(readFileSync(file, 'utf8')) as Entry;
            for (const field of ['dependencies', 'devDependencies', 'optionalDependencies']) {
                expect([location, field, lock.packages[location]?.[field]]).toEqual([location, field, manifest[field]]);
            }
        }
    });

    test('names no registry', () => {
        const resolved = Object.values(lock.packages)
            .filter(({ link }) => link !== true)
            .flatMap(entry => entry['resolved'] ?? []);
        expect(resolved).toEqual([]);
    });

    test('is asked for exactly: no range in any package.json of ours', () => {
        const ours = Object.entries(lock.packages).filter(([location]) => !location.includes('node_modules'));
        const ranges = ours.flatMap(([location, { dependencies, devDependencies, optionalDependencies }]) =>
            Object.entries({
                ...(dependencies as Entry),
                ...(devDependencies as Entry),
                ...(optionalDependencies as Entry),
            })
                .filter(
                    ([name, version]) => !/^\d+\.\d+\.\d+/.test(String(version)) && !/^@(lama|refinio)\//.test(name),
                )
                .map(([name, version]) => `${location}: ${name}@${String(version)}`),
        );
        expect(ranges).toEqual([]);
    });
});

test('an optional package of another platform gets an entry with its system and processor', () => {
    const packages = {
        '': {},
        'node_modules/tool': {
            version: '1.0.0',
            dev: true,
            optionalDependencies: { '@tool/darwin-arm64': '1.0.0', 'tool-x': '^1.0.0' },
        },
    };
    expect(completeLock(packages)).toBe(1);
    expect(packages).toHaveProperty(['node_modules/@tool/darwin-arm64'], {
        version: '1.0.0',
        cpu: ['arm64'],
        dev: true,
        optional: true,
        os: ['darwin'],
    });
});

describe('a failed install is explained in a sentence', () => {
    test.each([
        [
            'npm error code ENOTFOUND\nnpm error network request to http://x failed',
            /^Cannot install the packages\. The package registry cannot be reached/,
        ],
        ['npm error code ENOSPC', /The disk is full/],
        ['npm error code EACCES', /cannot be written/],
        ['npm error code EUSAGE\nnpm error Missing: a@1 from lock file', /npm install && npm run lock/],
        ['npm error strange\nsecond line', /npm says:\nnpm error strange\nsecond line$/],
        ['', /npm says:\n\(nothing\)$/],
    ])('%j', (output, sentence) => {
        expect(explainInstallFailure(output)).toMatch(sentence);
    });
});
