import type { ChumSession, ChumStatus, OneInstance } from '@refinio/one.core';
import { storeIdObject } from '../typed-objects.ts';
import { createChumChannel } from './chum-channel.ts';
import type { IdentifiedConnection } from './leute-connections.ts';
import type { SetUpOptions } from './set-up.ts';

export interface ChumSessionsOptions extends SetUpOptions {
    readonly noImport: boolean;
    readonly noExport: boolean;
    /** Told when a session has ended with an error. */
    readonly onError: (error: unknown) => void;
    /** The status of one of them is another one. */
    readonly onStatus: () => void;
}

/** A synchronization under way, and with whom. */
export interface RunningChum {
    readonly identified: IdentifiedConnection;
    readonly status: ChumStatus;
}

/** Synchronizes over connections for as long as they are open. */
export class ChumSessions {
    readonly #one: OneInstance;
    readonly #options: ChumSessionsOptions;
    readonly #running = new Map<ChumSession, IdentifiedConnection>();

    constructor(one: OneInstance, options: ChumSessionsOptions) {
        this.#one = one;
        this.#options = options;
    }

    get running(): RunningChum[] {
        return [...this.#running].map(([session, identified]) => ({ identified, status: session.status }));
    }

    start(identified: IdentifiedConnection): void {
        const { connection, own, peer, groupName } = identified;
        const { noImport, noExport, onStatus } = this.#options;
        const session = this.#one.startChum({
            channel: createChumChannel(connection, this.#options),
            chumName: groupName,
            localPerson: own.personId,
            remotePerson: peer.personId,
            remoteInstanceName: peer.instance.name,
            keepRunning: true,
            ...{ noImport, noExport, onStatus },
        });
        this.#running.set(session, identified);
        onStatus();
        void session.ended.then(({ error }) => {
            this.#running.delete(session);
            onStatus();
            if (error !== undefined) this.#options.onError(error);
        });
    }

    /** Who was let in without being recorded. */
    async storePeer({ peer }: IdentifiedConnection): Promise<void> {
        await this.#one.objects.transact(async objects => {
            await storeIdObject(objects, peer.person);
            await storeIdObject(objects, peer.instance);
        });
    }

    /** Resolves when those are over whose connections are closed. */
    async ended(): Promise<void> {
        await Promise.all([...this.#running.keys()].map(session => session.ended));
    }
}
