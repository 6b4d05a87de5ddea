import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { listeningProcess } from './listening-process.ts';

test.each(['127.0.0.1', '::1'])('names the process that listens on %s', async host => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await listeningProcess(port)).toMatchObject({ pid: process.pid });
    server.close();
    await once(server, 'close');
    expect(await listeningProcess(port)).toBeUndefined();
});
