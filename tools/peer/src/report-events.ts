// What the events of a peer say.
import type { ConnectionsModel } from '@refinio/one.models';
import { describeError } from './describe-error.ts';

export type Emit = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export function reportConnections(connections: ConnectionsModel, emit: Emit): void {
    connections.pairing.onPairingSuccess.listen(
        ({ initiatedLocally, localPersonId, localInstanceId, remotePersonId, remoteInstanceId, token }) => {
            const ids = { localPersonId, localInstanceId, remotePersonId, remoteInstanceId };
            emit('pairing-success', { initiatedLocally, ...ids, token });
        },
    );
    connections.onProtocolStart.listen(({ protocol, initiatedLocally, remotePersonId }) =>
        emit('protocol-start', { protocol, initiatedLocally, remotePersonId }),
    );
    connections.onConnectionError.listen(({ error, groupName, initiatedLocally }) =>
        emit('connection-error', { ...describeError(error), group: groupName, initiatedLocally }),
    );
}

/** An error nobody has caught does not end a peer: whoever drives it decides. */
export function reportUnhandled(from: NodeJS.EventEmitter, emit: Emit): void {
    for (const kind of ['uncaughtException', 'unhandledRejection'])
        from.on(kind, (error: unknown) => {
            process.stderr.write(`${stackOf(error)}\n`);
            emit('unhandled', { kind, ...describeError(error) });
        });
}

function stackOf(error: unknown): string {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
