import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Folder of the user's cache for one fetched or unpacked program. The name carries the version. */
export function toolCache(name: string): string {
    return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lama-federation', name);
}

/**
 * Fills a cache folder once: beside its final place, renamed when complete, so that an interrupted fill never looks
 * like a program. Of two processes that fill at once, the first counts.
 */
export async function fillOnce(folder: string, fill: (work: string) => void | Promise<void>): Promise<void> {
    if (existsSync(folder)) return;
    const work = `${folder}.${process.pid}`;
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(work, { mode: 0o700 });
    try {
        await fill(work);
        if (!existsSync(folder)) renameSync(work, folder);
    } finally {
        rmSync(work, { recursive: true, force: true });
    }
}
