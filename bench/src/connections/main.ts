// Encrypted connections between two processes on this machine: how many are set up in a second, how much one carries, what it costs, and
// how many bytes a message has on the line.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createKeyPair, CryptoApi, ensurePublicKey, hexToUint8ArrayWithCheck } from '@refinio/one.core';
import { Connection, initiateHandshake, openGroup } from '@refinio/one.models';
import { dialWs } from '@refinio/one.models/node';
import type { AcceptorReport, AcceptorStart } from './acceptor.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const MS = Number(values.seconds) * 1000;
const AHEAD = 4 * 1024 * 1024;
const PINGS = 2_000;

const row = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(64)}${value}\n`);
const number = (value: number): string => Math.round(value).toLocaleString('en');

const child: ChildProcess = fork(fileURLToPath(new URL('./acceptor.ts', import.meta.url)), [], {
    execArgv: ['--conditions=@one/source', '--no-warnings'],
});
const [{ url, key }] = (await once(child, 'message')) as [AcceptorStart];
const target = ensurePublicKey(hexToUint8ArrayWithCheck(key));

async function connect(group: string): Promise<Connection> {
    const connection = new Connection(await dialWs(url));
    await initiateHandshake(connection, new CryptoApi(createKeyPair()), target);
    await openGroup(connection, group);
    return connection;
}

async function ask(): Promise<AcceptorReport> {
    child.send('report');
    const [report] = (await once(child, 'message')) as [AcceptorReport];
    return report;
}

async function handshakes(parallel: number): Promise<void> {
    const end = performance.now() + MS;
    const delays: number[] = [];
    await ask();
    const cpu = process.cpuUsage();
    const start = performance.now();
    await Promise.all(
        Array.from({ length: parallel }, async () => {
            while (performance.now() < end) {
                const begin = performance.now();
                const connection = await connect('sink');
                delays.push(performance.now() - begin);
                connection.terminate();
            }
        }),
    );
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const { cpuMs } = await ask();
    delays.sort((a, b) => a - b);
    const p50 = delays[Math.floor(delays.length / 2)] ?? 0;
    const costs = [(user + system) / 1000, cpuMs].map(each => (each / delays.length).toFixed(2));
    row(
        `handshakes, ${parallel} at a time`,
        `${number((delays.length / ms) * 1000)}/s, p50 ${p50.toFixed(1)} ms; ${costs.join(' and ')} ms of a core each, both sides`,
    );
}

async function throughput(name: string, message: string | Uint8Array): Promise<void> {
    const connection = await connect('sink');
    await ask();
    const cpu = process.cpuUsage();
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < MS) {
        for (; connection.bufferedAmount < AHEAD; count++) connection.send(message);
        await new Promise(resolve => setImmediate(resolve));
    }
    const bytes = connection.statistics.bytesSent;
    while ((await ask()).bytes < bytes) await new Promise(resolve => setImmediate(resolve));
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const { memoryMB } = await ask();
    row(
        name,
        `${number((count * message.length) / ms / 1000)} MB/s, ${number((count / ms) * 1000)} messages/s; ` +
            `${number((user + system) / ms / 10)} % of a core here, ${memoryMB} MB there`,
    );
    connection.terminate();
}

async function roundTrips(): Promise<void> {
    const connection = await connect('echo');
    const delays: number[] = [];
    for (let i = 0; i < PINGS; i++) {
        const start = performance.now();
        connection.send(
            'a question of a hundred characters, as they are asked when instances synchronize with each other.',
        );
        await connection.read();
        delays.push(performance.now() - start);
    }
    delays.sort((a, b) => a - b);
    const at = (part: number): string => (delays[Math.floor(delays.length * part)] ?? 0).toFixed(2);
    row('question of 100 bytes and its answer', `${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`);
    connection.terminate();
}

async function overhead(): Promise<void> {
    for (const length of [10, 100, 1_000, 10_000, 100_000, 1_000_000]) {
        const connection = await connect('sink');
        const before = connection.statistics.bytesSent;
        const count = 200;
        for (let i = 0; i < count; i++) connection.send(new Uint8Array(length));
        const each = (connection.statistics.bytesSent - before) / count - length;
        row(
            `bytes of a message of ${number(length)} besides its own`,
            `${number(each)} (padding is random: 1 to 256 a frame)`,
        );
        connection.terminate();
    }
}

try {
    await handshakes(1);
    await handshakes(16);
    await throughput('messages of 100 bytes', new Uint8Array(100));
    await throughput('messages of 64 KiB', new Uint8Array(65_536));
    await throughput('messages of 1 MiB, in fragments', new Uint8Array(2 ** 20));
    await throughput('texts of 1 Mi characters, in fragments', 'a'.repeat(2 ** 20));
    await roundTrips();
    await overhead();
} finally {
    child.kill();
}
