import {
    createRandomString,
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    personIdHash,
    systemTimer,
    type Instance,
    type Person,
    type PublicIdentityRecord,
    type SHA256IdHash,
    type Timer,
} from '@refinio/one.core';
import { Connection } from '../connections/connection.ts';
import { CONNECTION_GROUPS, openGroup } from '../connections/group.ts';
import { initiateHandshake } from '../connections/handshake.ts';
import { exchangeIdentities, type PeerIdentity } from '../connections/identities.ts';
import type { IdentifiedConnection, LeuteConnections } from '../connections/leute-connections.ts';
import type { OwnKey } from '../connections/own-keys.ts';
import type { LeuteModel } from '../leute/leute-model.ts';
import { DIAL_AFTER_PAIRING_MS, MAX_INVITATION_MS } from '../limits.ts';
import { OneEvent } from '../one-event.ts';
import type { Dial } from '../transports/message-socket.ts';
import type { Invitation, InvitationMode } from './invitation.ts';
import type { InvitationState, InvitationStore } from './invitation-store.ts';
import { PairingError } from './pairing-error.ts';
import { closeLater, pairAsInvitee, pairAsInviter } from './pairing-protocol.ts';

const TOKEN_LENGTH = 64;

export interface PairingOptions {
    readonly leute: LeuteModel;
    readonly connections: LeuteConnections;
    readonly invitations: InvitationStore;
    readonly dial: Dial;
    /** Where invitees dial. */
    readonly url: string | undefined;
    /** Milliseconds that an invitation lives. */
    readonly expirationMs: number;
    readonly onError: (error: unknown) => void;
    readonly timer?: Timer;
    /** Milliseconds since 1970. */
    readonly now?: () => number;
}

export interface NewInvitation {
    /** Who invites; default: the main identity. */
    readonly personId?: SHA256IdHash<Person>;
    /** Default: random. */
    readonly token?: string;
    /** Default: `person`. */
    readonly mode?: InvitationMode;
    /** Where to dial; default: of the model. */
    readonly url?: string;
    /** Milliseconds; default: of the model. */
    readonly expirationMs?: number;
    /** Default: 1. */
    readonly maxUses?: number;
}

/** The invitation itself is not kept anywhere: who has it is invited. */
export interface CreatedInvitation {
    readonly invitation: Invitation;
    readonly state: InvitationState;
}

/** Two instances know each other now. */
export interface PairingSuccess {
    /** Whether this side has used the invitation. */
    readonly initiatedLocally: boolean;
    readonly localPersonId: SHA256IdHash<Person>;
    readonly localInstanceId: SHA256IdHash<Instance>;
    readonly remotePersonId: SHA256IdHash<Person>;
    readonly remoteInstanceId: SHA256IdHash<Instance>;
    /** By which whoever has created the invitation recognizes it. A secret as long as it can be used again. */
    readonly token: string;
    /** At the inviter: by which people name it, and whom it was meant for. */
    readonly invitationId?: string;
    readonly mode?: InvitationMode;
}

/** Makes instances known to each other (spec 52). */
export class Pairing {
    readonly onPairingSuccess = new OneEvent<[success: PairingSuccess]>();
    readonly #options: PairingOptions;
    /** Persons whom this side is pairing with. */
    readonly #running = new Map<string, Promise<unknown>>();
    /** Whom this side does not dial yet, after it has used an invitation; called, they are known at once. */
    readonly #held = new Map<string, () => void>();

    constructor(options: PairingOptions) {
        this.#options = options;
    }

