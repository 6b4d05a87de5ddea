import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, freePort } from '@lama/testing';
import { pair, PeerProcess } from './peer-process.ts';

let alice: PeerProcess;
let bob: PeerProcess;
beforeAll(async () => {
    [alice, bob] = (await Promise.all(['alice', 'bob'].map(name => PeerProcess.start({ name, reconnect: 500 })))) as [
        PeerProcess,
        PeerProcess,
    ];
});
afterAll(async () => {
    expect([alice, bob].flatMap(peer => peer.eventsOf('unhandled'))).toEqual([]);
    expect(await Promise.all([alice.quit(), bob.quit()])).toEqual([0, 0]);
});

const hash: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);

test('objects are stored and read with all their values', async () => {
    const record = {
        ...{ $type$: 'InteropRecord', id: 'a', value: 'ü', counter: 0.5, tags: { $set: ['b', 'c'] } },
    };
    const stored = await alice.request('store-versioned', { obj: record });
    expect(stored).toEqual({ hash, idHash: hash, status: 'new' });
    expect(await alice.request('store-versioned', { obj: record })).toEqual({ ...stored, status: 'exists' });
    expect(await bob.request('calc-hash', { obj: record })).toEqual({ hash: stored['hash'] });
    expect(await bob.request('calc-id-hash', { obj: record })).toEqual({ idHash: stored['idHash'] });
    expect(await alice.request('get-object', { hash: stored['hash'] })).toEqual({ obj: record });
    expect(await bob.request('versions', { idHash: stored['idHash'] })).toEqual({ hashes: [] });
    const obj = { $type$: 'InteropNote', seq: 1, text: '' };
    const note = await alice.request('store-unversioned', { obj });
    expect(note).toEqual({ hash, status: 'new' });
    expect(await alice.request('get-microdata', { hash: note['hash'] })).toEqual({
        microdata:
            '<div itemscope itemtype="//refin.io/InteropNote"><span itemprop="seq">1</span><span itemprop="text"></span></div>',
    });
    await expect(alice.request('store-unversioned', { obj: { $type$: 'None' } })).rejects.toMatchObject({
        code: 'OR-GR1',
    });
    await expect(alice.request('store-versioned', { obj })).rejects.toMatchObject({ code: 'SVO-SO2' });
    await expect(alice.request('get-object', { hash: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'SB-READ2' });
});

test('grants are those of ONE', async () => {
    const { hash: object } = await alice.request('store-unversioned', {
        obj: { $type$: 'InteropNote', seq: 2, text: 'x' },
    });
    const { personId } = alice.info;
    const first = await alice.request('grant-access', { hash: object, persons: [personId] });
    expect(first).toEqual({ accessHash: hash, accessIdHash: hash });
    expect(await alice.request('get-object', { hash: first['accessHash'] })).toEqual({
        obj: { $type$: 'Access', object, person: [personId], group: [] },
    });
    const second = await alice.request('grant-access', { hash: object, persons: [], mode: 'replace' });
    expect(second['accessIdHash']).toBe(first['accessIdHash']);
    expect(await alice.request('list-accessible', { person: personId })).toEqual([]);
    for (const target of [{}, { hash: object, idHash: object }])
        await expect(alice.request('grant-access', target)).rejects.toMatchObject({ code: 'PEER_BAD_REQUEST' });
    const group = await alice.request('create-group', { name: 'g', persons: [personId] });
    expect(group).toEqual({ idHash: hash, hash });
    expect(await alice.request('create-group', { name: 'g', persons: [personId] })).toEqual(group);
    expect(await alice.request('get-object', { hash: group['hash'] })).toEqual({
        obj: { $type$: 'Group', name: 'g', person: [personId] },
    });
});

test('BLOBs come from one source', async () => {
    const one = await alice.request('blob-put', { random: 100, seed: 's' });
    expect(await bob.request('blob-put', { random: 100, seed: 's' })).toMatchObject({ blobHash: one['blobHash'] });
    expect(await bob.request('blob-put', { random: 100 })).not.toMatchObject({ blobHash: one['blobHash'] });
    for (const sources of [{}, { random: 1, base64: 'AA==' }])
        await expect(alice.request('blob-put', sources)).rejects.toMatchObject({ code: 'PEER_BAD_REQUEST' });
    await expect(alice.request('blob-put', { base64: '?' })).rejects.toThrow('"base64" has to be bytes in base64');
    await expect(alice.request('blob-put', { file: '/nowhere' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(alice.request('blob-get', { blobHash: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'SST-CR3' });
});

test('much is stored at once', async () => {
    const before = await bob.request<Record<string, unknown>>('counts');
    expect(before).not.toHaveProperty('InteropNote');
    for (const [kind, type] of [
        ['unversioned', 'InteropNote'],
        ['versioned', 'InteropRecord'],
    ]) {
        const result = await bob.request('bench-store', { kind, count: 50, from: 5, parallel: 4, text: 'T' });
        const number: unknown = expect.any(Number);
        expect(result).toEqual({ ms: number, first: number, last: number, firstHash: hash, lastHash: hash });
        expect(await bob.request('wait-count', { type, count: 50 })).toMatchObject({ count: 50 });
        const { obj } = await bob.request('get-object', { hash: result['lastHash'] });
        expect(obj).toEqual(
            kind === 'unversioned'
                ? { $type$: 'InteropNote', seq: 54, text: 'T 54' }
                : { $type$: 'InteropRecord', id: 'rec-54', value: 'T 54', counter: 54 },
        );
    }
});

test('a contact without pairing is trusted, or not, and connected with if it has an address', async () => {
    const before = await alice.request('export-identity');
    expect(before).toMatchObject({ type: 'public', personEmail: 'alice@interop.test', instanceName: 'alice' });
    expect(before).not.toHaveProperty('url');
    const untrusted = await bob.request('create-contact-with-endpoint', { identity: before, trust: false });
    const [contact] = await bob.request<unknown[]>('list-contacts');
    expect(contact).toMatchObject({ mainIdentity: alice.info.personId, trustedKeys: [] });
    expect(contact).toMatchObject({ profiles: [{ idHash: untrusted['profileIdHash'], owner: bob.info.personId }] });

    const { url } = await alice.request('listen', { port: 0 });
    const identity = await alice.request('export-identity');
    expect(identity).toEqual({ ...before, url });
    const trusted = await bob.request('create-contact-with-endpoint', { identity });
    expect(trusted).toEqual({ personId: alice.info.personId, profileIdHash: hash });
    const key = identity['personSignKeyPublic'];
    expect(await bob.request('list-contacts')).toMatchObject([{ trustedKeys: [key] }]);
    // Alice knows nothing of bob.
    await bob.event('connection-error', ({ message }) => String(message).includes('you are unknown'));
    await expect(bob.request('create-contact-with-endpoint', { identity: {} })).rejects.toMatchObject({
        code: 'IDENTITY_RECORD_INVALID',
    });
});

test('listeners that cannot be opened are told, and others work', async () => {
    const port = await freePort();
    await alice.request('listen', { port });
    const taken = bob.request('listen', { port });
    await expect(taken).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    await expect(bob.request('listen', { port })).rejects.toThrow();
    const { url, advertised } = await bob.request('listen', { host: 'localhost', port: 0 });
    expect(advertised).toBe(url);
    await pair(bob, alice);
    expect(await bob.request('online-state')).toEqual({ online: true });
    const nowhere = 'ws://127.0.0.1:9';
    expect(await bob.request('connect-commserver', { url: nowhere })).toEqual({ advertised: nowhere });
    await eventually(async () => expect(await bob.request('online-state')).toEqual({ online: false }));
    await bob.event('connection-error', ({ message }) => String(message).includes('ECONNREFUSED'));
});
