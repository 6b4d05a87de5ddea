export { nodeTransports } from './node-transports.ts';
// The whole of a relay: its process needs nothing of the people, channels and chats that the other entry has.
export {
    ADDRESS_LIMITS,
    AddressGuard,
    type AddressLimits,
    type AddressRefusal,
} from '../../comm-server/address-guard.ts';
export { addressGroup } from '../../comm-server/address-group.ts';
export { MemoryDirectory } from '../../comm-server/memory-directory.ts';
export type { Rate } from '../../comm-server/rate-table.ts';
export type { RelayClient } from '../../comm-server/relay-client.ts';
export type { RelayDirectory, RelayReplica } from '../../comm-server/relay-directory.ts';
export { RelayListener, type RelayListenerOptions } from '../../comm-server/relay-listener.ts';
export { RELAY_LIMITS, type RelayLimits } from '../../comm-server/relay-limits.ts';
export { RelayServer, type RelayServerOptions, type RelayStatistics } from '../../comm-server/relay-server.ts';
export type { RelayRefusal } from '../../comm-server/relay-refusal.ts';
export type { RelayedFacts } from '../../comm-server/running-relays.ts';
export { listenRelay, type ListenRelayOptions } from './listen-relay.ts';
export type { Dial, MessageSocket, SocketListener } from '../../transports/message-socket.ts';
export { dialWs, type WsDialOptions } from './ws-dial.ts';
export { listenWs, type ListenOptions, type SocketGate, type SocketOrigin } from './ws-listener.ts';
