import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { countOf, pair, PeerCommandError, PeerProcess, sendNotes, synchronizing } from './peer-process.ts';

let folder: TemporaryFolder;
/** Two that listen, and one that only connects, as a browser. */
let alice: PeerProcess;
let bob: PeerProcess;
let carol: PeerProcess;

beforeAll(async () => {
    folder = await temporaryFolder('peers');
    const dirOf = (name: string): string => join(folder.path, name);
    [alice, bob, carol] = await Promise.all([
        PeerProcess.start({ name: 'alice', listen: '127.0.0.1:0', dir: dirOf('alice') }),
        PeerProcess.start({ name: 'bob', listen: 'localhost:0', dir: dirOf('bob') }),
        PeerProcess.start({ name: 'carol', reconnect: 500 }),
    ]);
    await Promise.all([pair(alice, bob), pair(bob, carol)]);
    await Promise.all([synchronizing(alice, bob), synchronizing(bob, carol)]);
});
afterAll(async () => {
    const peers = [alice, bob, carol];
    expect(peers.flatMap(peer => peer.eventsOf('unhandled'))).toEqual([]);
    expect(await Promise.all(peers.map(peer => peer.quit()))).toEqual([0, 0, 0]);
    expect(peers.map(({ stderr }) => stderr)).toEqual(['', '', '']);
    await folder[Symbol.asyncDispose]();
});

const idOf = (peer: PeerProcess): string => peer.info.personId;

describe('two peers that listen', () => {
    test('say where', () => {
        expect(alice.info.advertised).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
        expect(bob.info.advertised).toMatch(/^ws:\/\/localhost:\d+$/);
        expect(carol.info.advertised).toBe(null);
    });

    test('tell of their pairing', async () => {
        const [atAlice] = alice.eventsOf('pairing-success');
        const atBob = await bob.event('pairing-success', ({ remotePersonId }) => remotePersonId === idOf(alice));
        const idsOf = ({ info }: PeerProcess, side: string) => ({
            ...{ [`${side}PersonId`]: info.personId, [`${side}InstanceId`]: info.instanceId },
        });
        const token: unknown = expect.stringMatching(/^.{64}$/);
        expect(atAlice).toMatchObject({
            ...{ initiatedLocally: false, token, ...idsOf(alice, 'local'), ...idsOf(bob, 'remote') },
        });
        const shared = { token: atAlice?.['token'], ...idsOf(bob, 'local'), ...idsOf(alice, 'remote') };
        expect(atBob).toMatchObject({ initiatedLocally: true, ...shared });
        expect(bob.eventsOf('protocol-start')[0]).toMatchObject({ protocol: 'chum' });
    });

    test('know each other with keys and addresses', async () => {
        const [contact, ...others] = await alice.request<unknown[]>('list-contacts');
        const { personSignKeyPublic, url } = await bob.request('export-identity');
        expect(url).toBe(bob.info.advertised);
        const profile = { personId: idOf(bob), owner: idOf(bob), profileId: 'default' };
        expect([contact, others]).toEqual([
            {
                ...{ someoneIdHash: expect.any(String), mainIdentity: idOf(bob), identities: [idOf(bob)] },
                profiles: [
                    {
                        ...{ idHash: expect.any(String), ...profile },
                        endpoints: [expect.objectContaining({ $type$: 'OneInstanceEndpoint', url })],
                        descriptions: [{ $type$: 'SignKey', key: personSignKeyPublic }],
                    },
                ],
                trustedKeys: [personSignKeyPublic],
            },
            [],
        ]);
    });

    test('tell of their connections', async () => {
        const [toBob, ...others] = await alice.request<Record<string, unknown>[]>('connections-info');
        expect(others).toEqual([]);
        expect(toBob).toEqual({
            ...{ protocolName: 'chum', isConnected: true, isCatchAll: false, enabled: true },
            ...{ remotePersonId: idOf(bob), remoteInstanceId: bob.info.instanceId },
            remotePublicKey: (bob.info['instanceKeys'] as { readonly publicKey: string }).publicKey,
            routes: expect.arrayContaining([
                expect.objectContaining({ name: `OutgoingWebsocketRoute:${bob.info.advertised}`, enabled: true }),
            ]),
            statistics: expect.arrayContaining([expect.objectContaining({ bytesReceived: expect.any(Number) })]),
        });
    });
});

