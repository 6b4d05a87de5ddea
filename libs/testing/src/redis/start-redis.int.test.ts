import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../temporary-folder.ts';
import type { RedisServer } from './redis-server.ts';
import { startRedis } from './start-redis.ts';

/** One command over the protocol of Redis, on a connection of its own. */
async function ask({ url, port }: RedisServer, command: string): Promise<string> {
    await using socket = Object.assign(new Socket(), {
        [Symbol.asyncDispose]: () => Promise.resolve(void socket.destroy()),
    });
    socket.setEncoding('utf8').connect(port, new URL(url).hostname);
    await once(socket, 'connect');
    socket.write(`AUTH ${new URL(url).password}\r\n`);
    await once(socket, 'data');
    socket.write(`${command}\r\n`);
    const [answer] = await once(socket, 'data');
    return String(answer);
}

test('a Redis of our own keeps what it acknowledged when it is killed', async () => {
    await using folder = await temporaryFolder();
    const redis = await startRedis({ dataDir: folder.path });
    try {
        expect(await ask(redis, 'SET key kept')).toBe('+OK\r\n');
        await redis.kill();
        await expect(ask(redis, 'GET key')).rejects.toThrow(/ECONNREFUSED/);
        await redis.restart();
        expect(await ask(redis, 'GET key')).toContain('kept');
        expect(await ask(redis, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    } finally {
        await redis.stop();
    }
    expect(existsSync(folder.path)).toBe(true);
});

test('a taken port is named', async () => {
    const redis = await startRedis();
    try {
        await expect(startRedis({ port: redis.port })).rejects.toThrow(
            new RegExp(`port ${redis.port}|there is no redis-server`),
        );
    } finally {
        await redis.stop();
    }
});
