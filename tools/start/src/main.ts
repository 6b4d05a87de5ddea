// npm start: builds what changed, starts Redis if it can be had and every service, keeps them running until Ctrl-C.
import { fileURLToPath } from 'node:url';
import { SAME_WISH_MS } from './limits.ts';
import { readOptions } from './options.ts';
import { System } from './system.ts';
import { terminal } from './terminal.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const options = readOptions(root, process.argv.slice(2));
if ('exitCode' in options) {
    (options.exitCode === 0 ? terminal.say : terminal.complain)(options.text.trimEnd());
    process.exit(options.exitCode);
}

const system = new System(root, options, terminal);
let asked = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
        if (!system.isStopping) {
            asked = performance.now();
            void system.stop(0);
        } else if (performance.now() - asked > SAME_WISH_MS) {
            // Sooner, it is the same wish: from the terminal or service manager, and passed on by npm.
            system.kill();
        }
    });
}
await Promise.race([system.start(), system.stopped]);
process.exitCode = await system.stopped;
// What is still open now (a hanging connection of a container engine) must not hold the terminal.
process.exit();
