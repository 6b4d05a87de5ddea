import { PROCESSES } from '@lama/federation';
import { eventually, listeningProcess } from '@lama/testing';
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
    const [, port] = /redis +redis:\/\/[^:]+:(\d+)/.exec(system.output) ?? [];
    const redis = await listeningProcess(Number(port));
    process.kill(redis?.pid ?? NaN, 'SIGKILL');
    await eventually(async () => expect(await status(system.healthUrl('archive-node'))).toBe('degraded'));
    await system.says('redis: running again');
    for (const name of names) {
        await eventually(async () => expect(await status(system.healthUrl(name))).toBe('ready'), 20_000);
    }
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
