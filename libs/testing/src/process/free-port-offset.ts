import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that systems give away by themselves (32768 and up), whatever of ours is added. */
const OFFSETS = { min: 1_000, max: 20_000 };
const ATTEMPTS = 50;

/** A number to add to a set of ports so that nobody listened on any of them just now. */
export async function freePortOffset(ports: readonly number[]): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const offset = randomInt(OFFSETS.min, OFFSETS.max);
        const free = await Promise.all(ports.map(port => isFreePort(port + offset)));
        if (free.every(Boolean)) return offset;
    }
    throw new Error(`No offset found at which the ports ${ports.join(', ')} are free.`);
}

/** Whether nobody listens on a port of the loopback addresses. */
export async function isFreePort(port: number): Promise<boolean> {
    return (await canBind(port, '127.0.0.1')) && (await canBind(port, '::1'));
}

/** An address that this machine does not have cannot be taken either. */
function canBind(port: number, host: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, ipv6Only: true }, () => server.close(() => resolve(true)));
    return promise;
}
