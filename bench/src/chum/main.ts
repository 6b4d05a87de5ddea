// Two instances, each in a process of its own with its store on the disk, over an encrypted connection on this machine: how fast an empty
// one is filled, how long one new object takes, and what it costs when nothing is new.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createAccessIn, OneInstance, type Typed } from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { listenForChannels } from './encrypted-channel.ts';
import { note, NoteRecipe } from './notes.ts';
import { PeerProcess, type PeerReport } from './peer.ts';

const { values } = parseArgs({
    options: { objects: { type: 'string', default: '10000' }, folder: { type: 'string', default: tmpdir() } },
});
const OBJECTS = Number(values.objects);
const BATCH = 1000;
const LATENCIES = 200;
const IDLE_MS = 20_000;

const row = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(64)}${value}\n`);
const number = (value: number): string => Math.round(value).toLocaleString('en');

const folder = await mkdtemp(join(values.folder, 'bench-chum-'));
try {
    await using one = await OneInstance.open({
        ...{ name: 'a', email: 'a@example.org', secret: 's', recipes: [NoteRecipe] },
        storage: EmbeddedBackend.open(join(folder, 'a'), { create: true }),
    });
    const email = 'b@example.org';
    const { idHash: bob } = await one.objects.storeIdObject({ $type$: 'Person', email } as Typed);
    let keep = false;
    const server = await listenForChannels(channel => {
        one.startChum({
            ...{ channel, chumName: 'bench', remoteInstanceName: 'b', remotePerson: bob },
            keepRunning: keep,
        });
    });
    const { url, key } = server;

    const fillStart = performance.now();
    for (let at = 0; at < OBJECTS; at += BATCH)
        await one.objects.transact(async objects => {
            for (let i = at; i < Math.min(at + BATCH, OBJECTS); i++) {
                const text = `The quick brown fox jumps over the lazy dog, and does so for the ${i}th time today.`;
                const { idHash: id } = await objects.storeVersioned(note(`note-${i}`, text), 'change');
                await createAccessIn(objects, [{ id, person: [bob], mode: 'add' }]);
            }
        });
    row(
        'versions stored and granted at the exporter',
        `${number((OBJECTS / (performance.now() - fillStart)) * 1000)}/s`,
    );

    const peer = await PeerProcess.start({ folder: join(folder, 'b'), url, key, remotePerson: one.owner });
    let memory = 0;
    const timer = setInterval(() => (memory = Math.max(memory, process.memoryUsage().rss)), 50);
    const before = process.cpuUsage();
    const first = await peer.pass();
    const used = process.cpuUsage(before);
    const exporterCpu = (used.user + used.system) / 1000;
    clearInterval(timer);
    const perSecond = (count: number, { ms }: PeerReport): string => number((count / ms) * 1000);
    row(`${number(OBJECTS)} versions into an empty store`, `${perSecond(OBJECTS, first)} versions/s`);
    row('… objects stored there (versions, nodes, IDs apart)', `${perSecond(first.stored, first)}/s`);
    row('… requests sent by the importer, bytes received', `${number(first.requests)}, ${number(first.bytes)}`);
    row('… most memory of exporter and importer', `${number(memory / 2 ** 20)}, ${first.memoryMB} MB`);
    row(
        '… time of the processor, exporter and importer',
        `${number(exporterCpu)}, ${number(first.cpuMs)} ms of ${number(first.ms)}`,
    );
    const again = await peer.pass();
    row(
        `one pass with ${number(OBJECTS)} shared and nothing new`,
        `${number(again.ms)} ms, ${number(again.bytes)} bytes`,
    );

    keep = true;
    const arrivals = new Map<string, bigint>();
    await peer.connect((text, at) => arrivals.set(text, at));
    await setTimeout(3000);
    const delays: number[] = [];
    for (let i = 0; i < LATENCIES; i++) {
        const text = `latency ${i}`;
        const start = process.hrtime.bigint();
        await one.objects.storeVersionedObject(note('note-0', text));
        for (let waited = 0; !arrivals.has(text) && waited < 5000; waited += 2) await setTimeout(2);
        delays.push(Number((arrivals.get(text) ?? start + 5_000_000_000n) - start) / 1e6);
    }
    delays.sort((a, b) => a - b);
    const at = (part: number): string => (delays[Math.floor(delays.length * part)] ?? 0).toFixed(1);
    row('one new version, from the call to the event at the other side', `${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`);
    await setTimeout(2000);
    const cpu = process.cpuUsage();
    await setTimeout(IDLE_MS);
    const { user, system } = process.cpuUsage(cpu);
    row('idle while connected, exporter', `${((user + system) / 10 / IDLE_MS).toFixed(2)} % of a core`);
    await peer.disconnect();
    await peer.stop();
    await server[Symbol.asyncDispose]();
} finally {
    await rm(folder, { recursive: true });
}
