import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fastifyCompress } from '@fastify/compress';
import { fastifyStatic } from '@fastify/static';
import { HttpProblem, type HttpServer } from '@lama/service-kit';
import { OneError } from '@refinio/one.core';
import { nonceOf } from './security-headers.ts';

/** Stands in index.html where the nonce of the response goes. */
const NONCE_PLACEHOLDER = 'CSP_NONCE';

/** A missing file of these kinds is missing; any other path is one of the client's own (`/user@example.org`). */
const ASSET = /\.(js|css|map|json|svg|png|jpe?g|webp|ico|woff2?|txt|wasm|webmanifest)$/;

/** The build puts a hash of the content into these names: the content behind one never changes. */
const HASHED_NAME = /-[A-Z0-9]{8}\.(js|css|woff2|svg|png)$/;

/** `CLIENT_DIR` holds no client. */
class ClientNotBuiltError extends OneError {
    readonly code = 'CLIENT_NOT_BUILT';

    constructor(folder: string) {
        super(`There is no index.html in ${folder}. Build the web client with: npm run build`);
    }
}

/**
 * Serves the built web client: files as they are, `index.html` for every other path (the client has its own routes),
 * a problem document for a missing file and for everything under `/api`.
 */
export async function serveClient(app: HttpServer, folder: string): Promise<void> {
    const files = new Set(await filesBelow(folder));
    if (!files.has('index.html')) {
        throw new ClientNotBuiltError(folder);
    }
    const index = await readFile(join(folder, 'index.html'), 'utf8');
    await app.register(fastifyCompress, { threshold: 1024, encodings: ['br', 'gzip'] });
    await app.register(fastifyStatic, { root: folder, serve: false, cacheControl: false });

    app.get<{ Params: { '*': string } }>('/*', (request, reply) => {
        const path = request.params['*'];
        if (files.has(path) && path !== 'index.html') {
            const lifetime = HASHED_NAME.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
            return reply.header('cache-control', lifetime).sendFile(path);
        }
        if (path === 'api' || path.startsWith('api/') || ASSET.test(path)) {
            throw new HttpProblem(404, 'NOT_FOUND', `There is nothing at GET /${path}.`);
        }
        const page = index.replaceAll(NONCE_PLACEHOLDER, nonceOf(reply.raw));
        return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page);
    });
}

async function filesBelow(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
        .filter(entry => entry.isFile())
        .map(entry => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}
