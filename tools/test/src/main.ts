// npm test: format, lint, types, unit, integration, end-to-end and fault tests, then one closing line.
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.ts';
import { clearResults, collectResults, summarize } from './results.ts';
import { runNx, syncIsClean } from './run-nx.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const say = (text: string) => void process.stdout.write(`${text}\n`);
const args = process.argv.slice(2);
const unknown = args.find(arg => arg !== '--full');
if (unknown !== undefined) {
    say(`Unknown option ${unknown}. npm test runs everything; npm run test:full the long forms.`);
    process.exit(2);
}

const startedAt = performance.now();
const env = args.includes('--full') ? { TEST_FULL: '1' } : {};
say(await prepare());
await clearResults(root);

const tasks = [
    { id: 'workspace:sync', ok: await syncIsClean(root) },
    ...(await runNx(root, ['run-many', '-t', 'format', 'lint', 'typecheck', 'build', 'test'], env)),
    // One after the other: each of them starts whole systems and wants the machine for itself.
    ...(await runNx(root, ['run-many', '-t', 'e2e', 'faults', '--parallel=1'], env)),
];
const summary = summarize(tasks, await collectResults(root));

say(`\n${summary.table}`);
for (const line of summary.troubles) say(line);
say(`\nAll of it took ${Math.round((performance.now() - startedAt) / 1000)} s.`);
say(summary.closingLine);
process.exitCode = summary.failed > 0 ? 1 : 0;
