import type { Health } from '../health/health.ts';
import type { Metrics } from '../metrics.ts';
import type { HttpServer } from './http-server.ts';

/** `/health/live`, `/health/ready` and `/metrics`, for the internal port of a service (DESIGN §2, rule 5). */
export function addInternalRoutes(app: HttpServer, health: Health, metrics: Metrics): void {
    app.get('/health/live', () => ({ status: 'alive' }));
    app.get('/health/ready', async (_request, reply) => {
        const report = await health.report();
        const serving = report.status === 'ready' || report.status === 'degraded';
        return reply
            .code(serving ? 200 : 503)
            .header('cache-control', 'no-store')
            .send(report);
    });
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
}
