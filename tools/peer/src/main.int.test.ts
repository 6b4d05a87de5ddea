import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Sends all lines, then closes stdin unless `keepOpen`; gives back what the peer wrote, and its exit code. */
async function peer(lines: readonly string[], { keepOpen = false } = {}) {
    const child = spawn(process.execPath, ['--conditions=@one/source', main], { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers: Record<string, unknown>[] = [];
    createInterface(child.stdout).on('line', line => void answers.push(JSON.parse(line) as Record<string, unknown>));
    child.stdin.write(lines.map(line => `${line}\n`).join(''));
    if (!keepOpen) child.stdin.end();
    const [code] = await once(child, 'close');
    return { code, first: answers[0], answers: answers.slice(1) };
}

describe('a peer', () => {
    test('says that it is ready, answers, and ends when stdin closes', async () => {
        const { code, first, answers } = await peer(['{"id": 7, "cmd": "ping"}', '{"id": 8, "cmd": "stats"}']);
        expect(code).toBe(0);
        expect(first).toMatchObject({ event: 'ready', implementation: 'lama-federation', at: expect.any(Number) });
        expect(answers).toContainEqual({ id: 7, ok: true, result: {} });
        expect(answers).toContainEqual({
            id: 8,
            ok: true,
            result: expect.objectContaining({ rss: expect.any(Number) }),
        });
    });

    test('quits when asked to', async () => {
        const { code, answers } = await peer(['{"id": 1, "cmd": "quit"}'], { keepOpen: true });
        expect({ code, answers }).toEqual({ code: 0, answers: [{ id: 1, ok: true, result: {} }] });
    });

    test.each([
        [
            '{"id": 1, "cmd": "toString"}',
            { id: 1, ok: false, error: { code: 'PEER_BAD_REQUEST', message: expect.stringContaining('"toString"') } },
        ],
        ['{"cmd": "ping"}', { id: null, ok: false, error: { message: expect.stringContaining('needs "id"') } }],
        [
            '{"id": "1", "cmd": "ping"}',
            { ok: false, error: { message: expect.stringContaining('"id" must be a number') } },
        ],
        ['not json', { id: null, ok: false, error: { name: 'SyntaxError' } }],
    ])('answers %s with an error and lives on', async (line, error) => {
        const { code, answers } = await peer([line, '{"id": 2, "cmd": "ping"}']);
        expect(code).toBe(0);
        expect(answers).toContainEqual(
            expect.objectContaining({ ...error, error: expect.objectContaining(error.error) }),
        );
        expect(answers).toContainEqual({ id: 2, ok: true, result: {} });
    });
});
