// What every store of invitations has to do, as cases without a test runner: the tests run them against all of ours.
// Over 400 lines, because it is one list: the contract, to be read from the top.
import { ensureIdHash, type Person } from '@refinio/one.core';
import { expectEqual, expectError } from '@refinio/one.core/vectors';
import fc from 'fast-check';
import { checkAgainstModel, invitationSteps } from './acceptance-model.ts';
import type { InvitationLimits } from './invitation-limits.ts';
import type { InvitationErrorCode, InvitationState, InvitationStore, InvitationTerms } from './invitation-store.ts';

/** A place for the invitations of one instance, empty at first. */
export interface InvitationsUnderTest extends AsyncDisposable {
    /**
     * Opens what is there, as another process or after a crash: nobody closes it. A case always asks for the same limits.
     * The clock is that of the place.
     */
    open(limits?: Partial<InvitationLimits>): Promise<InvitationStore>;
    /** Milliseconds since 1970. */
    now(): Promise<number>;
    /** Lets at least this time pass. */
    pass(ms: number): Promise<void>;
    /** Milliseconds, in multiples of which the cases count: not long to wait for, and five of them enough for some calls. */
    readonly moment: number;
    /** Whether time passes only when it is told to. */
    readonly clock: 'own' | 'real';
}

export interface AcceptanceCase {
    readonly name: string;
    /** Fails by throwing. */
    readonly run: () => Promise<void>;
}

export interface AcceptanceOptions {
    /** Of the comparison with a model; default: as fast-check is configured. */
    readonly runs?: number;
}

/** @param create a new place for each case */
export function invitationAcceptance(
    create: () => Promise<InvitationsUnderTest>,
    { runs }: AcceptanceOptions = {},
): AcceptanceCase[] {
    const inPlace = async (run: (place: InvitationsUnderTest) => Promise<void>): Promise<void> => {
        await using place = await create();
        await run(place);
    };
    const model = async ({ clock }: InvitationsUnderTest): Promise<void> =>
        fc.assert(
            fc.asyncProperty(invitationSteps(clock), steps => inPlace(place => checkAgainstModel(place, steps))),
            runs === undefined ? {} : { numRuns: runs },
        );
    return Object.entries({
        ...adding,
        ...claiming,
        ...ending,
        'does what a model does, whatever is called': model,
    }).map(([name, run]) => ({ name, run: () => inPlace(run) }));
}

type Cases = Readonly<Record<string, (place: InvitationsUnderTest) => Promise<void>>>;

const PERSON = ensureIdHash<Person>('a'.repeat(64));
const URL = 'wss://relay.test';
const HOUR = 3_600_000;
const FAR = 1e15;

async function terms(place: InvitationsUnderTest, changed: Partial<InvitationTerms> = {}): Promise<InvitationTerms> {
    return {
        personId: PERSON,
        mode: 'person',
        url: URL,
        expiresAt: (await place.now()) + HOUR,
        maxUses: 1,
        ...changed,
    };
}

