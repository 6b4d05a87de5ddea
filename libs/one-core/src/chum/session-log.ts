// What one session has transferred, and the Chum object that says so (spec 40 §9).
import { MAX_LOGGED_TRANSFERS } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { VersionedResult } from '../objects/object-transaction.ts';
import type { Statistics } from './request-channel.ts';
import type { ChildObject } from './services.ts';

type Type = ChildObject['type'];
/** Names of lists, without the direction. */
const lists: Readonly<Record<Type, string>> = { object: 'Objects', id: 'IdObjects', blob: 'Blob', clob: 'Clob' };

/** Names by which both sides call one connection. */
export interface ChumNames {
    readonly chumName: string;
    readonly localInstanceName: string;
    readonly remoteInstanceName: string;
    /** ID hashes. */
    readonly localPerson: string;
    readonly remotePerson: string;
}

/** One direction: what was handed out, or stored. */
export class TransferLog {
    /** Of all kinds. */
    count = 0;
    readonly #hashes: Record<Type, string[]> = { object: [], id: [], blob: [], clob: [] };

    add(type: Type, hash: string): void {
        // What comes later is counted only.
        if (this.count++ < MAX_LOGGED_TRANSFERS) this.#hashes[type].push(hash);
    }

    /** @param direction `AtoB` or `BtoA` */
    lists(direction: string): Record<string, readonly string[]> {
        const named: Record<string, readonly string[]> = {};
        for (const type of Object.keys(lists) as Type[]) named[direction + lists[type]] = this.#hashes[type];
        return named;
    }
}

/** The local side is always A. */
export function storeChum(
    objects: ObjectStore,
    names: ChumNames,
    log: { sent: TransferLog; stored: TransferLog; statistics: Statistics | undefined; errors: readonly unknown[] },
): Promise<VersionedResult> {
    const local = { instance: names.localInstanceName, person: names.localPerson };
    const remote = { instance: names.remoteInstanceName, person: names.remotePerson };
    const sides = local.instance > remote.instance ? [remote, local] : [local, remote];
    const chum = {
        $type$: 'Chum',
        name: names.chumName,
        instance: sides.map(({ instance }) => instance),
        person: sides.map(({ person }) => person),
        highestRemoteTimestamp: 0,
        ...log.sent.lists('AtoB'),
        ...log.stored.lists('BtoA'),
        BtoAExists: 0,
        ...(log.statistics !== undefined && { statistics: { ...log.statistics } }),
        errors: log.errors.map(errorRecord),
    };
    return objects.storeVersionedObject(chum, 'merge');
}

function errorRecord(error: unknown): Readonly<Record<string, string>> {
    const { name = 'Error', message = '', code } = error instanceof Error ? (error as Error & { code?: unknown }) : {};
    return { name, message, stack: '', ...(typeof code === 'string' && { code }) };
}
