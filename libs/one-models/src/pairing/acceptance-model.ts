// Any calls, of a store of invitations and of a model that is as plain as it can be.
import { ensureIdHash, type Person } from '@refinio/one.core';
import { expectEqual } from '@refinio/one.core/vectors';
import fc from 'fast-check';
import type { InvitationsUnderTest } from './acceptance.ts';
import type { InvitationLimits } from './invitation-limits.ts';
import type { InvitationClaim, InvitationStore } from './invitation-store.ts';

/** Times are counted in moments. */
type Step =
    | { readonly type: 'add'; readonly token: string; readonly maxUses: number; readonly lasts: number }
    | { readonly type: 'claim'; readonly token: string }
    /** `which` counts from the last one that was made. */
    | { readonly type: 'renew' | 'complete' | 'release'; readonly which: number }
    | { readonly type: 'revoke'; readonly which: number }
    | { readonly type: 'revokeAll' }
    | { readonly type: 'open' }
    | { readonly type: 'pass'; readonly moments: number };

const token = fc.constantFrom(
    'first token',
    'second token',
    'third token',
    'fourth token',
    'fifth token',
    'sixth token',
);
const which = fc.nat(2);
const lasting = fc.integer({ min: 5, max: 60 });
const calls: readonly fc.WeightedArbitrary<Step>[] = [
    {
        weight: 5,
        arbitrary: fc.record({
            type: fc.constant('add' as const),
            token,
            maxUses: fc.integer({ min: 1, max: 3 }),
            lasts: lasting,
        }),
    },
    { weight: 9, arbitrary: fc.record({ type: fc.constant('claim' as const), token }) },
    {
        weight: 9,
        arbitrary: fc.record({
            type: fc.constantFrom('renew' as const, 'complete' as const, 'release' as const),
            which,
        }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('revoke' as const), which }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('revokeAll' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('open' as const) }) },
];
const passing: fc.WeightedArbitrary<Step> = {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('pass' as const), moments: fc.integer({ min: 1, max: 15 }) }),
};

/** @param clock with a real one no time passes, and nothing ends */
export function invitationSteps(clock: InvitationsUnderTest['clock']): fc.Arbitrary<Step[]> {
    return fc.array(clock === 'own' ? fc.oneof(...calls, passing) : fc.oneof(...calls), { maxLength: 40, size: 'max' });
}

/** Fails if a call ends in another way than with the model, or another list comes out. */
export async function checkAgainstModel(place: InvitationsUnderTest, steps: readonly Step[]): Promise<void> {
    const own = place.clock === 'own';
    const moment = own ? place.moment : 3_600_000;
    const limits = { open: 3, kept: 5, leaseMs: 10 * moment, longestMs: 50 * moment, overMs: 20 * moment };
    const model = new Model(limits);
    let store = await place.open(limits);
    const made: { claim: InvitationClaim; modelled: Modelled; lease: Lease }[] = [];
    const added: { id: string; modelled: Modelled }[] = [];
    for (const [i, step] of steps.entries()) {
        const now = own ? await place.now() : 0;
        const at = `step ${i}, ${JSON.stringify(step)}`;
        if (step.type === 'add') {
            const expected = model.add(step.token, step.maxUses, step.lasts * moment, now);
            const actual = await outcome(add(store, step, (await place.now()) + step.lasts * moment));
            expectEqual(errorOf(actual), errorOf(expected), at);
            if (isOk(actual) && isOk(expected)) added.unshift({ id: actual.ok.id, modelled: expected.ok });
        } else if (step.type === 'claim') {
            const expected = model.claim(step.token, now);
            const actual = await outcome(store.claim(step.token));
            expectEqual(errorOf(actual), errorOf(expected), at);
            if (isOk(actual) && isOk(expected)) made.unshift({ claim: actual.ok, ...expected.ok });
        } else if (step.type === 'revoke') {
            const one = added[step.which];
            if (one !== undefined) expectEqual(await store.revoke(one.id), model.revoke(one.modelled, now), at);
        } else if (step.type === 'revokeAll') {
            await store.revokeAll();
            model.revokeAll();
        } else if (step.type === 'open') store = await place.open(limits);
        else if (step.type === 'pass') await place.pass(step.moments * moment);
        else {
            const one = made[step.which];
            if (one === undefined) continue;
            const expected = model[step.type](one.modelled, one.lease, now);
            expectEqual(errorOf(await outcome(store[step.type](one.claim))), errorOf(expected), at);
        }
        const listed = (await store.list()).map(({ used, claimed, isRevoked }) => [used, claimed, isRevoked]);
        expectEqual(listed, model.list(own ? await place.now() : 0), `the list after ${at}`);
    }
}

type Outcome<T> = { readonly ok: T } | { readonly error: unknown };

interface Lease {
    until: number;
    state: 'held' | 'used' | 'released';
}

interface Modelled {
    readonly token: string;
    readonly maxUses: number;
    readonly expiresAt: number;
    readonly leases: Lease[];
    isRevoked: boolean;
    isKept: boolean;
}

