import { parseInvitation, type Invitation } from '@refinio/one.models';
import * as z from 'zod';
import { PeerError } from '../peer-error.ts';
import { name } from './arguments.ts';
import { command, type Commands } from './command.ts';

export const pairingCommands: Commands = {
    'create-invitation': command({
        args: { token: name.optional() },
        result: '{token, publicKey, url}',
        about: 'for one other instance; needs something to advertise',
        run: async ({ connections, addresses }, { token }): Promise<Invitation> => {
            const url = addresses.advertised;
            if (url === undefined)
                throw new PeerError(
                    'PEER_HAS_NO_ADDRESS',
                    'An invitation needs an address: start with --listen, --commserver or --advertise, or use "listen"',
                );
            const given = token !== undefined && { token };
            return (await connections.pairing.createInvitation({ url, ...given })).invitation;
        },
    }),
    'accept-invitation': command({
        args: {
            invitation: z.union(
                [z.string(), z.record(z.string(), z.unknown())],
                'an invitation: {"token", "publicKey", "url"}, or a link with one',
            ),
        },
        result: '{} when this side has finished pairing',
        run: async ({ connections }, { invitation: given }) => {
            const link = typeof given === 'string' ? given : encodeURIComponent(JSON.stringify(given));
            await connections.pairing.connectUsingInvitation(parseInvitation(link).invitation);
            return {};
        },
    }),
};
