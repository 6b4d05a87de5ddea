import type { SystemStatus } from '@lama/federation';
import type { HttpServer } from '@lama/service-kit';
import type { ArchiveProbe } from './archive-probe.ts';

/** `GET /api/v1/status`: for everybody, so it says no more than a login screen has to. */
export function addStatusRoute(app: HttpServer, version: string, archive: ArchiveProbe): void {
    app.get('/api/v1/status', async (_request, reply): Promise<SystemStatus> => {
        void reply.header('cache-control', 'no-store');
        return { version, archive: await archive.status() };
    });
}
