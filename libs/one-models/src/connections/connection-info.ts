import { ensureIdHash, type Instance, type Person, type SHA256IdHash } from '@refinio/one.core';
import type { OwnKey } from './own-keys.ts';
import type { PeerEndpoint } from './peer-table.ts';
import type { LoggedConnection, RoutesGroup } from './routes/routes-group.ts';

/** What is known about one purpose of one pair of keys (spec 53 §7). */
export interface ConnectionInfo {
    readonly id: string;
    /** Name of the group. */
    readonly protocolName: string;
    /** There is a connection; it need not be known yet who is on the other side. */
    readonly isConnected: boolean;
    /** The other side is an identity of mine. */
    readonly isInternetOfMe: boolean;
    /** Nothing is configured for the other side: it is gone with its connection. */
    readonly isCatchAll: boolean;
    readonly localPublicKey: string;
    readonly remotePublicKey: string;
    /** This one and the following: 64 zeros if it is not known. */
    readonly localInstanceId: SHA256IdHash<Instance>;
    readonly localPersonId: SHA256IdHash<Person>;
    readonly remoteInstanceId: SHA256IdHash<Instance>;
    readonly remotePersonId: SHA256IdHash<Person>;
    /** At least one route is. */
    readonly enabled: boolean;
    readonly enable: (enabled: boolean) => Promise<void>;
    readonly routes: readonly RouteInfo[];
    /** Of the last ten connections and the current one. */
    readonly connectionStatisticsLog: readonly LoggedConnection[];
}

export interface RouteInfo {
    readonly name: string;
    /** The connection came from it. */
    readonly active: boolean;
    readonly enabled: boolean;
    readonly enable: (enabled: boolean) => Promise<void>;
}

const UNKNOWN = '0'.repeat(64);

export interface GroupSurroundings {
    readonly own: OwnKey | undefined;
    /** As which the other side has proved itself, or else is recorded. */
    readonly peer: Pick<PeerEndpoint, 'personId' | 'instanceId'> | undefined;
    readonly isMine: (person: SHA256IdHash<Person>) => boolean;
    readonly setEnabled: (enabled: boolean, routeId?: string) => Promise<void>;
}

export function describeGroup(group: RoutesGroup, surroundings: GroupSurroundings): ConnectionInfo {
    const { own, peer, isMine, setEnabled } = surroundings;
    const { localKey, remoteKey, groupName } = group.key;
    return {
        id: group.id,
        protocolName: groupName,
        isConnected: group.active !== undefined,
        isInternetOfMe: peer !== undefined && isMine(peer.personId),
        isCatchAll: group.isTemporary,
        localPublicKey: localKey,
        remotePublicKey: remoteKey,
        localInstanceId: own?.instanceId ?? ensureIdHash<Instance>(UNKNOWN),
        localPersonId: own?.personId ?? ensureIdHash<Person>(UNKNOWN),
        remoteInstanceId: peer?.instanceId ?? ensureIdHash<Instance>(UNKNOWN),
        remotePersonId: peer?.personId ?? ensureIdHash<Person>(UNKNOWN),
        enabled: group.isEnabled,
        enable: enabled => setEnabled(enabled),
        routes: group.routes.map(({ id, isEnabled }) => ({
            name: id,
            active: group.active?.routeId === id,
            enabled: isEnabled,
            enable: enabled => setEnabled(enabled, id),
        })),
        connectionStatisticsLog: group.log,
    };
}
