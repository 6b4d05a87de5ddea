import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { ensureIdHash } from '../hashes.ts';
import type { Person } from '../recipes/core-recipes.ts';
import { FileBackend } from '../storage/file/index.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { KeyChain } from './key-chain.ts';

const owner = ensureIdHash<Person>('a'.repeat(64));
const KILLS = process.env['TEST_FULL'] ? 200 : 12;

/** Changes the secret from sN to s(N+1) as fast as it can, and tells each N that is stored. */
const program = `
    import { KeyChain, Microdata, ObjectStore, RecipeRegistry, Store } from '@refinio/one.core';
    import { FileBackend } from '@refinio/one.core/storage/file';
    const [folder, start] = process.argv.slice(1);
    const store = new Store(await FileBackend.open(folder));
    const objects = new ObjectStore({ store, microdata: new Microdata(new RecipeRegistry()), now: Date.now, onListenerError: console.error });
    const keyChain = new KeyChain({ objects });
    for (let n = Number(start); ; n++) {
        await keyChain.changeSecret('s' + n, 's' + (n + 1));
        process.stdout.write((n + 1) + '\\n');
    }
`;

/** The last number that a process told before it was killed. */
async function killWhileChanging(folder: string, start: number, afterMs: number): Promise<number> {
    const child = spawn(
        process.execPath,
        ['--conditions=@one/source', '--input-type=module', '--eval', program, folder, String(start)],
        { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let told = start;
    const lines = createInterface(child.stdout);
    lines.on('line', line => (told = Number(line)));
    await once(lines, 'line');
    await setTimeout(afterMs);
    child.kill('SIGKILL');
    await once(child, 'close');
    return told;
}

test(`after kill -9 at any moment the last told secret or the next one opens the key chain (${KILLS} kills)`, async () => {
    await using parent = await temporaryFolder('one-core');
    const folder = join(parent.path, 'instance');
    const open = async (): Promise<KeyChain> => {
        return new KeyChain({ objects: new TestObjects([], await FileBackend.open(folder, { create: true })).objects });
    };
    const first = await open();
    await first.unlockOrCreate('s0');
    await first.createDefaultKeys(owner);
    const secretKeys = await first.getDefaultSecretKeysAsBase64(owner);
    await first.objects.store[Symbol.asyncDispose]();

    let current = 0;
    for (let kill = 0; kill < KILLS; kill++) {
        const told = await killWhileChanging(folder, current, Math.random() * 40);
        const keyChain = await open();
        current = await keyChain.unlock(`s${told}`).then(
            () => told,
            () => keyChain.unlock(`s${told + 1}`).then(() => told + 1),
        );
        expect(await keyChain.getDefaultSecretKeysAsBase64(owner)).toEqual(secretKeys);
        await keyChain.objects.store[Symbol.asyncDispose]();
    }
    expect(current).toBeGreaterThan(KILLS);
}, 300_000);
