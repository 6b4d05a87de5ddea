// Completes package-lock.json after `npm install` changed it: `npm run lock`.
//
// npm drops optional packages for other platforms from the lock file when a registry mirror does not carry them, and
// `npm ci` then refuses the lock ("Missing: ... from lock file"). A bare entry with version, os and cpu is enough.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completeLock } from './lock-entries.mjs';

const file = join(dirname(fileURLToPath(import.meta.url)), '../../package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = completeLock(lock.packages);
writeFileSync(file, `${JSON.stringify(lock, undefined, 4)}\n`);
process.stdout.write(`package-lock.json: ${added} optional packages of other platforms added.\n`);
