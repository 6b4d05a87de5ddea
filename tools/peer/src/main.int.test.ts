import { describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { allCommands } from './commands/all-commands.ts';
import { PeerProcess } from './peer-process.ts';

const SECRET = 'correct horse battery';
const ALICE = ['--name', 'alice', '--secret', SECRET];

/** Sends all lines, then closes stdin unless `keepOpen`; gives back what the peer wrote, and its exit code. */
async function peer(lines: readonly string[], { keepOpen = false } = {}) {
    await using process = PeerProcess.spawn(ALICE);
    for (const line of lines) process.write(line);
    if (!keepOpen) process.child.stdin?.end();
    const code = await process.exit;
    const [first, ...answers] = process.lines.map(line => JSON.parse(line) as Record<string, unknown>);
    return { code, first, answers, said: process.lines.join('\n') + process.stderr };
}

describe('a peer', () => {
    test('says that it is ready, answers, and ends when stdin closes', async () => {
        const lines = ['{"id": 7, "cmd": "ping"}', '{"id": 8, "cmd": "stats"}', '{"id": 9, "cmd": "info"}'];
        const { code, first, answers, said } = await peer(lines);
        expect(code).toBe(0);
        const number: unknown = expect.any(Number);
        const hash: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
        const keysOf = (owner: unknown) => ({ $type$: 'Keys', owner, publicKey: hash, publicSignKey: hash });
        const info = {
            ...{ implementation: 'lama-federation', name: 'alice', email: 'alice@interop.test', advertised: null },
            ...{ personId: hash, instanceId: hash, pid: expect.any(Number) },
            ...{ personKeys: keysOf(first?.['personId']), instanceKeys: keysOf(first?.['instanceId']) },
            initMs: { load: number, core: number, models: number, total: number },
        };
        expect(first).toEqual({ event: 'ready', at: expect.any(Number), ...info });
        expect(answers).toContainEqual({ id: 7, ok: true, result: {} });
        const sizes = { rss: expect.any(Number), maxRss: expect.any(Number), uptimeMs: expect.any(Number) };
        expect(answers).toContainEqual({ id: 8, ok: true, result: expect.objectContaining(sizes) });
        expect(answers).toContainEqual({ id: 9, ok: true, result: info });
        expect(said).not.toContain(SECRET);
    });

    test('answers what cannot be done with errors, and lives on', async () => {
        const requests: [line: string, code: string, message: RegExp][] = [
            ['{"id": 1, "cmd": "toString"}', 'PEER_BAD_REQUEST', /"toString"/],
            ['{"id": 2, "cmd": "post", "topic": "t"}', 'PEER_NOT_YET', /"post"/],
            ['{"id": 3, "cmd": "get-object"}', 'PEER_BAD_REQUEST', /"hash" is missing: it is 64 .* It has: hash\./],
            ['{"id": 4, "cmd": "has", "hashes": ["x"]}', 'PEER_BAD_REQUEST', /"hashes\[0\]" has to be 64 /],
            ['{"id": 5, "cmd": "ping", "loud": true}', 'PEER_BAD_REQUEST', /no argument "loud". It has no arguments/],
            ['{"id": 6, "cmd": "create-invitation"}', 'PEER_HAS_NO_ADDRESS', /address/],
            ['{"id": 7, "cmd": "get-by-id", "idHash": "' + 'a'.repeat(64) + '"}', 'SB-READ2', /aaaa/],
            ['{"id": 9, "cmd": "wait-count", "type": "T", "count": 1}', 'PEER_ENDS', /shut down/],
            [
                '{"id": 10, "cmd": "accept-invitation", "invitation": {"token": "t"}}',
                'INVITATION_INVALID',
                /public key/,
            ],
        ];
        const { code, answers } = await peer([
            ...requests.map(([line]) => line),
            ...['{"cmd": "ping"}', '{"id": "1", "cmd": "ping"}', 'not json', '{"id": 99, "cmd": "ping"}'],
        ]);
        expect(code).toBe(0);
        for (const [line, code, message] of requests) {
            const { id } = JSON.parse(line) as { readonly id: number };
            const error = { name: expect.any(String), code, message: expect.stringMatching(message) };
            expect(answers).toContainEqual({ id, ok: false, error });
        }
        const refused = answers.filter(({ id }) => id === null).map(({ error }) => error);
        expect(refused).toEqual([
            expect.objectContaining({ message: expect.stringContaining('needs "id"') }),
            expect.objectContaining({ message: expect.stringContaining('"id" must be a number') }),
            expect.objectContaining({ name: 'SyntaxError' }),
        ]);
        expect(answers).toContainEqual({ id: 99, ok: true, result: {} });
    });

    test('quits when asked to', async () => {
        const { code, answers } = await peer(['{"id": 1, "cmd": "quit"}'], { keepOpen: true });
        expect({ code, answers }).toEqual({ code: 0, answers: [{ id: 1, ok: true, result: {} }] });
    });

    test('takes its options from the environment, too, and lists all that is wrong with them', async () => {
        await using wrong = PeerProcess.spawn(['--listen', 'here'], { PEER_SECRET: SECRET, PEER_EXPIRY: 'soon' });
        expect([await wrong.exit, wrong.lines]).toEqual([2, []]);
        for (const mistake of [/--name or PEER_NAME is missing/, /--listen is "here"/, /PEER_EXPIRY is "soon"/])
            expect(wrong.stderr).toMatch(mistake);
        expect(wrong.stderr).not.toContain(SECRET);
        const names = { PEER_NAME: 'bob', PEER_EMAIL: 'bob@test', PEER_ADVERTISE: 'wss://bob.test' };
        await using right = PeerProcess.spawn([], { ...names, PEER_SECRET: SECRET });
        expect(await right.event('ready')).toMatchObject({ name: 'bob', email: 'bob@test' });
        expect(await right.request('create-invitation')).toMatchObject({ url: 'wss://bob.test' });
    });

    test('explains itself', async () => {
        await using help = PeerProcess.spawn(['--help']);
        const said: string[] = [];
        help.child.stdout?.removeAllListeners('data');
        help.child.stdout?.setEncoding('utf8').on('data', (text: string) => said.push(text));
        expect(await help.exit).toBe(0);
        for (const name of Object.keys(allCommands)) expect(said.join('')).toContain(`\n  ${name}`);
    });

    test('says why it cannot open its store', async () => {
        await using folder = await temporaryFolder('peer');
        await using first = PeerProcess.spawn([...ALICE, '--dir', folder.path]);
        await first.event('ready');
        await using second = PeerProcess.spawn([...ALICE, '--dir', folder.path]);
        expect([await second.exit, second.lines]).toEqual([1, []]);
        expect(second.stderr).toMatch(/^The peer cannot run: .*in use/s);
        expect(await first.quit()).toBe(0);
        await using third = PeerProcess.spawn(['--name', 'alice', '--secret', 'wrong horse', '--dir', folder.path]);
        expect([await third.exit, third.lines]).toEqual([1, []]);
        expect(third.stderr).toMatch(/^The peer cannot run: .*secret/);
        expect(third.stderr).not.toContain('horse');
    });
});
