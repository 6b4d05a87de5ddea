import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROCESSES } from '@lama/federation';
import { eventually, findContainerEngine, listeningProcess } from '@lama/testing';
import { expect, test } from '@playwright/test';
import { StartedSystem } from '../src/support/started-system.ts';

const names = Object.keys(PROCESSES) as (keyof typeof PROCESSES)[];

async function pidOf(system: StartedSystem, name: keyof typeof PROCESSES): Promise<number> {
    const found = await listeningProcess(PROCESSES[name].healthPort + system.portOffset);
    if (found === undefined) throw new Error(`${name} does not listen`);
    return found.pid;
}

async function status(url: string): Promise<unknown> {
    const response = await fetch(`${url}/health/ready`);
    return ((await response.json()) as { readonly status: string }).status;
}

/** Ends Redis as a power cut would: its container, or its process. */
async function killRedis(system: StartedSystem): Promise<void> {
    const [, port, origin] = /redis +redis:\/\/[^:]+:(\d+) +ready, (.*)/.exec(system.output) ?? [];
    if (origin === 'container') {
        const engine = await findContainerEngine();
        const containers = (await engine?.container.list()) ?? [];
        const ours = containers.find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === Number(port)));
        await engine?.container.getById(ours?.Id ?? '').kill();
        return;
    }
    const redis = await listeningProcess(Number(port));
    if (redis === undefined) throw new Error(`Redis does not listen on ${port ?? 'any port'}`);
    process.kill(redis.pid, 'SIGKILL');
}

/** Resolves when npm start says that Redis runs again: health answers may be a second old. */
async function killRedisAndWait(system: StartedSystem): Promise<void> {
    const again = () => system.output.split('redis: running again').length;
    const before = again();
    await killRedis(system);
    await eventually(() => expect(again()).toBe(before + 1), 35_000);
}

/** Resolves when another process listens in its place. */
async function killAndWait(system: StartedSystem, name: keyof typeof PROCESSES): Promise<void> {
    const before = await pidOf(system, name);
    process.kill(before, 'SIGKILL');
    await eventually(async () => expect(await pidOf(system, name)).not.toBe(before), 35_000);
}

test('every service that is killed is shown, started again and ready; the others go on', async () => {
    await using system = await StartedSystem.ready();
    for (const name of names) {
        const others = await Promise.all(names.filter(other => other !== name).map(other => pidOf(system, other)));
        process.kill(await pidOf(system, name), 'SIGKILL');
        await system.says(`${name} was ended by SIGKILL. Its last lines:`);
        await system.says(`${name} is ready again.`);
        expect(await status(system.healthUrl(name))).toBe('ready');
        expect(await Promise.all(names.filter(other => other !== name).map(other => pidOf(system, other)))).toEqual(
            others,
        );
    }
});

test('Redis that is killed comes back, and every service notices both', async () => {
    await using system = await StartedSystem.ready();
    await killRedis(system);
    await eventually(async () => expect(await status(system.healthUrl('archive-node'))).toBe('degraded'));
    await system.says('redis: running again');
    for (const name of names) {
        await eventually(async () => expect(await status(system.healthUrl(name))).toBe('ready'), 20_000);
    }
});

test('a service that dies while others still start stops the start, and is shown', async () => {
    await using system = await StartedSystem.start({ args: ['--embedded'] });
    const archive = await eventually(() => pidOf(system, 'archive-node'), 60_000);
    process.kill(archive, 'SIGKILL');
    await system.says(/archive-node was ended by SIGKILL/);
    // Either the start failed, or it was complete just before and the archive is started again.
    await system.says(/Stopped\.|archive-node is ready again\./);
});

test('random kills of everything, in random order: afterwards all is ready', async () => {
    const rounds = process.env['TEST_FULL'] ? 200 : 4;
    const seed = Number(process.env['FC_SEED'] ?? randomInt(2 ** 31));
    test.info().annotations.push({ type: 'seed', description: String(seed) });
    test.setTimeout(60_000 + rounds * 40_000);
    const random = randomNumbers(seed);
    await using system = await StartedSystem.ready();
    const killed: { readonly target: string; readonly at: number }[] = [];
    for (let round = 0; round < rounds; round++) {
        // Five crashes within a minute are what npm start puts up with.
        const recent = (target: string) =>
            killed.filter(kill => kill.target === target && performance.now() - kill.at < 60_000).length;
        const targets = [...names, 'redis' as const].filter(target => recent(target) < 4);
        const target = targets[Math.floor(random() * targets.length)];
        await sleep(target === undefined ? 5_000 : random() * 500);
        if (target === undefined) continue;
        killed.push({ target, at: performance.now() });
        if (target === 'redis') await killRedisAndWait(system);
        else await killAndWait(system, target);
        for (const name of names) {
            await eventually(async () => {
                expect(`${name} ${String(await status(system.healthUrl(name)))}`).toBe(`${name} ready`);
            }, 35_000);
        }
    }
    process.stdout.write(`  ${rounds} random kills, seed ${seed}\n`);
});

test('no process is left when npm start itself is killed', async () => {
    await using system = await StartedSystem.ready();
    const ports = names.map(name => PROCESSES[name].healthPort + system.portOffset);
    const [, redisPort] = /redis +redis:\/\/[^:]+:(\d+)/.exec(system.output) ?? [];
    system.kill();
    for (const port of [...ports, Number(redisPort)]) {
        await eventually(async () => expect(await listeningProcess(port)).toBeUndefined(), 15_000);
    }
});

/** mulberry32: the same seed gives the same kills. */
function randomNumbers(seed: number): () => number {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}
