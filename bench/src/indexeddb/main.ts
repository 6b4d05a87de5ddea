// npm run bench:indexeddb -w bench [-- --objects N] [--folder DIR]
//
// What a whole store does in a browser: versioned objects, heads, journal and reverse maps over IndexedDB, in a worker of a
// headless Chromium whose profile is on the disk. Every commit waits for the disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleForBrowser, chromiumLaunchOptions } from '@lama/testing';
import { chromium } from 'playwright-core';
import type { Figure, Question } from './worker.ts';

const VARIANTS = ['encrypted', 'plain'] as const;
const COLUMN = 14;

const { values } = parseArgs({
    options: { objects: { type: 'string', default: '20000' }, folder: { type: 'string', default: tmpdir() } },
});
const objects = Number(values.objects);
if (!(objects > 0) || objects % 1000 !== 0)
    throw new Error(`--objects is "${values.objects}": expected are thousands, as 20000`);

/** Asks the worker of a browser that was just started. Each variant has an origin, and so a database of the engine, of its own. */
async function ask(profile: string, script: string, question: Question): Promise<readonly Figure[]> {
    const browser = await chromium.launchPersistentContext(profile, await chromiumLaunchOptions());
    try {
        await browser.route('**/*', route =>
            route.request().url().endsWith('/worker.js')
                ? route.fulfill({ contentType: 'text/javascript', body: script })
                : route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bench</title>' }),
        );
        const page = await browser.newPage();
        await page.goto(`http://${question.variant}.localhost/`);
        const answer = await page.evaluate(askWorker, question);
        if (answer.figures === undefined) throw new Error(answer.error);
        return answer.figures;
    } finally {
        await browser.close();
    }
}

interface Answer {
    readonly figures?: readonly Figure[];
    readonly error?: string;
}

/** Runs in the page. */
function askWorker(question: Question): Promise<Answer> {
    const worker = new Worker('/worker.js', { type: 'module' });
    return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(question);
    });
}

function line(name: string, figures: readonly string[], unit: string): string {
    return `${name.padEnd(48)}${figures.map(figure => figure.padStart(COLUMN)).join('')}  ${unit}\n`;
}

const profile = await mkdtemp(join(values.folder, 'bench-indexeddb-'));
try {
    const script = await bundleForBrowser(fileURLToPath(new URL('worker.ts', import.meta.url)));
    const columns: Figure[][] = [];
    for (const variant of VARIANTS) {
        process.stderr.write(`Measuring, ${variant}...\n`);
        const figures = await ask(profile, script, { action: 'measure', variant, objects });
        columns.push([...figures, ...(await ask(profile, script, { action: 'open', variant, objects }))]);
    }
    process.stdout.write(line(`${objects.toLocaleString('en')} objects in batches`, VARIANTS, ''));
    for (const [i, [name, , unit]] of (columns[0] ?? []).entries()) {
        const figures = columns.map(column => {
            const value = column[i]?.[1] ?? NaN;
            return value.toLocaleString('en', { maximumFractionDigits: value < 20 ? 1 : 0 });
        });
        process.stdout.write(line(name, figures, unit));
    }
} finally {
    await rm(profile, { recursive: true });
}
