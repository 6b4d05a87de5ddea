import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test; disposing deletes it. */
export interface TemporaryFolder extends AsyncDisposable {
    readonly path: string;
}

export async function temporaryFolder(name = 'lama'): Promise<TemporaryFolder> {
    const path = await mkdtemp(join(tmpdir(), `${name}-`));
    // A process that was killed may still be writing its last files.
    const remove = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
    return { path, [Symbol.asyncDispose]: () => rm(path, remove) };
}
