import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillOnce, toolCache } from '../tool-cache.ts';

/** No sandbox: containers and build machines forbid it. The rest keeps the browser from calling anybody. */
const ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--no-first-run',
];

const INSTALLED = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Launch options of Playwright. */
export interface ChromiumLaunchOptions {
    readonly executablePath?: string;
    readonly channel?: 'chrome';
    readonly args: string[];
}

/**
 * How to start a Chromium here: `CHROMIUM_PATH`, else an installed one, else (Linux x64) the one that npm installed,
 * else the system's Chrome. Call it once a run: the first call unpacks.
 */
export async function chromiumLaunchOptions(): Promise<ChromiumLaunchOptions> {
    const given = process.env['CHROMIUM_PATH'];
    if (given) return { executablePath: given, args: ARGUMENTS };
    const installed = INSTALLED.find(program => spawnSync(program, ['--version']).status === 0);
    if (installed) return { executablePath: which(installed), args: ARGUMENTS };
    if (process.platform === 'linux' && process.arch === 'x64')
        return { executablePath: await unpack(), args: ARGUMENTS };
    return { channel: 'chrome', args: ARGUMENTS };
}

function which(program: string): string {
    return spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
}

/** Unpacks the one that npm installed, once per version, where nobody else can write. */
async function unpack(): Promise<string> {
    const { default: chromium, inflate, setupLambdaEnvironment } = await import('@sparticuz/chromium');
    const packed = fileURLToPath(new URL('../bin/', import.meta.resolve('@sparticuz/chromium')));
    const { version } = JSON.parse(readFileSync(join(packed, '../package.json'), 'utf8')) as {
        readonly version: string;
    };
    const folder = toolCache(`chromium-${version}`);
    await fillOnce(folder, work =>
        // The package unpacks into the folder for temporary files and into no other.
        withTmpDir(work, async () => {
            await chromium.executablePath();
            await inflate(join(packed, 'al2023.tar.br'));
        }),
    );
    await withTmpDir(folder, () => {
        setupLambdaEnvironment(join(folder, 'al2023', 'lib'));
    });
    return join(folder, 'chromium');
}

async function withTmpDir(folder: string, run: () => void | Promise<void>): Promise<void> {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = folder;
    try {
        await run();
    } finally {
        if (before === undefined) delete process.env['TMPDIR'];
        else process.env['TMPDIR'] = before;
    }
}
