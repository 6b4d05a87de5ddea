import type { AddressGuard } from '../../comm-server/address-guard.ts';
import type { RelayServer } from '../../comm-server/relay-server.ts';
import { MAX_FRAME, MAX_RELAY_MESSAGE_BYTES } from '../../limits.ts';
import type { SocketListener } from '../../transports/message-socket.ts';
import { listenWs, type ListenOptions, type SocketOrigin } from './ws-listener.ts';

export interface ListenRelayOptions extends Pick<ListenOptions, 'hosts' | 'port' | 'maxSockets' | 'trustedProxies'> {
    readonly server: RelayServer;
    readonly guard: AddressGuard;
    /** Told of each socket that was accepted. */
    readonly onSocket?: (from: SocketOrigin) => void;
    /** Told of each connection that was dropped, as there are `maxSockets`. */
    readonly onFull?: () => void;
}

/** Opens a communication server to everybody (spec 51 §3.2): within limits for each address, and with short frames until it relays. */
export function listenRelay({
    server,
    guard,
    onSocket,
    onFull,
    ...options
}: ListenRelayOptions): Promise<SocketListener> {
    return listenWs({
        ...options,
        gate: {
            enter: address => guard.enter(address),
            leave: address => guard.leave(address),
            refuse: address => guard.refuse(address),
            full: () => onFull?.(),
        },
        onSocket: (socket, from) => {
            const { address, setMaxFrame } = from;
            onSocket?.(from);
            setMaxFrame(MAX_RELAY_MESSAGE_BYTES);
            server.accept(socket, { onFailed: () => guard.fail(address), onRelay: () => setMaxFrame(MAX_FRAME) });
        },
    });
}
