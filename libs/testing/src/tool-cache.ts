import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Folder of the user's cache for one fetched or unpacked program. */
export function toolCache(name: string): string {
    return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lama-federation', name);
}

/**
 * Fills a cache folder once: beside its final place, renamed when complete, so that an interrupted fill never looks
 * like a program. Of two processes that fill at once, the first counts.
 */
export async function fillOnce(folder: string, fill: (work: string) => void | Promise<void>): Promise<void> {
    if (existsSync(folder)) return;
    mkdirSync(dirname(folder), { recursive: true });
    const work = mkdtempSync(`${folder}.`);
    try {
        await fill(work);
        renameSync(work, folder);
    } catch (error) {
        // Another process was first; what it made is as good.
        if (!existsSync(folder)) throw error;
    } finally {
        rmSync(work, { recursive: true, force: true });
    }
}
