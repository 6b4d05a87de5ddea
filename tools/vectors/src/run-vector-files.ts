import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OneError } from '@refinio/one.core';
import { runVectorSuite, vectorSuites as ofCore, type VectorResult, type VectorSuite } from '@refinio/one.core/vectors';
import { vectorSuites as ofModels } from '@refinio/one.models/vectors';

/** All suites, each with the folder of its committed vectors. Several suites may read one file. */
const libraries: readonly { readonly name: string; readonly suites: readonly VectorSuite[] }[] = [
    { name: 'one-core', suites: ofCore },
    { name: 'one-models', suites: ofModels },
];

/** There is nothing in the folder that a suite could read. */
export class UnusableFolderError extends OneError {
    readonly code = 'VECTORS_NOT_FOUND';

    constructor(folder: string, files: readonly string[]) {
        super(`No vector file was found in "${folder}". Expected is at least one of ${files.join(', ')}.`);
    }
}

/**
 * Results by file. In a folder of its own (`dir`) files may be missing; a committed copy must be there.
 * @throws UnusableFolderError if not a single file is there
 */
export async function* runVectorFiles(dir?: string): AsyncGenerator<VectorResult> {
    const files = new Map<string, { folder: string; suites: VectorSuite[] }>();
    for (const { name, suites } of libraries)
        for (const suite of suites) {
            const folder = dir ?? fileURLToPath(new URL(`../../../libs/${name}/test-vectors/`, import.meta.url));
            const entry = files.get(suite.file) ?? { folder, suites: [] };
            entry.suites.push(suite);
            files.set(suite.file, entry);
        }

    let found = 0;
    for (const [file, { folder, suites }] of files) {
        const text = await read(join(folder, file));
        if (text === undefined && dir !== undefined) continue;
        found++;
        yield await runFile(file, text, suites);
    }
    if (found === 0) throw new UnusableFolderError(dir ?? '', [...files.keys()]);
}

async function runFile(file: string, text: string | undefined, suites: readonly VectorSuite[]): Promise<VectorResult> {
    let vectors: unknown;
    try {
        vectors = JSON.parse(text ?? '');
    } catch {
        return {
            file,
            passed: 0,
            failures: [{ name: file, reason: text === undefined ? 'It is missing.' : 'It is no JSON.' }],
        };
    }
    const results: VectorResult[] = [];
    for (const suite of suites) results.push(await runVectorSuite(suite, vectors));
    return {
        file,
        passed: results.reduce((sum, { passed }) => sum + passed, 0),
        failures: results.flatMap(({ failures }) => failures),
    };
}

async function read(path: string): Promise<string | undefined> {
    try {
        return await readFile(path, 'utf8');
    } catch (error) {
        // ENOTDIR: the "folder" is a file, in which there is nothing either.
        const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw error;
    }
}
