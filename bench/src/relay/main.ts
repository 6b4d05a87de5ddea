// The communication server as its own process, with clients in others: what thousands of registered connections cost that do nothing, how
// many bytes a second it relays, how long a small frame takes, and how many registrations it takes a second.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ClientProcess } from './client-process.ts';
import { RelayProcess } from './relay-process.ts';

const { values } = parseArgs({
    options: {
        idle: { type: 'string', default: '5000,10000' },
        pairs: { type: 'string', default: '1,4,16' },
        seconds: { type: 'string', default: '10' },
        only: { type: 'string', default: 'idle,throughput,latency' },
        /** As `npm start` runs it (npx nx build comm-server); else from the sources. */
        built: { type: 'boolean', default: false },
    },
});
const list = (text: string): number[] => text.split(',').map(Number);
const parts = values.only.split(',');
const SECONDS = Number(values.seconds);
/** The longest frame that peers send (spec 50 §1). */
const FRAME = 65_808;
const SMALL = 150;
const PINGS_MS = 60_000;

const row = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(64)}${value}\n`);
const number = (value: number, digits = 0): string => value.toLocaleString('en', { maximumFractionDigits: digits });

if (parts.includes('idle')) {
    const relay = await RelayProcess.start(values.built);
    row('memory of the relay when it has started', `${number((await relay.state()).memoryMB)} MB`);
    const clients: ClientProcess[] = [];
    let count = 0;
    for (const wanted of list(values.idle)) {
        const before = await relay.state();
        const client = await ClientProcess.start(relay.url);
        clients.push(client);
        const { ms } = await client.ask('register', { count: wanted - count, atOnce: 32 });
        const after = await relay.state();
        const registered = wanted - count;
        count = wanted;
        row(`${number(registered)} keys registered`, `${number((registered / ms) * 1000)}/s`);
        const cpuMs = ((after.cpuSeconds - before.cpuSeconds) * 1000) / registered;
        row('… time of a processor for each, at the relay', `${number(cpuMs, 2)} ms`);
        const begin = await relay.state();
        await sleep(PINGS_MS);
        const end = await relay.state();
        row(
            `${number(wanted)} registered: memory of the relay`,
            `${number(end.memoryMB)} MB (${number(end.spares)} there)`,
        );
        const cpu = ((end.cpuSeconds - begin.cpuSeconds) / PINGS_MS) * 1e5;
        row('… time of a processor, with a ping every 25 s', `${number(cpu, 1)} % of a core`);
    }
    for (const client of clients) await client.stop();
    await relay.stop();
}

if (parts.includes('throughput'))
    for (const pairs of list(values.pairs)) {
        const relay = await RelayProcess.start(values.built);
        const [receiver, sender] = await Promise.all([ClientProcess.start(relay.url), ClientProcess.start(relay.url)]);
        const { keys } = await receiver.ask('accept', { count: pairs, isEcho: false });
        // The first second is not counted: it is compiled then.
        const flooding = sender.ask('flood', { keys, frameBytes: FRAME, ms: SECONDS * 1000 + 2000 });
        await sleep(1500);
        const [before, start] = [await relay.state(), performance.now()];
        const bytesBefore = (await receiver.ask('received', {})).bytes;
        let memory = 0;
        for (let i = 0; i < SECONDS - 1; i++) {
            await sleep(1000);
            memory = Math.max(memory, (await relay.state()).memoryMB);
        }
        const bytes = (await receiver.ask('received', {})).bytes - bytesBefore;
        const [after, seconds] = [await relay.state(), (performance.now() - start) / 1000];
        const cpu = after.cpuSeconds - before.cpuSeconds;
        await flooding;
        row(`${pairs} pairs, frames of ${number(FRAME)} bytes`, `${number(bytes / seconds / 1e6)} MB/s`);
        row(
            '… processor of the relay, MB in a second of it',
            `${number((cpu / seconds) * 100)} %, ${number(bytes / cpu / 1e6)} MB`,
        );
        row('… most memory of the relay', `${number(memory)} MB`);
        await Promise.all([receiver.stop(), sender.stop()]);
        await relay.stop();
    }

if (parts.includes('latency')) {
    const relay = await RelayProcess.start(values.built);
    const [receiver, sender] = await Promise.all([ClientProcess.start(relay.url), ClientProcess.start(relay.url)]);
    const [echo] = (await receiver.ask('accept', { count: 1, isEcho: true })).keys;
    const measure = async (name: string): Promise<void> => {
        const options = { key: echo ?? '', frameBytes: SMALL, count: 3000, pauseMs: 2 };
        // Half of the way there and back is two hops through the relay and its clients.
        const ms = (await sender.ask('pingPong', options)).ms.slice(500).map(each => each / 2);
        ms.sort((a, b) => a - b);
        const at = (part: number): string => number(ms[Math.floor(ms.length * part)] ?? 0, 2);
        row(name, `${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`);
    };
    await measure(`one way of a frame of ${SMALL} bytes`);
    const [sink, flooder] = await Promise.all([ClientProcess.start(relay.url), ClientProcess.start(relay.url)]);
    const { keys } = await sink.ask('accept', { count: 4, isEcho: false });
    const flooding = flooder.ask('flood', { keys, frameBytes: FRAME, ms: 20_000 });
    await sleep(1000);
    await measure('… while four pairs send as fast as they can');
    await flooding;
    await Promise.all([receiver, sender, sink, flooder].map(client => client.stop()));
    await relay.stop();
}
