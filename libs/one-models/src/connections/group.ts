// Which protocol a connection is for (spec 50 §5).
//
//   5  initiator  {"command":"connection_group","connectionGroupName":"<name>"}
//   6  acceptor   {"command":"sync"}, or closes
import { GROUP_MS } from '../limits.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';
import { readCommand, sendCommand } from './set-up-messages.ts';
import { setUp, type SetUpOptions } from './set-up.ts';

/** `chum`: synchronization, permanent; `pairing`: an invitation is used, once; `debug`. */
export const CONNECTION_GROUPS = { chum: 'chum', pairing: 'pairing', debug: 'debug' } as const;

/** Resolves when the acceptor has agreed, which may close it directly after that. @throws ConnectionError; the connection is closed then */
export async function openGroup(connection: Connection, name: string, options: SetUpOptions = {}): Promise<void> {
    await setUp(connection, 'choice of a group', { timeoutMs: GROUP_MS, ...options }, async () => {
        sendCommand(connection, 'connection_group', { connectionGroupName: name });
        await readCommand(connection, 'sync', members => members);
    });
}

/**
 * @param accept whether the peer may have this group; any name may come
 * @returns the name
 * @throws ConnectionError `GROUP_REFUSED` and others; the connection is closed then
 */
export async function acceptGroup(
    connection: Connection,
    accept: (name: string) => boolean | Promise<boolean>,
    options: SetUpOptions = {},
): Promise<string> {
    return setUp(connection, 'choice of a group', { timeoutMs: GROUP_MS, ...options }, async () => {
        const name = await readCommand(connection, 'connection_group', ({ connectionGroupName }) =>
            typeof connectionGroupName === 'string' ? connectionGroupName : undefined,
        );
        if (!(await accept(name)))
            throw new ConnectionError('GROUP_REFUSED', 'I do not want to communicate with you. Go Away!');
        sendCommand(connection, 'sync');
        return name;
    });
}
