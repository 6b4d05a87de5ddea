import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Health } from './health/health.ts';

/** The metrics of one process; parts register their own on it. Names start with `one_`, labels have few values. */
export type Metrics = Registry;

/** A registry with Node's own metrics (memory, event loop, garbage collection) and the state of each dependency. */
export function createMetrics(service: string, health: Health): Metrics {
    const registry = new Registry();
    registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: registry });
    new Gauge({
        name: 'one_ready',
        help: '1 while the process can serve its callers (also when degraded), else 0',
        registers: [registry],
        async collect() {
            const { status } = await health.report();
            this.set(status === 'ready' || status === 'degraded' ? 1 : 0);
        },
    });
    new Gauge({
        name: 'one_dependency_up',
        help: '1 while the dependency answers, else 0; a dependency that is absent by choice has no sample',
        labelNames: ['dependency'],
        registers: [registry],
        async collect() {
            const { dependencies } = await health.report();
            this.reset();
            for (const [dependency, { status }] of Object.entries(dependencies)) {
                if (status !== 'absent') this.set({ dependency }, status === 'up' ? 1 : 0);
            }
        },
    });
    return registry;
}
