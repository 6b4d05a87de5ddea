import { spawnSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';

const program = fileURLToPath(new URL('main.ts', import.meta.url));
const committed = fileURLToPath(new URL('../../../libs/one-core/test-vectors/', import.meta.url));

function vectors(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@one/source', program, ...args], {
        encoding: 'utf8',
    });
    return { status, lines: stdout.trim().split('\n'), stderr };
}

test('runs all suites against the committed vectors', () => {
    const { status, lines, stderr } = vectors();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(lines).toEqual([
        expect.stringMatching(/^objects\.json: [1-9]\d\d passed, 0 failed$/),
        expect.stringMatching(/^crypto\.json: [1-9]\d passed, 0 failed$/),
        expect.stringMatching(/^instance-folder\.json: \d+ passed, 0 failed$/),
        expect.stringMatching(/^versions\.json: [1-9]\d passed, 0 failed$/),
        expect.stringMatching(/^access\.json: [1-9]\d passed, 0 failed$/),
        expect.stringMatching(/^chum-transcripts\.json: 41 passed, 0 failed$/),
        expect.stringMatching(/^chum-reactions\.json: 32 passed, 0 failed$/),
        expect.stringMatching(/^connections\.json: \d+ passed, 0 failed$/),
        expect.stringMatching(/^models\.json: [1-9]\d passed, 0 failed$/),
    ]);
});

test('runs against another folder, and tells what failed there', async () => {
    await using folder = await temporaryFolder('vectors');
    const file = join(folder.path, 'objects.json');
    await cp(join(committed, 'objects.json'), file);
    expect(vectors('--dir', folder.path)).toMatchObject({ status: 0, lines: [expect.stringMatching(/ 0 failed$/)] });

    await writeFile(
        file,
        (await readFile(file, 'utf8')).replaceAll('"<div itemscope itemtype=\\"//refin.io/Group', '"<p'),
    );
    const { status, lines } = vectors('--dir', folder.path);
    expect(status).toBe(1);
    expect(lines[0]).toMatch(/^objects\.json: \d+ passed, [1-9]\d* failed$/);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}serialize\/group: microdata is /));

    await writeFile(file, 'no JSON');
    expect(vectors('--dir', folder.path)).toMatchObject({
        status: 1,
        lines: ['objects.json: 0 passed, 1 failed', '  objects.json: It is no JSON.'],
    });
});

test('says what is wrong with its arguments', async () => {
    await using folder = await temporaryFolder('vectors');
    expect(vectors('--dir', folder.path)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('No vector file'),
    });
    expect(vectors('--dir', program)).toMatchObject({ status: 2, stderr: expect.stringContaining('No vector file') });
    expect(vectors('--dri', 'x')).toMatchObject({ status: 2, stderr: expect.stringContaining("'--dri'") });
    expect(vectors('--help')).toMatchObject({
        status: 0,
        lines: expect.arrayContaining(['npm run vectors [-- --dir DIR]']),
    });
});
