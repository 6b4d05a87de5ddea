import { PROCESSES } from '@lama/federation';
import type { PlannedProcess } from './plan.ts';
import type { ProvidedRedis } from './provide-redis.ts';
import type { Serving } from './supervised-process.ts';

/** One line of the table that `npm start` prints. */
export interface Row {
    readonly service: string;
    readonly url: string;
    readonly state: string;
}

/** What runs and how it is, and what does not have to run because it is embedded. */
export function rowsOf(
    plan: readonly PlannedProcess[],
    serving: ReadonlyMap<string, Serving>,
    redis: ProvidedRedis | undefined,
): Row[] {
    const embedded = Object.values(PROCESSES)
        .filter(({ needsRedis }) => needsRedis && redis === undefined)
        .map(({ name }) => ({ service: name, url: '-', state: 'embedded in archive-node' }));
    return [
        ...(redis === undefined ? [] : [{ service: 'redis', url: redis.shownUrl, state: `ready, ${redis.origin}` }]),
        ...plan.map(({ name, healthUrl }) => ({ service: name, url: healthUrl, state: stateOf(serving.get(name)) })),
        ...embedded,
        ...plan.flatMap(({ publicUrl }) =>
            publicUrl === undefined ? [] : [{ service: 'web-client', url: publicUrl, state: 'ready' }],
        ),
    ];
}

function stateOf(serving: Serving | undefined): string {
    if (serving === undefined) return 'unknown';
    return [serving.state, ...serving.reasons].join(', ');
}

/** Columns as wide as their longest text, two spaces apart, without lines. */
export function formatTable(rows: readonly Row[]): string {
    const all = [{ service: 'SERVICE', url: 'URL', state: 'STATE' }, ...rows];
    const width = (column: keyof Row) => Math.max(...all.map(row => row[column].length));
    const [service, url] = [width('service'), width('url')];
    return all
        .map(row => `  ${row.service.padEnd(service)}  ${row.url.padEnd(url)}  ${row.state}`.trimEnd())
        .join('\n');
}
