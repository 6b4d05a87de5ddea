import type { Metrics } from '@lama/service-kit';
import { Counter, Gauge } from 'prom-client';
import { METRICS, type Metric, type RelayReport } from '../events.ts';

/** Registers the metrics of the relay; they are read when somebody asks. */
export function registerRelayMetrics(metrics: Metrics, report: () => RelayReport): void {
    for (const metric of METRICS) register(metrics, metric, report);
}

function register(metrics: Metrics, { name, help, type, label, read }: Metric, report: () => RelayReport): void {
    const configuration = {
        ...{ name, help, registers: [metrics], labelNames: label === undefined ? [] : [label] },
        collect(): void {
            // Both have `inc` and begin with nothing after `reset`.
            collector.reset();
            const value = read(report());
            if (typeof value === 'number') collector.inc(value);
            else for (const [of, count] of Object.entries(value)) collector.inc({ [label ?? '']: of }, count);
        },
    };
    const collector = type === 'gauge' ? new Gauge(configuration) : new Counter(configuration);
}
