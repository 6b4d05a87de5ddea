import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { readOptions } from './options.ts';
import { INTEROP_RECIPES } from './peer-process.ts';

const needed = ['--name', 'alice', '--secret', 'xyzzy'];
const read = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => readOptions(args, env, () => 'the help');

function mistakesOf(args: readonly string[], env?: NodeJS.ProcessEnv): string[] {
    const options = read(args, env);
    if (!('text' in options)) return [];
    expect(options.exitCode).toBe(2);
    expect(options.text).not.toContain('xyzzy');
    return options.text.split('\n').filter(line => line.startsWith('  '));
}

describe('options', () => {
    test('have defaults', () => {
        expect(read(needed)).toEqual({
            ...{ name: 'alice', email: 'alice@interop.test', secret: 'xyzzy', recipes: [], expiryMs: 60_000 },
            ...{ dir: undefined, listen: undefined, commServer: undefined, advertise: undefined },
            reconnectMs: undefined,
        });
    });

    test('come from arguments or the environment; arguments count', () => {
        const env = { PEER_NAME: 'bob', PEER_SECRET: 'xyzzy', PEER_LISTEN: '[::1]:0', PEER_EXPIRY: '', INIT_CWD: '/x' };
        const args = ['--name=alice', '--commserver', 'wss://relay.test', '--dir', 'y', '--reconnect', '50'];
        expect(read(args, env)).toMatchObject({
            ...{ name: 'alice', secret: 'xyzzy', listen: { host: '::1', port: 0 }, expiryMs: 60_000 },
            ...{ commServer: 'wss://relay.test', dir: '/x/y', reconnectMs: 50 },
        });
    });

    test('show the help instead, also beside mistakes', () => {
        expect(read(['--help', '--nonsense'])).toEqual({ exitCode: 0, text: 'the help' });
    });

    test('that cannot be used are all listed, and what may be the secret is not repeated', () => {
        expect(mistakesOf([])).toEqual([
            '  --name or PEER_NAME is missing, for example --name alice',
            '  --secret or PEER_SECRET is missing, for example --secret SECRET',
        ]);
        const args = [
            '--name',
            'alice',
            '--secret',
            '-xyzzy',
            'xyzzy',
            '--secrte=xyzzy',
            '--dir',
            '--listen',
            'a:70000',
        ];
        expect(mistakesOf([...args, '--commserver', 'http://x', '--advertise', 'x', '--expiry', '1e3'])).toEqual([
            '  --secret needs a value: --secret=VALUE for one that begins with "-"',
            '  There is a value that belongs to no option: put one with spaces in quotes',
            '  There is no option --secrte',
            '  --dir needs a value: --dir=VALUE for one that begins with "-"',
            '  There is a value that belongs to no option: put one with spaces in quotes',
            '  --commserver is "http://x": expected an address with ws:// or wss://, for example --commserver ws://localhost:8000',
            '  --advertise is "x": expected an address with ws:// or wss://, for example --advertise ws://localhost:8765',
            '  --expiry is "1e3": expected a whole number of milliseconds from 1, for example --expiry 60000',
        ]);
    });

    test('do not show letters of a secret that was taken for options', () => {
        const [missing, ...letters] = mistakesOf(['--name=alice', '--secret=', '-xyzzy']);
        expect(missing).toBe('  --secret needs a value: --secret SECRET');
        expect(new Set(letters)).toEqual(new Set(['  Options begin with "--"; one begins with "-"']));
    });

    test.each(['here', ':80', 'a:', '::1:80', 'a b:1', 'a:65536', 'ws://a:80'])('take no listener "%s"', listen => {
        expect(mistakesOf([...needed, '--listen', listen])).toHaveLength(1);
    });

    test('name a file of recipes', async () => {
        await using folder = await temporaryFolder('peer-options');
        const file = join(folder.path, 'recipes.json');
        const options = read([...needed, '--recipes', INTEROP_RECIPES]);
        const types = 'text' in options ? [] : options.recipes.map(({ name }) => name);
        expect(types).toEqual(['InteropNote', 'InteropRecord']);
        const ofFile = async (text: string): Promise<string> => {
            await writeFile(file, text);
            return mistakesOf([...needed, '--recipes', file]).join();
        };
        expect(mistakesOf([...needed, '--recipes', file]).join()).toMatch(/recipes\.json" cannot be used: ENOENT/);
        expect(await ofFile('{}')).toMatch(/no JSON array/);
        expect(await ofFile('[')).toMatch(/JSON/);
        expect(await ofFile('[{"$type$": "Recipe", "name": "a b", "rule": []}]')).toMatch(/URC-ERCP3/);
    });
});
