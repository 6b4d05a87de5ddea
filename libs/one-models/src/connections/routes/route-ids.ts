// Names of routes and of their groups (spec 50 §9.1, 53 §7).
//
//   outgoing              OutgoingWebsocketRoute:<url>
//   incoming direct       IncomingWebsocketRouteDirect:<host>:<port>
//   incoming, relayed     IncomingWebsocketRouteCommServer:<url>:<local key>
//   routes group          localKey: <hex>, remoteKey: <hex>, groupId: <name>

/** How others reach this instance (spec 53 §1.2). */
export type IncomingConnectionConfiguration =
    | {
          readonly type: 'socket';
          /** `localhost`: both loopback addresses (spec 52 §6.1). */
          readonly host: string;
          /** 0: any that is free. */
          readonly port: number;
          /** For people only: what contacts are told stands in the own endpoint. */
          readonly url?: string;
          /** Whether keys that are not known may connect, too: for pairing. */
          readonly catchAll?: boolean;
      }
    | {
          readonly type: 'commserver';
          readonly url: string;
          readonly catchAll?: boolean;
      };

/** What there is at most one active connection for. */
export interface GroupKey {
    /** Public encryption keys of instances, hexadecimal, lower case. */
    readonly localKey: string;
    readonly remoteKey: string;
    readonly groupName: string;
}

export function groupIdOf({ localKey, remoteKey, groupName }: GroupKey): string {
    return `localKey: ${localKey}, remoteKey: ${remoteKey}, groupId: ${groupName}`;
}

export function outgoingRouteId(url: string): string {
    return `OutgoingWebsocketRoute:${url}`;
}

export function incomingRouteId(configuration: IncomingConnectionConfiguration, localKey: string): string {
    return configuration.type === 'socket'
        ? `IncomingWebsocketRouteDirect:${configuration.host}:${configuration.port}`
        : `IncomingWebsocketRouteCommServer:${configuration.url}:${localKey}`;
}
