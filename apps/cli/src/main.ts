#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { readFileSync } from 'node:fs';
import { askAll, formatStatus } from './status.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
};

const program = new Command('one')
    .description('The command line of a LAMA federation.')
    .version(version)
    .showHelpAfterError('(one --help lists the commands)');

program
    .command('status')
    .description('Ask every process of this machine how it is. Exit code 1 unless all that run are ready.')
    .option('--host <host>', 'where the processes listen', '127.0.0.1')
    .option('--port-offset <n>', 'as given to npm start', wholeNumber, 0)
    .option('--json', 'print JSON instead of a table')
    .addHelpText('after', '\nExamples:\n  one status\n  one status --json\n  one status --port-offset 100')
    .action(async (options: { host: string; portOffset: number; json?: true }) => {
        const status = await askAll(options.host, options.portOffset);
        process.stdout.write(options.json ? `${JSON.stringify(status, undefined, 4)}\n` : formatStatus(status));
        process.exitCode = status.every(({ state }) => state === 'ready' || state === 'degraded') ? 0 : 1;
    });

await program.parseAsync();

function wholeNumber(text: string): number {
    if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Expected a whole number, for example 100.');
    return Number(text);
}