const adding: Cases = {
    'keeps the terms, and not the token': async place => {
        const store = await place.open();
        const given = await terms(place, { mode: 'device', url: 'ws://bücher.test/a b?c=%20\'"#,:\t', maxUses: 3 });
        const added = await store.add('a secret', { ...given, token: 'a secret' } as InvitationTerms);
        expectEqual(added.id.length > 0 && !added.id.includes('secret'), true, 'it has an ID');
        expectEqual(added, { ...given, id: added.id, used: 0, claimed: 0, isRevoked: false }, 'what was added');
        const [listed, ...more] = await (await place.open()).list();
        expectEqual([more.length, JSON.stringify(listed).includes('a secret')], [0, false], 'what is listed besides');
        expectEqual(listed, added, 'what is listed');
        const { claimId, invitationId, ...claimed } = await store.claim('a secret');
        expectEqual([invitationId, claimId.length > 0], [added.id, true], 'what names the claim');
        expectEqual(claimed, given, 'the terms');
        expectEqual(await store.list(), [{ ...added, claimed: 1 }], 'what is listed then');
    },

    'lists in the order of adding, in each of its processes': async place => {
        const [a, b] = [await place.open(), await place.open()];
        const ids: string[] = [];
        for (let i = 0; i < 20; i++) ids.push((await (i % 2 === 0 ? a : b).add(`token ${i}`, await terms(place))).id);
        const [listed, there] = [await a.list(), await b.list()];
        for (const each of [listed, there]) expectEqual(idsOf(each), ids, 'the list');
        expectEqual(new Set(ids).size, 20, 'different IDs');
    },

    'refuses a token that is kept, also if its invitation is over': async place => {
        const store = await place.open();
        const { id } = await store.add('open', await terms(place));
        await refused('INVITATION_EXISTS', async () => store.add('open', await terms(place)));
        await store.revoke(id);
        await refused('INVITATION_EXISTS', async () => store.add('open', await terms(place)));
        await store.add('used', await terms(place));
        await store.complete(await store.claim('used'));
        await refused('INVITATION_EXISTS', async () => store.add('used', await terms(place)));
    },

    'adds a token once, whoever does it at the same time': async place => {
        const stores = [await place.open(), await place.open()];
        const given = await terms(place);
        const results = await Promise.allSettled(stores.flatMap(store => [1, 2, 3].map(() => store.add('one', given))));
        expectEqual(results.filter(({ status }) => status === 'fulfilled').length, 1, 'how often it was added');
        expectEqual((await stores[0]?.list())?.length, 1, 'how many are listed');
    },

    'refuses terms that make no sense': async place => {
        const store = await place.open();
        const wrong: Partial<Record<keyof InvitationTerms, unknown[]>> = {
            personId: ['', 'a'.repeat(63), 'A'.repeat(64), undefined, 7],
            url: ['', 'relay.test', 'https://relay.test', `wss://${'x'.repeat(1_000)}`, 'ws://a/\ud800', undefined],
            mode: ['', 'persons', 'constructor', undefined],
            maxUses: [0, -1, 1.5, 1_001, Number.NaN, Infinity, '1', undefined],
            expiresAt: [Number.NaN, Infinity, -Infinity, 0, -FAR, (await place.now()) - 1, '9999999999999', undefined],
        };
        for (const [name, values] of Object.entries(wrong))
            for (const value of values)
                await refused('INVITATION_TERMS_INVALID', async () =>
                    store.add('a secret', { ...(await terms(place)), [name]: value }),
                );
        expectEqual((await store.list()).length, 0, 'what is kept of it');
        await store.add('a secret', await terms(place, { maxUses: 1_000 }));
    },

    'brings an expiry that is too far away nearer': async place => {
        const store = await place.open({ longestMs: HOUR });
        const { expiresAt } = await store.add('for ever', await terms(place, { expiresAt: Number.MAX_VALUE }));
        const { expiresAt: nearer } = await store.add(
            'soon',
            await terms(place, { expiresAt: 0.5 + (await place.now()) + 1_000 }),
        );
        const now = await place.now();
        expectEqual(expiresAt <= now + HOUR && expiresAt > now + HOUR - 60_000, true, 'an hour');
        expectEqual([Number.isInteger(nearer), nearer < now + 1_001], [true, true], 'whole milliseconds');
    },

    'by default expires within the time that a timer can count': async place => {
        const { expiresAt } = await (await place.open()).add('for ever', await terms(place, { expiresAt: FAR }));
        expectEqual(expiresAt <= (await place.now()) + 2 ** 31 - 1, true, 'whether it does');
    },

    'bounds what is open, and forgets the oldest of what is over': async place => {
        const store = await place.open({ open: 3, kept: 5 });
        const add = async (token: string): Promise<string> => (await store.add(token, await terms(place))).id;
        const [first, second, third] = [await add('1'), await add('2'), await add('3')];
        await refused('TOO_MANY_INVITATIONS', () => add('4'));
        await refused('INVITATION_UNKNOWN', () => store.claim('4'));
        // Still claimed, so that its use can be completed.
        const claim = await store.claim('1');
        await store.revoke(first);
        await refused('TOO_MANY_INVITATIONS', () => add('4'));
        await store.complete(claim);
        await add('4');
        await store.revoke(second);
        await add('5');
        await store.revoke(third);
        await add('6');
        await refused('INVITATION_UNKNOWN', () => store.claim('1'));
        await refused('INVITATION_REVOKED', () => store.claim('2'));
        await refused('TOO_MANY_INVITATIONS', () => add('7'));
        expectEqual((await store.list()).length, 3, 'how many are open');
    },
};

