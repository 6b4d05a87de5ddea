import { createRandomString, ensureIdHash, hashText, isHash } from '@refinio/one.core';
import type { Instance, Person, SHA256IdHash } from '@refinio/one.core';
import { ensureTerms, INVITATION_LIMITS, InvitationError } from '@refinio/one.models';
import type {
    InvitationClaim,
    InvitationLimits,
    InvitationState,
    InvitationStore,
    InvitationTerms,
} from '@refinio/one.models';
import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { scripts, type Script } from './invitation-scripts.ts';
import { InvitationsUnavailableError } from './invitations-unavailable.ts';

export interface RedisInvitationsOptions {
    /**
     * Connected by whoever opens it, and closed there. With `commandTimeout` a Redis that is frozen is noticed, with
     * `maxRetriesPerRequest: 0` one that is lost in the middle of a call.
     */
    readonly redis: Redis | Cluster;
    readonly instanceId: SHA256IdHash<Instance>;
    readonly limits?: Partial<InvitationLimits>;
}

const ID_LENGTH = 16;

const stateSchema = z
    .tuple([
        z.string(),
        z.string().refine(isHash),
        z.enum(['person', 'device']),
        z.string(),
        z.coerce.number(),
        z.coerce.number(),
        z.coerce.number(),
        z.coerce.number(),
        z.enum(['0', '1']),
    ])
    .transform(([id, personId, mode, url, expiresAt, maxUses, used, claimed, revoked]): InvitationState => ({
        ...{ id, personId: ensureIdHash<Person>(personId), mode, url, expiresAt, maxUses, used, claimed },
        isRevoked: revoked === '1',
    }));
const replySchema = z
    .tuple([
        z.enum([
            'ok',
            'INVITATION_EXISTS',
            'TOO_MANY_INVITATIONS',
            'INVITATION_TERMS_INVALID',
            'INVITATION_UNKNOWN',
            'INVITATION_EXPIRED',
            'INVITATION_REVOKED',
            'INVITATION_USED',
            'INVITATION_CLAIM_LOST',
        ]),
    ])
    .rest(z.unknown());

/**
 * The invitations of one instance in Redis, under its clock. They are as durable as Redis is set up to be: with `appendfsync
 * everysec` the last second may be lost with the machine, and a use in it. After Redis was restored from a backup, `revokeAll`.
 * Every method may also fail with `InvitationsUnavailableError`; then it is not known whether it took effect.
 */
export class RedisInvitations implements InvitationStore {
    readonly #redis: Redis | Cluster;
    readonly #instanceId: SHA256IdHash<Instance>;
    readonly #limits: InvitationLimits;

    /** @throws InvalidHashError */
    constructor({ redis, instanceId, limits }: RedisInvitationsOptions) {
        this.#redis = redis;
        this.#instanceId = ensureIdHash(instanceId);
        this.#limits = { ...INVITATION_LIMITS, ...limits };
    }

    async add(token: string, terms: InvitationTerms): Promise<InvitationState> {
        const { personId, mode, url, expiresAt, maxUses } = ensureTerms(terms);
        const { open, kept, longestMs, overMs } = this.#limits;
        return this.#run(scripts.add, stateSchema, [
            ...[await hashText(token), createRandomString(ID_LENGTH, true), this.#instanceId],
            ...[personId, mode, url, expiresAt, maxUses],
            ...[open, kept, longestMs, overMs],
        ]);
    }

    async claim(token: string): Promise<InvitationClaim> {
        const [hash, claimId] = [await hashText(token), createRandomString(ID_LENGTH, true)];
        const state = await this.#run(scripts.claim, stateSchema, [hash, claimId, this.#limits.leaseMs]);
        const { id: invitationId, personId, mode, url, expiresAt, maxUses } = state;
        return { personId, mode, url, expiresAt, maxUses, invitationId, claimId };
    }

    async renew({ invitationId, claimId }: InvitationClaim): Promise<void> {
        await this.#run(scripts.renew, z.unknown(), [invitationId, claimId, this.#limits.leaseMs]);
    }

    async complete({ invitationId, claimId }: InvitationClaim): Promise<void> {
        await this.#run(scripts.complete, z.unknown(), [invitationId, claimId]);
    }

    async release({ invitationId, claimId }: InvitationClaim): Promise<void> {
        await this.#run(scripts.release, z.unknown(), [invitationId, claimId]);
    }

    list(): Promise<InvitationState[]> {
        return this.#run(scripts.list, z.array(stateSchema), []);
    }

    async revoke(id: string): Promise<boolean> {
        return (await this.#run(scripts.revoke, z.int(), [id])) === 1;
    }

    async revokeAll(): Promise<void> {
        await this.#run(scripts.revokeAll, z.unknown(), []);
    }

    /** @throws InvitationError; InvitationsUnavailableError, also for an answer that makes no sense */
    async #run<T>(script: Script, schema: z.ZodType<T>, args: readonly (string | number)[]): Promise<T> {
        const { status } = this.#redis;
        // ioredis would keep the call until there is a connection again, however long that takes.
        if (status !== 'ready') throw new InvitationsUnavailableError(`the connection is "${status}"`);
        const reply = await this.#call(script, args).catch(unavailable);
        const { success, data, error } = replySchema.safeParse(reply);
        if (!success) return unavailable(error);
        const [code, result] = data;
        if (code !== 'ok') throw new InvitationError(code);
        const parsed = schema.safeParse(result);
        return parsed.success ? parsed.data : unavailable(parsed.error);
    }

    async #call({ sha1, text }: Script, args: readonly (string | number)[]): Promise<unknown> {
        const key = `one:invitation:{${this.#instanceId}}`;
        try {
            return await this.#redis.evalsha(sha1, 1, key, ...args);
        } catch (error) {
            if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
            return this.#redis.eval(text, 1, key, ...args);
        }
    }
}

function unavailable(cause: unknown): never {
    throw new InvitationsUnavailableError(cause instanceof Error ? cause.message : String(cause), { cause });
}
