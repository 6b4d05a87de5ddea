// Vector suites: recorded data of deployed instances, and what ours has to do with them. A suite needs no file system and
// no test runner: the tests run it in Node and in a browser's worker, `npm run vectors` against any folder.

/** One recorded example. */
export interface VectorCase {
    /** Section and id, for example `serialize/person-min`. */
    readonly name: string;
    /** Fails by throwing. */
    readonly run: () => void | Promise<void>;
}

/** What one library has to say about one vector file. */
export interface VectorSuite {
    /** Name of the file, for example `objects.json`. */
    readonly file: string;
    /** All examples of the file's content. A section that the suite does not know is a case that fails. */
    readonly cases: (vectors: unknown) => VectorCase[];
}

export interface VectorResult {
    readonly file: string;
    readonly passed: number;
    readonly failures: readonly { readonly name: string; readonly reason: string }[];
}

/** Runs a suite with the content of its file. Never throws. */
export async function runVectorSuite(suite: VectorSuite, vectors: unknown): Promise<VectorResult> {
    const failures: { name: string; reason: string }[] = [];
    const cases = listCases(suite, vectors);
    for (const { name, run } of cases) {
        try {
            await run();
        } catch (error) {
            failures.push({ name, reason: error instanceof Error ? error.message : String(error) });
        }
    }
    return { file: suite.file, passed: cases.length - failures.length, failures };
}

function listCases(suite: VectorSuite, vectors: unknown): readonly VectorCase[] {
    try {
        const cases = suite.cases(vectors);
        if (cases.length === 0) throw new Error('there is not a single example in it');
        return cases;
    } catch (error) {
        const run = (): never => {
            throw new Error(`The file has another format: ${error instanceof Error ? error.message : String(error)}`);
        };
        return [{ name: 'format', run }];
    }
}

/** The examples of a section. @throws Error if there are none: what is not there proves nothing */
export function notEmpty<T>(section: string, examples: readonly T[] | undefined): readonly T[] {
    if (examples === undefined || examples.length === 0) throw new Error(`the section ${section} is missing or empty`);
    return examples;
}

/** Cases that fail for the sections of a file that a suite does not read. */
export function unknownSections(vectors: object, known: readonly string[]): VectorCase[] {
    return Object.keys(vectors)
        .filter(section => !known.includes(section))
        .map(section => ({
            name: section,
            run: () => {
                throw new Error('This section is not read.');
            },
        }));
}
