import { describe, expect, test } from '@jest/globals';
import { ensureIdHash, type Person } from '@refinio/one.core';
import { invitationAcceptance, type InvitationsUnderTest } from './acceptance.ts';
import { MemoryInvitations } from './memory-invitations.ts';

/** What there is in memory has one handle. */
function inMemory(): Promise<InvitationsUnderTest> {
    let now = 1_700_000_000_000;
    let store: MemoryInvitations | undefined;
    return Promise.resolve({
        clock: 'own',
        moment: 1_000,
        open: (limits = {}) => Promise.resolve((store ??= new MemoryInvitations({ now: () => now, limits }))),
        now: () => Promise.resolve(now),
        pass: ms => Promise.resolve(void (now += ms)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    });
}

const anyTerms = {
    personId: ensureIdHash<Person>('a'.repeat(64)),
    ...({ mode: 'person', url: 'wss://relay.test', expiresAt: 1e15, maxUses: 1 } as const),
};

describe('the contract', () => {
    test.each(invitationAcceptance(inMemory))('$name', ({ run }) => run());
});

test('the clock of the system counts, and a fraction of a millisecond does not', async () => {
    const terms = { ...anyTerms, expiresAt: Date.now() + 1_000.5 };
    const store = new MemoryInvitations();
    expect((await store.add('token', terms)).expiresAt).toBe(Math.floor(terms.expiresAt));
    await expect(store.add('old', { ...terms, expiresAt: Date.now() - 1 })).rejects.toThrow('INVITATION_TERMS_INVALID');
    const precise = new MemoryInvitations({ now: () => terms.expiresAt - 0.1 });
    await expect(precise.add('token', terms)).rejects.toThrow('INVITATION_TERMS_INVALID');
});

test('IDs come from the random source that is given', async () => {
    let n = 0;
    const store = new MemoryInvitations({ random: length => new Uint8Array(length).fill(++n) });
    expect((await store.add('token', anyTerms)).id).toBe('01'.repeat(8));
    expect((await store.claim('token')).claimId).toBe('02'.repeat(8));
});
