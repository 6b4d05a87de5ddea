import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { ensureIdHash } from '../../hashes.ts';
import { storageLocationHash } from '../../instance/instance-ids.ts';
import { KeyChain } from '../../keychain/key-chain.ts';
import type { Person } from '../../recipes/core-recipes.ts';
import { TestObjects } from '../../vectors/test-objects.ts';
import { FileBackend, FileSettingsStore } from './index.ts';

interface FolderVectors {
    readonly options: { email: string; instanceName: string; secret: string };
    readonly directories: readonly string[];
    readonly files: Readonly<Record<string, string>>;
    readonly expected: { personIdHash: string; personSecretKeysBase64: unknown };
}

/** Recreates the folder of the vectors, and reads it back. */
async function recreate(base: string): Promise<FolderVectors> {
    const vectors = JSON.parse(
        await readFile(new URL('../../../test-vectors/instance-folder.json', import.meta.url), 'utf8'),
    ) as FolderVectors;
    for (const directory of vectors.directories) await mkdir(join(base, directory), { recursive: true });
    for (const [path, content] of Object.entries(vectors.files)) {
        await mkdir(dirname(join(base, path)), { recursive: true });
        await writeFile(join(base, path), Buffer.from(content, 'base64'));
    }
    return vectors;
}

async function contents(base: string): Promise<Record<string, string>> {
    const files = await readdir(base, { recursive: true, withFileTypes: true });
    const entries = files
        .filter(file => file.isFile())
        .map(async ({ parentPath, name }) => {
            const path = join(parentPath, name);
            return [
                path.slice(base.length + 1).replaceAll('\\', '/'),
                (await readFile(path)).toString('base64'),
            ] as const;
        });
    return Object.fromEntries(await Promise.all(entries));
}

test('the folder of an original installation is opened, its secret changed, and nothing else touched', async () => {
    await using base = await temporaryFolder('original');
    const { options, expected, files } = await recreate(base.path);
    const settings = new FileSettingsStore(base.path);
    expect(await settings.getItem('credentials-single-user')).toEqual({
        email: options.email,
        instanceName: options.instanceName,
    });

    const location = await storageLocationHash(options.instanceName, options.email);
    const owner = ensureIdHash<Person>(expected.personIdHash);
    {
        await using backend = await FileBackend.open(join(base.path, location));
        const keyChain = new KeyChain({ objects: new TestObjects([], backend).objects });
        await expect(keyChain.unlock('wrong')).rejects.toEqual(expect.objectContaining({ code: 'CYENC-SYMDEC' }));
        await keyChain.unlock(options.secret);
        expect(await keyChain.getDefaultSecretKeysAsBase64(owner)).toEqual(expected.personSecretKeysBase64);
    }
    expect(await contents(base.path)).toEqual(files);

    {
        await using backend = await FileBackend.open(join(base.path, location));
        const keyChain = new KeyChain({ objects: new TestObjects([], backend).objects });
        await keyChain.changeSecret(options.secret, 'another');
        await keyChain.unlock('another');
        expect(await keyChain.getDefaultSecretKeysAsBase64(owner)).toEqual(expected.personSecretKeysBase64);
    }
    const after = await contents(base.path);
    expect(Object.keys(after).sort()).toEqual(Object.keys(files).sort());
    const changed = Object.keys(files).filter(path => after[path] !== files[path]);
    expect(changed.sort()).toEqual([`${location}/private/keychain_masterkey`, `${location}/private/keychain_salt`]);
});