class Model {
    readonly #limits: InvitationLimits;
    readonly #added: Modelled[] = [];

    constructor(limits: InvitationLimits) {
        this.#limits = limits;
    }

    add(token: string, maxUses: number, lastsMs: number, now: number): Outcome<Modelled> {
        if (this.#find(token, now) !== undefined) return { error: 'INVITATION_EXISTS' };
        const kept = this.#kept(now);
        if (kept.filter(each => isOpen(each, now)).length >= this.#limits.open)
            return { error: 'TOO_MANY_INVITATIONS' };
        const over = kept.filter(each => !isOpen(each, now));
        for (const each of over.slice(0, Math.max(0, kept.length + 1 - this.#limits.kept))) each.isKept = false;
        const expiresAt = now + Math.min(lastsMs, this.#limits.longestMs);
        const ok = { token, maxUses, expiresAt, leases: [], isRevoked: false, isKept: true };
        this.#added.push(ok);
        return { ok };
    }

    claim(token: string, now: number): Outcome<{ modelled: Modelled; lease: Lease }> {
        const modelled = this.#find(token, now);
        if (modelled === undefined) return { error: 'INVITATION_UNKNOWN' };
        if (modelled.isRevoked) return { error: 'INVITATION_REVOKED' };
        if (modelled.expiresAt <= now) return { error: 'INVITATION_EXPIRED' };
        if (usesOf(modelled) + claimsOf(modelled, now) >= modelled.maxUses) return { error: 'INVITATION_USED' };
        const lease: Lease = { until: now + this.#limits.leaseMs, state: 'held' };
        modelled.leases.push(lease);
        return { ok: { modelled, lease } };
    }

    renew(modelled: Modelled, lease: Lease, now: number): Outcome<void> {
        if (!this.#kept(now).includes(modelled)) return { error: 'INVITATION_UNKNOWN' };
        if (modelled.isRevoked) return { error: 'INVITATION_REVOKED' };
        if (modelled.expiresAt <= now) return { error: 'INVITATION_EXPIRED' };
        if (lease.state !== 'held' || lease.until <= now) return { error: 'INVITATION_CLAIM_LOST' };
        lease.until = now + this.#limits.leaseMs;
        return { ok: undefined };
    }

    complete(modelled: Modelled, lease: Lease, now: number): Outcome<void> {
        const isThere = this.#kept(now).includes(modelled);
        if (!isThere || lease.state === 'released' || (lease.state === 'held' && lease.until <= now))
            return { error: 'INVITATION_CLAIM_LOST' };
        lease.state = 'used';
        return { ok: undefined };
    }

    release(_modelled: Modelled, lease: Lease): Outcome<void> {
        if (lease.state === 'held') lease.state = 'released';
        return { ok: undefined };
    }

    revoke(modelled: Modelled, now: number): boolean {
        if (!this.#kept(now).includes(modelled) || !isUsable(modelled, now)) return false;
        modelled.isRevoked = true;
        return true;
    }

    revokeAll(): void {
        for (const each of this.#added) each.isRevoked = true;
    }

    list(now: number): unknown[] {
        const open = this.#kept(now).filter(each => isOpen(each, now));
        return open.map(each => [usesOf(each), claimsOf(each, now), each.isRevoked]);
    }

    #kept(now: number): Modelled[] {
        return this.#added.filter(({ isKept, expiresAt }) => isKept && now < expiresAt + this.#limits.overMs);
    }

    #find(token: string, now: number): Modelled | undefined {
        return this.#kept(now).find(each => each.token === token);
    }
}

function isOpen(modelled: Modelled, now: number): boolean {
    return isUsable(modelled, now) || claimsOf(modelled, now) > 0;
}

function isUsable(modelled: Modelled, now: number): boolean {
    return !modelled.isRevoked && now < modelled.expiresAt && usesOf(modelled) < modelled.maxUses;
}

function usesOf({ leases }: Modelled): number {
    return leases.filter(({ state }) => state === 'used').length;
}

function claimsOf({ leases }: Modelled, now: number): number {
    return leases.filter(({ state, until }) => state === 'held' && now < until).length;
}

function add(store: InvitationStore, { token, maxUses }: { token: string; maxUses: number }, expiresAt: number) {
    const personId = ensureIdHash<Person>('b'.repeat(64));
    return store.add(token, { personId, mode: 'device', url: 'ws://localhost:8765', expiresAt, maxUses });
}

async function outcome<T>(promise: Promise<T>): Promise<Outcome<T>> {
    try {
        return { ok: await promise };
    } catch (error) {
        return { error: error instanceof Error && 'code' in error ? error.code : error };
    }
}

function isOk<T>(outcome: Outcome<T>): outcome is { readonly ok: T } {
    return 'ok' in outcome;
}

function errorOf(outcome: Outcome<unknown>): unknown {
    return isOk(outcome) ? 'none' : outcome.error;
}
