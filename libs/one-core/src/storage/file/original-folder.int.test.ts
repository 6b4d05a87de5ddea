import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { ensureIdHash } from '../../hashes.ts';
import { storageLocationHash } from '../../instance/instance-ids.ts';
import { KeyChain } from '../../keychain/key-chain.ts';
import type { Person } from '../../recipes/core-recipes.ts';
import { OneInstance } from '../../instance/one-instance.ts';
import { Microdata } from '../../microdata/microdata.ts';
import { RecipeRegistry } from '../../recipes/recipe-registry.ts';
import { copyStore } from '../copy-store.ts';
import { MemoryBackend } from '../memory/memory-backend.ts';
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

test('an original instance is opened whole, gets new versions, and is exported as it was', async () => {
    await using base = await temporaryFolder('original');
    const { options, files } = await recreate(base.path);
    const { email, instanceName: name, secret } = options;
    const location = await storageLocationHash(name, email);
    const copied = new MemoryBackend();
    {
        await using original = await FileBackend.open(join(base.path, location));
        await copyStore(original, copied);
    }
    // The way back.
    await using other = await temporaryFolder('exported');
    {
        await using exported = await FileBackend.open(join(other.path, location), { create: true });
        await copyStore(copied, exported);
    }
    const { [`SettingsStore`]: _settings, ...instanceFiles } = files;
    const exported = await contents(other.path);
    expect(Object.fromEntries(Object.entries(exported).filter(([path]) => !path.includes('/lama/')))).toEqual(
        instanceFiles,
    );

    const storage = () => FileBackend.open(join(base.path, location));
    const note = { $type$: 'SpecNote', id: 'note-1', text: 'third', author: 'a'.repeat(64) };
    {
        await using one = await OneInstance.open({ name, email, secret, storage: storage(), create: false });
        expect((await one.verify()).problems).toEqual([]);
        await one.objects.storeVersionedObject(note);
        expect((await one.verify()).problems).toEqual([]);
    }
    const after = await contents(base.path);
    const changed = Object.keys(files).filter(path => after[path] !== files[path]);
    // The head of the note alone; everything else was added.
    expect(changed).toHaveLength(1);
    expect(changed[0]).toContain(`${location}/vheads/`);

    // What somebody else has written meanwhile, without telling.
    const recipes = new RecipeRegistry();
    const microdata = new Microdata(recipes);
    const person = { $type$: 'Person', email: 'carol' };
    {
        await using one = await OneInstance.open({ name, email, secret, storage: storage(), create: false });
        const epoch = await one.epoch();
        await one[Symbol.asyncDispose]();
        await using again = await OneInstance.open({ name, email, secret, storage: storage(), create: false });
        expect(await again.epoch()).toBe(epoch);
        await again[Symbol.asyncDispose]();
        const carol = microdata.writeId(person);
        await writeFile(join(base.path, location, 'objects', await microdata.idHash(person)), carol);
        await using changedOutside = await OneInstance.open({ name, email, secret, storage: storage(), create: false });
        expect(await changedOutside.epoch()).not.toBe(epoch);
    }
});