    /** @throws PairingError; InvitationError */
    async createInvitation(options: NewInvitation = {}): Promise<CreatedInvitation> {
        const { leute, invitations, now = Date.now } = this.#options;
        const { personId = await leute.myMainIdentity(), token = createRandomString(TOKEN_LENGTH) } = options;
        const { mode = 'person', maxUses = 1, url = this.#options.url } = options;
        const own = this.#ownOf(personId);
        if (url === undefined)
            throw new PairingError(
                'INVITATION_URL_MISSING',
                'An invitation needs an address at which this instance can be dialled',
            );
        const lifetime = Math.min(options.expirationMs ?? this.#options.expirationMs, MAX_INVITATION_MS);
        const state = await invitations.add(token, { personId, mode, url, maxUses, expiresAt: now() + lifetime });
        return { invitation: { token, publicKey: own.key, url }, state };
    }

    /** @param id of the state; tokens are not kept @returns whether it could still be used */
    invalidateInvitation(id: string): Promise<boolean> {
        return this.#options.invitations.revoke(id);
    }

    invalidateAllInvitations(): Promise<void> {
        return this.#options.invitations.revokeAll();
    }

    /** Those that can still be used. */
    listInvitations(): Promise<InvitationState[]> {
        return this.#options.invitations.list();
    }

    /**
     * Resolves when this side knows the other one, which has got everything that it needs to know this one. The attempt is not repeated: after a success, the invitation is used up.
     * @param personId as whom; default: the main identity
     * @throws ConnectionError; LeuteError `PERSON_IS_ME`, `KEYS_DIFFER`: nothing is stored then; PairingError `PAIRING_NOT_CONFIRMED`
     */
    async connectUsingInvitation(invitation: Invitation, personId?: SHA256IdHash<Person>): Promise<PairingSuccess> {
        const { connections, leute, timer, dial } = this.#options;
        const own = this.#ownOf(personId ?? (await leute.myMainIdentity()));
        const remoteKey = invitation.publicKey.toLowerCase();
        const times = timer && { timer };
        const connection = new Connection(await dial(invitation.url), times);
        try {
            // As deployed invitees do it, with the key of the person: of an instance, an acceptor would expect what its records say.
            const { cryptoApi } = own.identity;
            await initiateHandshake(connection, cryptoApi, ensurePublicKey(hexToUint8ArrayWithCheck(remoteKey)), times);
            await openGroup(connection, CONNECTION_GROUPS.pairing, times);
            const records = connections.recordsOf(remoteKey);
            const peer = await exchangeIdentities(connection, 'initiator', own.identity, records, times);
            const using = this.#use(identifiedAsInvitee(connection, own, peer, remoteKey), invitation.token);
            const success = await this.#during(peer.personId, using);
            this.onPairingSuccess.emit(success);
            return success;
        } catch (error) {
            connection.close('Error: Pairing has failed');
            throw error;
        }
    }

    /** A peer has opened a connection for pairing. */
    async accept(identified: IdentifiedConnection): Promise<void> {
        try {
            await this.#during(identified.remotePersonId, this.#invite(identified));
        } catch (error) {
            this.#options.onError(error);
            return;
        }
        await closeLater(identified, this.#options);
    }

    /** Whether this side is pairing with somebody who says to be this person, or has just done so. */
    isRunning(person: SHA256IdHash<Person>): boolean {
        return this.#running.has(person) || this.#held.has(person);
    }

    /** Resolves when it is decided whether somebody who is pairing just now becomes known. @returns false if nobody is */
    async decided(person: SHA256IdHash<Person>): Promise<boolean> {
        const running = this.#running.get(person);
        await running?.catch(() => undefined);
        const held = this.#held.get(person);
        held?.();
        return running !== undefined || held !== undefined;
    }

    async #during<T>(person: SHA256IdHash<Person>, running: Promise<T>): Promise<T> {
        this.#running.set(person, running);
        try {
            return await running;
        } finally {
            if (this.#running.get(person) === running) this.#running.delete(person);
        }
    }

    async #use(identified: IdentifiedConnection, token: string): Promise<PairingSuccess> {
        const { connections, leute, timer = systemTimer } = this.#options;
        const { connection, own, remotePersonId } = identified;
        // The other side would refuse whom it does not know yet.
        const end = connections.hold(remotePersonId);
        const release = (): void => {
            if (this.#held.get(remotePersonId) === release) this.#held.delete(remotePersonId);
            end();
        };
        this.#held.set(remotePersonId, release);
        try {
            const [endpoint] = await leute.endpoints.myLocal(own.personId);
            await pairAsInvitee(identified, token, endpoint?.url, { timer, takeOver: this.#takeOver });
            connection.close();
            await connection.closed;
            if (connection.wasReceived) return successOf(identified, { token });
            throw new PairingError(
                'PAIRING_NOT_CONFIRMED',
                'The connection was lost at the last moment: the other side is known here, but may not know this one. Use the invitation again',
            );
        } finally {
            timer(release, DIAL_AFTER_PAIRING_MS);
        }
    }

    async #invite(identified: IdentifiedConnection): Promise<void> {
        const { invitations } = this.#options;
        const { token, claim } = await pairAsInviter(identified, {
            ...this.#options,
            invitations,
            takeOver: this.#takeOver,
        });
        const { invitationId, mode } = claim;
        this.onPairingSuccess.emit(successOf(identified, { token, invitationId, mode }));
    }

    readonly #takeOver = async (record: PublicIdentityRecord): Promise<void> => {
        await this.#ensureNoFurtherInstance(record);
        await this.#options.leute.importContact(record);
    };

    /**
     * A person who is known, with an instance that is not: it may be that of somebody who has had the person answer for it.
     * @throws PairingError `INSTANCE_DIFFERS`
     */
    async #ensureNoFurtherInstance({ personEmail, instanceKeyPublic }: PublicIdentityRecord): Promise<void> {
        const { endpoints } = this.#options.leute;
        const person = await personIdHash(personEmail);
        if ((await endpoints.pairedKeys(person)).length === 0) return;
        if (await endpoints.hasInstance(person, instanceKeyPublic)) return;
        throw new PairingError(
            'INSTANCE_DIFFERS',
            `The person ${person.slice(0, 8)}… is known with another instance: remove the contact first if it has a new one`,
        );
    }

    #ownOf(personId: SHA256IdHash<Person>): OwnKey {
        const own = this.#options.connections.ownKeys.find(each => each.personId === personId);
        if (own === undefined)
            throw new PairingError(
                'PERSON_NOT_HERE',
                `The person ${personId.slice(0, 8)}… has no instance on this device, or the connections do not run`,
            );
        return own;
    }
}

function identifiedAsInvitee(
    connection: Connection,
    own: OwnKey,
    peer: PeerIdentity,
    remoteKey: string,
): IdentifiedConnection {
    return {
        ...{ connection, own, peer, remoteKey, groupName: CONNECTION_GROUPS.pairing, initiatedLocally: true },
        ...{ localPersonId: own.personId, localInstanceId: own.instanceId },
        ...{ remotePersonId: peer.personId, remoteInstanceId: peer.instanceId },
    };
}

function successOf(
    { initiatedLocally, localPersonId, localInstanceId, remotePersonId, remoteInstanceId }: IdentifiedConnection,
    more: Pick<PairingSuccess, 'token' | 'invitationId' | 'mode'>,
): PairingSuccess {
    return { initiatedLocally, localPersonId, localInstanceId, remotePersonId, remoteInstanceId, ...more };
}