const claiming: Cases = {
    'knows only its own tokens': async place => {
        const store = await place.open();
        await store.add('right', await terms(place));
        for (const token of ['', 'wrong', 'righ', 'right ', 'RIGHT', '*'])
            await refused('INVITATION_UNKNOWN', () => store.claim(token), token);
        await refused('INVITATION_UNKNOWN', async () => (await place.open()).claim('constructor'));
    },

    'never repeats a token in an error': async place => {
        const store = await place.open();
        const { id } = await store.add('a secret', await terms(place));
        await refused('INVITATION_EXISTS', async () => store.add('a secret', await terms(place)), 'a secret');
        const claim = await store.claim('a secret');
        await refused('INVITATION_USED', () => store.claim('a secret'), 'a secret');
        await store.revoke(id);
        await refused('INVITATION_REVOKED', () => store.claim('a secret'), 'a secret');
        await refused('INVITATION_REVOKED', () => store.renew(claim), 'a secret');
        await refused('INVITATION_UNKNOWN', () => store.claim('another secret'), 'another secret');
    },

    'is claimed as often as it has uses, however many try at the same time': async place => {
        const [store, other] = [await place.open(), await place.open()];
        await store.add('five', await terms(place, { maxUses: 5 }));
        const results = await Promise.allSettled(
            Array.from({ length: 10 }, () => [store.claim('five'), other.claim('five')]).flat(),
        );
        const claims = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
        const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []));
        const expected = errors.map(() => 'INVITATION_USED');
        expectEqual([claims.length, errors.length], [5, 15], 'claims and refusals');
        expectEqual(errors.map(codeOf), expected, 'the refusals');
        expectEqual(new Set(claims.map(({ claimId }) => claimId)).size, 5, 'different claims');
        await Promise.all(claims.map((claim, i) => (i % 2 === 0 ? store : other).complete(claim)));
        await refused('INVITATION_USED', () => other.claim('five'));
        expectEqual(await store.list(), [], 'what is open');
    },

    'counts uses and claims': async place => {
        const store = await place.open();
        await store.add('three', await terms(place, { maxUses: 3 }));
        const counts: unknown[] = [];
        const look = async (): Promise<unknown> =>
            counts.push((await store.list()).map(({ used, claimed }) => [used, claimed]));
        const [a, b] = [await store.claim('three'), await store.claim('three')];
        await look();
        await store.complete(a);
        await look();
        await store.release(b);
        await look();
        await store.complete(await store.claim('three'));
        await store.complete(await store.claim('three'));
        await look();
        expectEqual(counts, [[[0, 2]], [[1, 1]], [[1, 0]], []], 'uses and claims');
    },

    'is given back once': async place => {
        const [store, other] = [await place.open(), await place.open()];
        await store.add('two', await terms(place, { maxUses: 2 }));
        const [a] = [await store.claim('two'), await store.claim('two')];
        await refused('INVITATION_USED', () => other.claim('two'));
        await store.release(a);
        await store.release(a);
        await refused('INVITATION_CLAIM_LOST', () => store.renew(a));
        await refused('INVITATION_CLAIM_LOST', () => store.complete(a));
        await other.claim('two');
        await refused('INVITATION_USED', () => other.claim('two'));
    },

    'is one use, however often it is completed': async place => {
        const [store, other] = [await place.open(), await place.open()];
        await store.add('two', await terms(place, { maxUses: 2 }));
        const claim = await store.claim('two');
        await Promise.all([store.complete(claim), other.complete(claim), store.complete(claim)]);
        await other.complete(claim);
        await store.release(claim);
        await refused('INVITATION_CLAIM_LOST', () => store.renew(claim));
        expectEqual(
            (await other.list()).map(({ used, claimed }) => [used, claimed]),
            [[1, 0]],
            'uses and claims',
        );
        const last = await store.claim('two');
        await store.complete(last);
        await Promise.all([other.complete(claim), other.complete(last)]);
        await refused('INVITATION_USED', () => store.claim('two'));
    },

    'takes no claim that it has not given': async place => {
        const store = await place.open();
        await store.add('one', await terms(place));
        const claim = await store.claim('one');
        const other = { ...claim, claimId: '0'.repeat(claim.claimId.length) };
        const nowhere = { ...claim, invitationId: '0'.repeat(claim.invitationId.length) };
        await refused('INVITATION_CLAIM_LOST', () => store.renew(other));
        await refused('INVITATION_UNKNOWN', () => store.renew(nowhere));
        for (const each of [other, nowhere]) {
            await refused('INVITATION_CLAIM_LOST', () => store.complete(each));
            await store.release(each);
        }
        expectEqual(
            (await store.list()).map(({ used, claimed }) => [used, claimed]),
            [[0, 1]],
            'uses and claims',
        );
    },
};

