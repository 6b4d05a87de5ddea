import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { FileSettingsStore } from '../storage/file/index.ts';
import { LocalSettingsStore, type SettingsStore } from './settings-store.ts';

function localStore(): SettingsStore {
    const entries = new Map<string, string>();
    return new LocalSettingsStore({
        getItem: key => entries.get(key) ?? null,
        setItem: (key, value) => void entries.set(key, value),
        removeItem: key => void entries.delete(key),
        clear: () => entries.clear(),
    });
}

describe.each(['LocalSettingsStore', 'FileSettingsStore'])('%s', kind => {
    test('keeps values, and forgets them', async () => {
        await using folder = await temporaryFolder('settings');
        const open = kind === 'LocalSettingsStore' ? localStore() : new FileSettingsStore(join(folder.path, 'new'));
        expect(await open.getItem('a')).toBeUndefined();
        await open.removeItem('a');
        await open.setItem('b', { y: [1], x: 'ä' });
        await open.setItem('a', 'text');
        await open.setItem('__proto__', 1);
        expect(await open.getItem('b')).toEqual({ x: 'ä', y: [1] });
        expect(await open.getItem('__proto__')).toBe(1);
        await open.removeItem('a');
        expect(await open.getItem('a')).toBeUndefined();
        await expect(open.setItem('c', 1n)).rejects.toEqual(expect.objectContaining({ code: 'SET-SET' }));
        await open.clear();
        await open.clear();
        expect(await open.getItem('b')).toBeUndefined();
    });
});

test('the file of an original installation has sorted keys and is read by its owner only', async () => {
    await using folder = await temporaryFolder('settings');
    const settings = new FileSettingsStore(folder.path);
    await settings.setItem('b', { y: 1, x: 2 });
    await settings.setItem('a', 't');
    const file = join(folder.path, 'SettingsStore');
    expect(await readFile(file, 'utf8')).toBe('{"a":"t","b":{"x":2,"y":1}}');
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    const overlapping = await Promise.allSettled([settings.setItem('a', 1), settings.setItem('a', 2)]);
    expect(overlapping[1]).toMatchObject({ status: 'rejected', reason: { code: 'SET-LOCK1' } });
    expect(await settings.getItem('a')).toBe(1);
});

test('a damaged or unreadable file is an error that names it', async () => {
    await using folder = await temporaryFolder('settings');
    const settings = new FileSettingsStore(folder.path);
    for (const content of ['', '{', '[1]', '5']) {
        await writeFile(join(folder.path, 'SettingsStore'), content);
        await expect(settings.getItem('a')).rejects.toThrow(join(folder.path, 'SettingsStore'));
        await expect(settings.setItem('a', 1)).rejects.toEqual(expect.objectContaining({ code: 'SET-SET' }));
        expect(await readFile(join(folder.path, 'SettingsStore'), 'utf8')).toBe(content);
    }
    await mkdir(join(folder.path, 'sub', 'SettingsStore'), { recursive: true });
    const blocked = new FileSettingsStore(join(folder.path, 'sub'));
    await expect(blocked.getItem('a')).rejects.toEqual(expect.objectContaining({ code: 'SET-GET' }));
});
