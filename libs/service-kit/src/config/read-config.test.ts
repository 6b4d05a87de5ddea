import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { describeSettings } from './describe-settings.ts';
import { ConfigError, readConfig } from './read-config.ts';
import { choice, directory, hosts, integer, port, secret, text, url } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
};

const settings = {
    LISTEN_PORT: port({ about: 'Port for browsers.', fallback: '8080' }),
    LISTEN_HOST: hosts({ about: 'Addresses.', fallback: '127.0.0.1,::1' }),
    MAX_INSTANCES: integer({ about: 'Bound.', min: 1, max: 1000, fallback: '10' }),
    LOG_LEVEL: choice(['info', 'debug'], { about: 'Level.', fallback: 'info' }),
    REDIS_URL: url({ about: 'Redis.', schemes: ['redis', 'rediss'], example: 'redis://localhost:6379' }),
    NAME: text({ about: 'Name.', required: true, example: 'alice' }),
    CLIENT_DIR: directory({ about: 'Client.', example: 'apps/web-client/dist/browser' }),
    CONTROL_TOKEN: secret({ about: 'Token.' }),
};

function mistakesOf(env: NodeJS.ProcessEnv): string[] {
    try {
        readConfig(settings, env);
    } catch (error) {
        if (error instanceof ConfigError) return error.mistakes.map(({ message }) => message);
        throw error;
    }
    return [];
}

describe('a configuration', () => {
    test('takes defaults for what is not set, and types what is', () => {
        const config = readConfig(settings, { NAME: 'alice', LISTEN_PORT: '0', REDIS_URL: 'redis://:pw@h:1/2' });
        const port: number = config.LISTEN_PORT;
        const redis: URL | undefined = config.REDIS_URL;
        const name: string = config.NAME;
        // @ts-expect-error a setting that may be absent is not a plain string
        const token: string = config.CONTROL_TOKEN;
        expect({ port, host: config.LISTEN_HOST, level: config.LOG_LEVEL, name, token }).toEqual({
            port: 0,
            host: ['127.0.0.1', '::1'],
            level: 'info',
            name: 'alice',
            token: undefined,
        });
        expect(redis?.hostname).toBe('h');
        expect(config).not.toHaveProperty('UNKNOWN');
    });

    test('lists every mistake at once, each with its name, form and example', () => {
        const env = {
            LISTEN_PORT: '80a',
            MAX_INSTANCES: '1001',
            LOG_LEVEL: 'loud',
            LISTEN_HOST: 'example.org',
            CLIENT_DIR: join(folder, 'missing'),
        };
        expect(mistakesOf(env)).toEqual([
            'LISTEN_PORT is "80a": expected a port number from 1 to 65535 (0: any free port), for example LISTEN_PORT=8080',
            'LISTEN_HOST is "example.org": expected IP addresses separated by commas, for example LISTEN_HOST=127.0.0.1,::1',
            'MAX_INSTANCES is "1001": expected a whole number from 1 to 1000, for example MAX_INSTANCES=10',
            'LOG_LEVEL is "loud": expected one of info, debug, for example LOG_LEVEL=info',
            'NAME is missing: expected a text, for example NAME=alice',
            expect.stringMatching(
                /^CLIENT_DIR is ".*": expected the path of an existing folder, for example CLIENT_DIR=apps/,
            ),
        ]);
        expect(() => readConfig(settings, env)).toThrow(/^The configuration has 6 mistakes:\n {2}LISTEN_PORT is "80a"/);
    });

    test.each(['65536', '-1', '1.5', ' 80', '1e3', '0x10'])('takes no port %j', value => {
        expect(mistakesOf({ NAME: 'alice', LISTEN_PORT: value })).toHaveLength(1);
    });

    test('an empty variable counts as not set', () => {
        expect(readConfig(settings, { NAME: 'alice', REDIS_URL: '', LISTEN_PORT: '' })).toMatchObject({
            REDIS_URL: undefined,
            LISTEN_PORT: 8080,
        });
    });

    test('any variable may come from a file', () => {
        const NAME_FILE = file('name', 'alice\r\n');
        expect(readConfig(settings, { NAME_FILE }).NAME).toBe('alice');
        expect(mistakesOf({ NAME_FILE, NAME: 'bob' })[0]).toMatch(/^NAME and NAME_FILE are both set/);
        expect(mistakesOf({ NAME_FILE: join(folder, 'gone') })[0]).toMatch(
            /^NAME_FILE \(.*gone\) cannot be read \(ENOENT\)/,
        );
        expect(mistakesOf({ NAME_FILE: file('empty', '\n') })[0]).toMatch(/^The content of NAME_FILE \(.*\) is empty/);
        expect(mistakesOf({ NAME_FILE: file('large', 'x'.repeat(70_000)) })[0]).toMatch(/is larger than 65536 bytes/);
    });
});

describe('secrets', () => {
    const value = 'correct horse';

    test('come from a file only', () => {
        const CONTROL_TOKEN_FILE = file('token', `${value}\n`);
        expect(readConfig(settings, { NAME: 'alice', CONTROL_TOKEN_FILE }).CONTROL_TOKEN?.reveal()).toBe(value);
        const [mistake] = mistakesOf({ NAME: 'alice', CONTROL_TOKEN: value });
        expect(mistake).toMatch(/^CONTROL_TOKEN is set directly.*for example CONTROL_TOKEN_FILE=\/run\/secrets\/name$/);
        expect(mistake).not.toContain(value);
    });

    test('are not shown by accident', () => {
        const config = readConfig(settings, { NAME: 'alice', CONTROL_TOKEN_FILE: file('t', value) });
        const shown = [inspect(config), JSON.stringify(config), String(config.CONTROL_TOKEN)];
        expect(shown.filter(text => text.includes(value))).toEqual([]);
    });

    test('in a wrong URL are not repeated', () => {
        const [mistake] = mistakesOf({ NAME: 'alice', REDIS_URL: `http://:${value}@localhost` });
        expect(mistake).toBe(
            'REDIS_URL is not valid (its value is not shown): expected a URL that starts with redis:// or rediss://, ' +
                'for example REDIS_URL=redis://localhost:6379',
        );
    });
});

test('the help text has each variable with its meaning, form and default', () => {
    const text = describeSettings(settings);
    expect(text).toContain(
        '  LISTEN_PORT         Port for browsers.\n' +
            '                      a port number from 1 to 65535 (0: any free port); default 8080\n',
    );
    expect(text).toContain('a text; required, for example NAME=alice');
    expect(text).toContain(
        'a file that holds the secret; no default, for example CONTROL_TOKEN_FILE=/run/secrets/name',
    );
});
