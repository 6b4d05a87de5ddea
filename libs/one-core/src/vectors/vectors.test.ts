import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { chumTranscriptsSuite } from './chum-transcripts-suite.ts';
import { vectorSuites } from './suites.ts';
import { runVectorSuite } from './vector-suite.ts';

function read(file: string): unknown {
    return JSON.parse(readFileSync(new URL(`../../test-vectors/${file}`, import.meta.url), 'utf8'));
}

describe.each(vectorSuites)('$file', suite => {
    test.each(suite.cases(read(suite.file)))('$name', async ({ run }) => {
        await run();
    });
});

describe('a suite can fail', () => {
    const [objects] = vectorSuites;
    if (objects === undefined) throw new Error('there is no suite');

    test('when what is recorded differs', async () => {
        const vectors = read('objects.json') as { serialize: { microdata: string }[] };
        for (const example of vectors.serialize) example.microdata = example.microdata.replace('a', 'b');
        const { passed, failures } = await runVectorSuite(objects, vectors);
        expect(passed).toBeGreaterThan(200);
        expect(failures.length).toBeGreaterThan(100);
    });

    test('when a connection went another way', async () => {
        const vectors = read('chum-transcripts.json') as { scenarios: { id: string; frames: { text?: string }[] }[] };
        const [frame] = vectors.scenarios
            .filter(({ id }) => id === '2')
            .flatMap(({ frames }) => frames)
            .filter(({ text }) => text?.includes('hello from A'));
        if (frame?.text === undefined) throw new Error('there is no such frame');
        frame.text = frame.text.replace('hello from A', 'hello from Z');
        const { failures } = await runVectorSuite(chumTranscriptsSuite, vectors);
        expect(failures).toEqual([
            { name: '2/A', reason: expect.stringContaining('frame 13 is') },
            { name: '2/B', reason: expect.stringContaining('Error count 1') },
        ]);
    });

    test('when there is a section that it does not read', async () => {
        const { failures } = await runVectorSuite(objects, { ...(read('objects.json') as object), more: [1] });
        expect(failures).toEqual([{ name: 'more', reason: 'This section is not read.' }]);
    });

    test('when a section is empty', async () => {
        const vectors = { ...(read('objects.json') as object), invalidMicrodata: [] };
        const { failures } = await runVectorSuite(objects, vectors);
        expect(failures).toMatchObject([
            { name: 'format', reason: expect.stringContaining('invalidMicrodata is missing or empty') },
        ]);
    });

    test('when the file is another one', async () => {
        expect(await runVectorSuite(objects, { recipes: 5 })).toMatchObject({
            passed: 0,
            failures: [{ name: 'format' }],
        });
    });
});
