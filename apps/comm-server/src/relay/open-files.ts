import { readFileSync } from 'node:fs';

/** How many files, sockets among them, the system lets this process open; undefined where it does not tell. */
export function openFilesLimit(): number | undefined {
    try {
        // The hard limit: Node raises its own to it when it starts.
        const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
        return limit === undefined ? undefined : Number(limit);
    } catch {
        return undefined;
    }
}
