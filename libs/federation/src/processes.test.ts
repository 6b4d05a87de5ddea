import { expect, test } from '@jest/globals';
import { PROCESSES } from './processes.ts';

test('no two processes share a port', () => {
    const ports = Object.values(PROCESSES)
        .flatMap(({ listenPort, healthPort }) => [listenPort ?? [], healthPort])
        .flat();
    expect(new Set(ports).size).toBe(ports.length);
});

test('each entry carries its own name', () => {
    for (const [name, description] of Object.entries(PROCESSES)) expect(description.name).toBe(name);
});
