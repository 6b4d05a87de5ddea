// npm run vectors [-- --dir DIR]: one line a vector file; exit code 1 if anything failed, 2 if it could not be run.
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { runVectorFiles, UnusableFolderError } from './run-vector-files.ts';

const USAGE = `npm run vectors [-- --dir DIR]

Runs every vector suite of the project against the committed copies of the vectors, or against the files of the same
names in DIR. Prints a line per file and the reason of each failure.
`;

try {
    const { values } = parseArgs({ options: { dir: { type: 'string' }, help: { type: 'boolean' } } });
    if (values.help === true) process.stdout.write(USAGE);
    else {
        // npm changes into the workspace; a relative folder is meant from where the command was typed.
        const dir = values.dir && resolve(process.env['INIT_CWD'] ?? '.', values.dir);
        for await (const { file, passed, failures } of runVectorFiles(dir)) {
            process.stdout.write(`${file}: ${passed} passed, ${failures.length} failed\n`);
            for (const { name, reason } of failures) process.stdout.write(`  ${name}: ${reason}\n`);
            if (failures.length > 0) process.exitCode = 1;
        }
    }
} catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    if (!(error instanceof UnusableFolderError || isUsage)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
}
