import type { Measurement } from './measure.ts';

/** A committed earlier run: nanoseconds per call by name, and the machine they were measured on. */
export interface Baseline {
    readonly machine: string;
    readonly nsPerCall: Readonly<Record<string, number>>;
}

/** Machines differ and drift: less than this factor is no change. */
const NOISE = 1.25;

/** A table of a suite beside its baseline, readable in a terminal and as Markdown. */
export function formatReport(
    suite: string,
    measurements: readonly Measurement[],
    baseline: Baseline | undefined,
): string {
    const rows = measurements.map(measurement => {
        const { name, nsPerCall, bytes, bytesAllocated } = measurement;
        const before = baseline?.nsPerCall[name];
        return [
            name,
            Math.round(1e9 / nsPerCall).toLocaleString('en'),
            bytes === null ? '-' : ((bytes * 1e3) / nsPerCall).toFixed(0),
            bytesAllocated === null ? '-' : bytesAllocated.toLocaleString('en'),
            before === undefined ? 'new' : comparison(before / nsPerCall),
        ];
    });
    const head = [suite, 'calls/s', 'MB/s', 'B allocated', 'than baseline'];
    const widths = head.map((_title, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)));
    const line = (cells: readonly string[]) =>
        `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
    const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
    return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function comparison(factor: number): string {
    if (factor > NOISE) return `${factor.toFixed(2)}x faster`;
    return factor < 1 / NOISE ? `${(1 / factor).toFixed(2)}x slower` : 'same';
}