const ending: Cases = {
    'can be used again when a lease has ended, also after a crash': async place => {
        const limits = { leaseMs: 5 * place.moment };
        const crashed = await place.open(limits);
        await crashed.add('one', await terms(place));
        const lost = await crashed.claim('one');
        const store = await place.open(limits);
        await refused('INVITATION_USED', () => store.claim('one'));
        await place.pass(limits.leaseMs);
        expectEqual(
            (await store.list()).map(({ claimed }) => claimed),
            [0],
            'claims',
        );
        // Nobody has taken it, and still: who comes too late has to begin anew.
        await refused('INVITATION_CLAIM_LOST', () => store.renew(lost));
        await refused('INVITATION_CLAIM_LOST', () => store.complete(lost));
        const claim = await store.claim('one');
        await store.release(lost);
        await refused('INVITATION_USED', () => store.claim('one'));
        await store.complete(claim);
        await refused('INVITATION_CLAIM_LOST', () => store.complete(lost));
    },

    'is held by whoever renews': async place => {
        const store = await place.open({ leaseMs: 10 * place.moment });
        await store.add('one', await terms(place));
        const claim = await store.claim('one');
        for (let i = 0; i < 2; i++) {
            await place.pass(6 * place.moment);
            await store.renew(claim);
        }
        await refused('INVITATION_USED', () => store.claim('one'));
        await store.complete(claim);
    },

    'is revoked while it is claimed': async place => {
        const [store, other] = [await place.open(), await place.open()];
        const { id } = await store.add('three', await terms(place, { maxUses: 3 }));
        const [a, b] = [await store.claim('three'), await store.claim('three')];
        expectEqual(await other.revoke(id), true, 'there was one');
        expectEqual(await store.revoke(id), false, 'there is one');
        await refused('INVITATION_REVOKED', () => store.claim('three'));
        await refused('INVITATION_REVOKED', () => store.renew(a));
        const shown = async (): Promise<unknown> =>
            (await store.list()).map(({ used, claimed, isRevoked }) => [used, claimed, isRevoked]);
        expectEqual(await shown(), [[0, 2, true]], 'what is open');
        await store.complete(a);
        expectEqual(await shown(), [[1, 1, true]], 'what is open then');
        await store.release(b);
        expectEqual(await shown(), [], 'what is open at the end');
    },

    'revokes what can be used': async place => {
        const store = await place.open();
        for (const id of ['', '*', '0'.repeat(16), 'constructor'])
            expectEqual(await store.revoke(id), false, `whether there was "${id}"`);
        const [kept, { id }] = [
            await store.add('kept', await terms(place)),
            await store.add('used', await terms(place)),
        ];
        const claim = await store.claim('used');
        await store.complete(claim);
        expectEqual(await store.revoke(id), false, 'whether it could be used');
        await refused('INVITATION_USED', () => store.claim('used'));
        expectEqual(idsOf(await store.list()), [kept.id], 'what is open');
    },

    'revokes all': async place => {
        const [store, other] = [await place.open(), await place.open()];
        await store.revokeAll();
        for (const token of ['1', '2', '3']) await store.add(token, await terms(place));
        const claim = await store.claim('2');
        await other.revokeAll();
        for (const token of ['1', '2', '3']) await refused('INVITATION_REVOKED', () => store.claim(token));
        await refused('INVITATION_REVOKED', () => store.renew(claim));
        expectEqual(
            (await store.list()).map(({ id }) => id),
            [claim.invitationId],
            'what is open',
        );
        await store.complete(claim);
        await store.add('4', await terms(place));
        await store.complete(await other.claim('4'));
    },

    'expires, and lets those finish who have begun': async place => {
        const limits = { open: 3 };
        const store = await place.open(limits);
        const expiresAt = (await place.now()) + 10 * place.moment;
        const add = async (token: string, given: Partial<InvitationTerms> = {}): Promise<InvitationState> =>
            store.add(token, await terms(place, { expiresAt, ...given }));
        await add('claimed', { maxUses: 2 });
        const [a, b] = [await store.claim('claimed'), await store.claim('claimed')];
        await add('used');
        await store.complete(await store.claim('used'));
        const { id } = await add('revoked');
        await store.revoke(id);
        const unused = await add('unused');
        await store.renew(a);
        await place.pass(10 * place.moment);
        for (const token of ['claimed', 'used', 'unused'])
            await refused('INVITATION_EXPIRED', () => store.claim(token), token);
        await refused('INVITATION_REVOKED', () => store.claim('revoked'));
        await refused('INVITATION_EXPIRED', () => store.renew(a));
        await refused('INVITATION_EXISTS', () => add('unused', { expiresAt: expiresAt + HOUR }));
        expectEqual(await store.revoke(unused.id), false, 'whether there was one to revoke');
        expectEqual(idsOf(await store.list()), [a.invitationId], 'what is open');
        await store.complete(a);
        await store.complete(a);
        await store.release(b);
        expectEqual(await store.list(), [], 'what is open then');
        // They make room.
        for (const token of ['1', '2', '3']) await add(token, { expiresAt: expiresAt + HOUR });
    },

    'forgets what has expired long ago': async place => {
        const store = await place.open({ overMs: place.moment });
        const expiresAt = (await place.now()) + 5 * place.moment;
        const { id } = await store.add('old', await terms(place, { expiresAt }));
        await place.pass(6 * place.moment);
        await refused('INVITATION_UNKNOWN', () => store.claim('old'));
        expectEqual([await store.revoke(id), await store.list()], [false, []], 'what is left');
        await store.add('old', await terms(place));
        await store.claim('old');
    },
};

function idsOf(invitations: readonly InvitationState[]): string[] {
    return invitations.map(({ id }) => id);
}

async function refused(code: InvitationErrorCode, run: () => Promise<unknown>, token = 'a secret'): Promise<void> {
    const error = await expectError(run, `a call of ${JSON.stringify(token)}`, code);
    const told = JSON.stringify(error, [...Object.getOwnPropertyNames(error), 'cause', 'message', 'stack']);
    // Shorter ones are words of any message.
    if (token.length > 7 && told.includes(token)) throw new Error(`${code} tells the token: ${told}`);
}

function codeOf(error: unknown): unknown {
    return error instanceof Error && 'code' in error ? error.code : error;
}
