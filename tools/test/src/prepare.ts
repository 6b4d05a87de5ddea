import { chromiumLaunchOptions, findContainerEngine, provideRedisServer, REDIS_REMEDY } from '@lama/testing';

/**
 * Gets what tests share before they run side by side, and says in one paragraph what they run with. What cannot be had
 * is named here and makes the suites that need it fail.
 */
export async function prepare(): Promise<string> {
    const engine = await findContainerEngine();
    const redis =
        engine === undefined ? ((await provideRedisServer())?.program ?? `none. ${REDIS_REMEDY}`) : 'in containers';
    const chromium = await chromiumLaunchOptions().catch((error: unknown) => String(error));
    return [
        `Node ${process.versions.node}`,
        `Redis: ${redis}`,
        `Chromium: ${typeof chromium === 'string' ? chromium : (chromium.executablePath ?? chromium.channel ?? '')}`,
    ].join('\n');
}
