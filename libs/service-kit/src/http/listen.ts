import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OneError } from '@refinio/one.core';
import { OPEN_REQUESTS_MS, REQUEST_TIMEOUT_MS } from '../limits.ts';
import type { HttpServer } from './http-server.ts';

/** Where and why to listen; the names of the variables appear in error messages. */
export interface ListenOptions {
    readonly hosts: readonly string[];
    /** 0: the system chooses a port, on the first address only. */
    readonly port: number;
    readonly portVariable: string;
}

/** Listening servers of one application; disposing ends them after the requests under way. */
export interface Listening extends AsyncDisposable {
    /** Base URL of the first address, without a slash at the end. */
    readonly url: string;
    readonly port: number;
}

/** The address cannot be used. */
export class ListenError extends OneError {
    readonly code: string = 'LISTEN_FAILED';
}

/** Another process listens there. */
export class PortTakenError extends ListenError {
    override readonly code = 'PORT_TAKEN';
}

/** This machine has no such address, for example no IPv6; harmless as long as another one works. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/**
 * Listens on all given addresses (Fastify itself takes one).
 * @throws PortTakenError, ListenError; nothing listens then
 */
export async function listen(app: HttpServer, options: ListenOptions): Promise<Listening> {
    await app.ready();
    const hosts = options.port === 0 ? options.hosts.slice(0, 1) : options.hosts;
    const servers: Server[] = [];
    let unavailable: unknown;
    for (const host of hosts) {
        const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
            app.routing(request, response);
        });
        try {
            await bind(server, host, options.port);
            servers.push(server);
        } catch (error) {
            if (NO_SUCH_ADDRESS.has((error as NodeJS.ErrnoException).code ?? '')) {
                unavailable = error;
                continue;
            }
            await Promise.all(servers.map(close));
            throw explain(error, host, options);
        }
    }
    const [first] = servers;
    if (first === undefined) throw explain(unavailable, hosts.join(', '), options);
    const { address, family, port } = first.address() as AddressInfo;
    return {
        url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
        port,
        async [Symbol.asyncDispose]() {
            await Promise.all([app.close(), ...servers.map(close)]);
        },
    };
}

function bind(server: Server, host: string, port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: true }, () => {
        server.off('error', reject);
        resolve();
    });
    return promise;
}

async function close(server: Server): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeIdleConnections();
    const late = setTimeout(() => server.closeAllConnections(), OPEN_REQUESTS_MS);
    await promise;
    clearTimeout(late);
}

function explain(error: unknown, host: string, { port, portVariable }: ListenOptions): ListenError {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    const options = { cause: error };
    if (code === 'EADDRINUSE') {
        return new PortTakenError(
            `Port ${port} on ${host} is taken by another process. Stop that process, or set ${portVariable} to a free port.`,
            options,
        );
    }
    if (code === 'EACCES') {
        return new ListenError(`Port ${port} needs more rights. Set ${portVariable} to a port above 1023.`, options);
    }
    return new ListenError(`Cannot listen on ${host} port ${port} (${code ?? 'unknown'}). Check LISTEN_HOST.`, options);
}
