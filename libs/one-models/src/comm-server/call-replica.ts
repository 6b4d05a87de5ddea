// How one replica of a communication server asks another one for a spare connection, in the messages of spec 51 §1 and over a socket of
// their own, which their operator authenticates:
//
//   communication_request   asking → asked     as the requester has sent it
//   connection_handover     asked → asking     a spare connection was handed over; from then on every frame is that of the peers
//
// The asked one looks among its own spare connections only: a request never goes in circles. With none, it closes the socket.
import { RELAY_REPLICA_ANSWER_MS } from '../limits.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import type { RelayReplica } from './relay-directory.ts';
import { expectRelayMessage, formatRelayMessage, type RelayMessage } from './relay-messages.ts';

/**
 * @param relay takes the socket when the spare connection is at its other end, before anything else comes
 * @returns whether there was one; nothing stays open if not
 */
export async function callReplica(
    { connect }: RelayReplica,
    request: RelayMessage<'communication_request'>,
    relay: (socket: MessageSocket) => void,
): Promise<boolean> {
    let socket: MessageSocket;
    try {
        socket = await connect();
    } catch {
        return false;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => socket.terminate('The replica did not answer in time'), RELAY_REPLICA_ANSWER_MS);
    void socket.closed.then(() => {
        clearTimeout(timer);
        resolve(false);
    });
    socket.listen(frame => {
        clearTimeout(timer);
        try {
            expectRelayMessage(frame, 'connection_handover');
        } catch {
            socket.terminate('The replica has sent what was not expected');
            return;
        }
        relay(socket);
        resolve(true);
    });
    socket.send(formatRelayMessage(request));
    return promise;
}
