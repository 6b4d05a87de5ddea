import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { ensureIdHash, MemoryBackend, type OneInstance, type Person } from '@refinio/one.core';
import { contentsOf, FaultyBackend } from '@refinio/one.core/storage/acceptance';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { openInstance } from '../leute/test-people.ts';
import { invitationAcceptance, type InvitationsUnderTest } from './acceptance.ts';
import { InstanceInvitations } from './instance-invitations.ts';

let shared: OneInstance;
beforeAll(async () => {
    shared = await openInstance('alice');
});
afterAll(() => shared[Symbol.asyncDispose]());

const terms = {
    ...({
        personId: ensureIdHash<Person>('a'.repeat(64)),
        mode: 'person',
        url: 'wss://relay.test',
        maxUses: 2,
    } as const),
    get expiresAt() {
        return Date.now() + 60_000;
    },
};
const state = (one: OneInstance): Promise<string> =>
    one.objects.store.get('state', 'invitations').then(value => new TextDecoder().decode(value));
const setState = (one: OneInstance, text: string): Promise<void> =>
    one.objects.transact(async ({ transaction }) => {
        await Promise.resolve();
        transaction.put('state', 'invitations', new TextEncoder().encode(text));
    });

/** All in one instance: opening one takes longer than a case. */
async function inInstance(): Promise<InvitationsUnderTest> {
    let now = 1_700_000_000_000;
    await setState(shared, '');
    return {
        clock: 'own',
        moment: 1_000,
        open: (limits = {}) => Promise.resolve(new InstanceInvitations(shared, { now: () => now, limits })),
        now: () => Promise.resolve(now),
        pass: ms => Promise.resolve(void (now += ms)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    };
}

describe('the contract', () => {
    test.each(invitationAcceptance(inInstance))('$name', ({ run }) => run());
});

test('what was answered is there after a crash and after closing, and the token nowhere', async () => {
    await using folder = await temporaryFolder('invitations');
    const [store, crashed] = [join(folder.path, 'store'), join(folder.path, 'crashed')];
    const open = async (path: string, now = Date.now): Promise<OneInstance> =>
        openInstance('alice', { storage: await EmbeddedBackend.open(path, { create: true }), now });
    let claim;
    {
        await using one = await open(store);
        const invitations = new InstanceInvitations(one);
        await invitations.add('a long secret', terms);
        await invitations.complete(await invitations.claim('a long secret'));
        claim = await invitations.claim('a long secret');
        // The files as a power cut leaves them; the lock of before is nobody's.
        await cp(store, crashed, { recursive: true, filter: path => !path.endsWith('one.lock') });
    }
    {
        await using one = await open(crashed);
        const invitations = new InstanceInvitations(one);
        expect(await invitations.list()).toMatchObject([{ used: 1, claimed: 1 }]);
        await expect(invitations.claim('a long secret')).rejects.toThrow('INVITATION_USED');
        await invitations.renew(claim);
    }
    {
        await using one = await open(store, () => Date.now() + 31_000);
        const invitations = new InstanceInvitations(one);
        await expect(invitations.complete(claim)).rejects.toThrow('INVITATION_CLAIM_LOST');
        await invitations.complete(await invitations.claim('a long secret'));
    }
    await using backend = await EmbeddedBackend.open(store);
    expect(JSON.stringify(await contentsOf(backend))).not.toContain('a long secret');
});

test('in another epoch of the journal all are void', async () => {
    await using one = await openInstance('alice');
    const invitations = new InstanceInvitations(one);
    await invitations.add('used', terms);
    const claim = await invitations.claim('used');
    await one.reindex();
    expect(await invitations.list()).toEqual([]);
    await expect(invitations.claim('used')).rejects.toThrow('INVITATION_UNKNOWN');
    await expect(invitations.complete(claim)).rejects.toThrow('INVITATION_CLAIM_LOST');
    await invitations.add('new', terms);
    expect((await state(one)).split('\n')).toHaveLength(2);
});

test('a clock with fractions of milliseconds is as good as any', async () => {
    await setState(shared, '');
    const invitations = new InstanceInvitations(shared, { now: () => Date.now() + 0.5 });
    await invitations.add('token', terms);
    await invitations.renew(await invitations.claim('token'));
    expect(await invitations.list()).toMatchObject([{ claimed: 1 }]);
});

test('what is damaged is void, and the rest stays', async () => {
    const invitations = new InstanceInvitations(shared);
    await setState(shared, '');
    for (const token of ['1', '2', '3']) await invitations.add(token, terms);
    await invitations.claim('3');
    const [epoch, first, second, third] = (await state(shared)).split('\n');
    await setState(
        shared,
        [
            epoch,
            first?.slice(1),
            second?.replace('wss%3A', 'wss%'),
            second,
            third?.replace(/\d$/, ':'),
            'x'.repeat(9_999),
        ].join('\n'),
    );
    await expect(invitations.claim('1')).rejects.toThrow('INVITATION_UNKNOWN');
    await expect(invitations.claim('3')).rejects.toThrow('INVITATION_UNKNOWN');
    await invitations.claim('2');
    for (const text of ['', '\n', 'nothing', `\n${second}`, `${epoch}`]) {
        await setState(shared, text);
        expect(await invitations.list()).toEqual([]);
    }
});

test('a claim that could not be stored is none', async () => {
    const storage = new FaultyBackend(new MemoryBackend());
    await using one = await openInstance('alice', { storage });
    const invitations = new InstanceInvitations(one);
    await invitations.add('token', { ...terms, maxUses: 1 });
    storage.faults.commitError = new Error('the disk is full');
    await expect(invitations.claim('token')).rejects.toThrow('the disk is full');
    storage.faults.commitError = undefined;
    await invitations.complete(await invitations.claim('token'));
});

test('a call that changes nothing writes nothing', async () => {
    const storage = new FaultyBackend(new MemoryBackend());
    await using one = await openInstance('alice', { storage });
    const invitations = new InstanceInvitations(one);
    const { id } = await invitations.add('token', { ...terms, maxUses: 1 });
    const claim = await invitations.claim('token');
    await invitations.complete(claim);
    storage.faults.commitError = new Error('a write');
    await invitations.complete(claim);
    await invitations.release(claim);
    expect([await invitations.revoke(id), await invitations.list()]).toEqual([false, []]);
    await expect(invitations.claim('token')).rejects.toThrow('INVITATION_USED');
});
