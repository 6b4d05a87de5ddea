import type { Peer } from '../peer.ts';
import type { Answer } from '../serve-lines.ts';
import { accessCommands } from './access-commands.ts';
import { blobCommands } from './blob-commands.ts';
import type { Commands } from './command.ts';
import { connectionCommands } from './connection-commands.ts';
import { contactCommands } from './contact-commands.ts';
import { countCommands } from './count-commands.ts';
import { identityCommands } from './identity-commands.ts';
import { laterCommands } from './later-commands.ts';
import { objectCommands } from './object-commands.ts';
import { pairingCommands } from './pairing-commands.ts';
import { processCommands } from './process-commands.ts';

export const allCommands: Commands = {
    ...identityCommands,
    ...pairingCommands,
    ...contactCommands,
    ...connectionCommands,
    ...objectCommands,
    ...accessCommands,
    ...blobCommands,
    ...countCommands,
    ...processCommands,
    ...laterCommands,
};

/** The commands of one peer. */
export function commandsOf(peer: Peer): Readonly<Record<string, Answer>> {
    return Object.fromEntries(
        Object.entries(allCommands).map(([name, { run }]) => [name, (args: object) => run(peer, name, { ...args })]),
    );
}
