import { createServer, type AddressInfo } from 'node:net';

/** A TCP port of 127.0.0.1 that nobody listened on just now. Prefer port 0 where the program can tell what it got. */
export function freePort(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
    });
    return promise;
}
