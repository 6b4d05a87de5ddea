// npm run bench:engines -w bench [-- PART ...] [--engine NAME] [--folder DIR] [--objects N] [--seconds N] [--kills N] [--flips N]
//
// Measures the embedded engines with what the object store does to them. Parts: write, read (needs what write left
// behind), crash, damage, limits (takes root). Prints what it finds as JSON, a line for each part of each engine.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCrashes } from './crash.ts';
import { measureDamage } from './damage.ts';
import type { EngineVariant } from './engine.ts';
import { measureLimits } from './limits.ts';
import type { ReadFigures, WriteFigures } from './measure.ts';
import { resultOf } from './run-child.ts';
import { engines, variantNamed } from './variants.ts';

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        engine: { type: 'string', multiple: true, default: [] },
        folder: { type: 'string' },
        objects: { type: 'string', default: '1000000' },
        seconds: { type: 'string', default: '10' },
        kills: { type: 'string', default: '30' },
        flips: { type: 'string', default: '200' },
    },
});
const number = (option: 'objects' | 'seconds' | 'kills' | 'flips') => {
    const value = Number(values[option]);
    if (!(value > 0)) throw new Error(`--${option} is "${values[option]}": expected a number above 0`);
    return value;
};

const parts: Record<string, (variant: EngineVariant, folder: string) => Promise<unknown>> = {
    write: (variant, folder) =>
        resultOf<WriteFigures>('measure-writes', variant, folder, number('objects'), number('seconds')),
    read: (variant, folder) => resultOf<ReadFigures>('measure-reads', variant, folder, number('objects')),
    crash: (variant, folder) => measureCrashes(variant, folder, number('kills')),
    damage: (variant, folder) => measureDamage(variant, folder, number('flips')),
    limits: measureLimits,
};

const chosen = positionals.length === 0 ? Object.keys(parts) : positionals;
const variants = values.engine.length === 0 ? engines : values.engine.map(variantNamed);
const root = values.folder ?? mkdtempSync(join(tmpdir(), 'engines-'));
process.stderr.write(`Stores are below ${root}\n`);
for (const variant of variants) {
    for (const name of chosen) {
        const part = parts[name];
        if (part === undefined) throw new Error(`There is no part "${name}". Parts: ${Object.keys(parts).join(', ')}.`);
        const found = await part(variant, join(root, variant.name.replaceAll(/\W+/g, '-')));
        process.stdout.write(`${JSON.stringify({ engine: variant.name, part: name, found })}\n`);
    }
}