describe('what is granted', () => {
    test('comes: objects, in both directions', async () => {
        await Promise.all([sendNotes(alice, bob, 20), sendNotes(bob, alice, 20)]);
        await Promise.all([sendNotes(bob, carol, 5), sendNotes(carol, bob, 5)]);
    });

    test('comes: versions, byte for byte and with later ones', async () => {
        const record = (value: string) => ({ $type$: 'InteropRecord', id: 'x', value, tags: { $set: ['a', 'b'] } });
        const first = await alice.request('store-versioned', { obj: record('1') });
        const { idHash } = first;
        await alice.request('grant-access', { idHash, persons: [idOf(bob)] });
        await bob.request('wait-count', { type: 'InteropRecord', count: 1 });
        const second = await alice.request('store-versioned', { obj: record('2') });
        await bob.request('wait-count', { type: 'InteropRecord', count: 2 });
        expect(await bob.request('get-by-id', { idHash })).toEqual({ obj: record('2'), hash: second['hash'], idHash });
        const hashes = [first['hash'], second['hash']];
        expect(await bob.request('versions', { idHash })).toEqual({ hashes });
        for (const hash of [...hashes, idHash])
            expect(await bob.request('get-microdata', { hash })).toEqual(
                await alice.request('get-microdata', { hash }),
            );
        expect(await bob.request('has', { hashes: [...hashes, idHash, '0'.repeat(64)] })).toEqual({
            present: [true, true, true, false],
        });
        expect(await alice.request('list-accessible', { person: idOf(bob) })).toEqual(
            expect.arrayContaining([
                { type: 'id', idHash, oneType: 'InteropRecord' },
                { type: 'version_node', node: expect.any(String), dataIdHash: idHash, dataType: 'InteropRecord' },
            ]),
        );
        expect(await alice.request('list-accessible', { person: idOf(carol) })).toEqual([]);
    });

    test('comes to the members of groups', async () => {
        const group = await bob.request('create-group', { name: 'friends', persons: [idOf(alice), idOf(carol)] });
        const { hash } = await bob.request('store-unversioned', {
            obj: { $type$: 'InteropNote', seq: 1, text: 'to friends' },
        });
        const before = await Promise.all([alice, carol].map(peer => countOf(peer, 'InteropNote')));
        await bob.request('grant-access', { hash, groups: [group['idHash']] });
        for (const [i, peer] of [alice, carol].entries()) {
            await peer.request('wait-count', { type: 'InteropNote', count: 1, base: before[i] });
            expect(await peer.request('has', { hashes: [hash] })).toEqual({ present: [true] });
        }
    });

    test.each([
        ['small', 100],
        ['of 5 MB', 5_000_000],
    ])('comes: BLOBs, %s', async (_, size) => {
        const put = await bob.request('blob-put', { random: size, seed: size, name: 'a.bin', type: 'a/b' });
        expect(put).toEqual({
            ...{ blobHash: expect.any(String), descriptorHash: expect.any(String), size, ms: expect.any(Number) },
        });
        const { blobHash, descriptorHash: hash } = put;
        const types = ['BLOB', 'BlobDescriptor'];
        const before = await Promise.all(types.map(type => countOf(alice, type)));
        await bob.request('grant-access', { hash, persons: [idOf(alice)] });
        for (const [i, type] of types.entries()) await alice.request('wait-count', { type, count: 1, base: before[i] });
        expect(await alice.request('get-object', { hash })).toEqual({
            obj: {
                ...{ $type$: 'BlobDescriptor', data: blobHash, lastModified: 1_700_000_000_000, name: 'a.bin' },
                ...{ size, type: 'a/b' },
            },
        });
        const [inFile, copied] = [join(folder.path, `${size}.bin`), join(folder.path, `${size}.copy`)];
        const got = await alice.request('blob-get', { blobHash, file: inFile });
        expect(got).toEqual({ size, sha256: blobHash, ms: expect.any(Number) });
        const { base64 } = await alice.request('blob-get', { blobHash, base64: true });
        const bytes = await readFile(inFile);
        expect(bytes.equals(Buffer.from(String(base64), 'base64'))).toBe(true);
        await writeFile(copied, bytes);
        expect(await alice.request('blob-put', { file: copied })).toMatchObject({ blobHash, size });
        expect(await alice.request('blob-put', { base64 })).toMatchObject({ blobHash, size });
    });

    test('comes again after everything was disconnected for a while', async () => {
        await carol.request('connections-enable', { enabled: false });
        await eventually(async () =>
            expect(await carol.request('connections-info')).toMatchObject([{ isConnected: false, enabled: false }]),
        );
        const sending = sendNotes(bob, carol, 1);
        await carol.request('connections-enable', { enabled: true });
        await sending;
    });
});

describe('an invitation', () => {
    test('works once', async () => {
        const invitation = await alice.request('create-invitation', { token: 'the token' });
        expect(invitation).toMatchObject({ token: 'the token', url: alice.info.advertised });
        await carol.request('accept-invitation', { invitation });
        const link = `https://edda.one/invites/invitePartner/?invited=true#${encodeURIComponent(JSON.stringify(invitation))}`;
        for (const used of [invitation, link])
            await expect(carol.request('accept-invitation', { invitation: used })).rejects.toThrow(
                'Authentication token is not existing.',
            );
        await synchronizing(alice, carol);
        await sendNotes(carol, alice, 1);
    });

    test('has to be one, and to be known', async () => {
        const invitation = { ...(await alice.request('create-invitation')), token: 'another one' };
        const refused = carol.request('accept-invitation', { invitation });
        await expect(refused).rejects.toBeInstanceOf(PeerCommandError);
        const nobody = carol.request('accept-invitation', { invitation: { ...invitation, url: 'ws://127.0.0.1:9' } });
        await expect(nobody).rejects.toMatchObject({ code: 'OPEN_FAILED' });
        const own = alice.request('accept-invitation', { invitation: await alice.request('create-invitation') });
        await expect(own).rejects.toBeInstanceOf(PeerCommandError);
    });
});
