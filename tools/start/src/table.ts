import { PROCESSES } from '@lama/federation';
import type { PlannedProcess } from './plan.ts';
import type { ProvidedRedis } from './provide-redis.ts';

/** One line of the table that `npm start` prints. */
export interface Row {
    readonly service: string;
    readonly url: string;
    readonly state: string;
}

/** What runs, and what does not have to run because it is embedded. Called when everything is ready. */
export function rowsOf(plan: readonly PlannedProcess[], redis: ProvidedRedis | undefined): Row[] {
    const embedded = Object.values(PROCESSES)
        .filter(({ needsRedis }) => needsRedis && redis === undefined)
        .map(({ name }) => ({ service: name, url: '-', state: 'embedded in archive-node' }));
    return [
        ...(redis === undefined ? [] : [{ service: 'redis', url: redis.shownUrl, state: `ready, ${redis.origin}` }]),
        ...plan.map(({ name, healthUrl }) => ({ service: name, url: healthUrl, state: 'ready' })),
        ...embedded,
        ...plan.flatMap(({ publicUrl }) =>
            publicUrl === undefined ? [] : [{ service: 'web-client', url: publicUrl, state: 'ready' }],
        ),
    ];
}

/** Columns as wide as their longest text, two spaces apart, without lines. */
export function formatTable(rows: readonly Row[]): string {
    const all = [{ service: 'SERVICE', url: 'URL', state: 'STATE' }, ...rows];
    const width = (column: keyof Row) => Math.max(...all.map(row => row[column].length));
    const [service, url] = [width('service'), width('url')];
    return all.map(row => `  ${row.service.padEnd(service)}  ${row.url.padEnd(url)}  ${row.state}`.trimEnd()).join('\n');
}
