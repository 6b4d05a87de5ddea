// npm run bench [-- SUITE ...] [--save] [--seconds N]: measures, prints one table a suite beside the committed baseline.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureSuite } from './measure.ts';
import { formatReport, type Baseline } from './report.ts';
import { suites } from './suites.ts';

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { save: { type: 'boolean', default: false }, seconds: { type: 'string', default: '1' } },
});
const seconds = Number(values.seconds);
const chosen = positionals.length === 0 ? suites : suites.filter(({ name }) => positionals.includes(name));
const unknown = positionals.find(name => !suites.some(suite => suite.name === name));
if (unknown !== undefined || !(seconds > 0)) {
    const known = suites.map(({ name }) => name).join(', ');
    process.stderr.write(
        unknown === undefined
            ? `--seconds is "${values.seconds}": expected a number above 0, for example --seconds 1\n`
            : `There is no suite "${unknown}". Suites: ${known}.\n`,
    );
    process.exit(2);
}

for (const suite of chosen) {
    const file = new URL(`../baselines/${suite.name}.json`, import.meta.url);
    const baseline = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : undefined;
    const measurements = await measureSuite(suite, seconds);
    process.stdout.write(`${formatReport(suite.name, measurements, baseline)}\n`);
    if (baseline !== undefined) process.stdout.write(`Baseline: ${baseline.machine}\n`);
    if (values.save) {
        const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`;
        const nsPerCall = Object.fromEntries(measurements.map(({ name, nsPerCall }) => [name, Math.round(nsPerCall)]));
        writeFileSync(file, `${JSON.stringify({ machine, nsPerCall }, undefined, 4)}\n`);
    }
}
