import { PeerError } from '../peer-error.ts';
import type { Command, Commands } from './command.ts';

const NAMES = ['create-topic', 'share-topic', 'create-1to1', 'list-topics', 'post', 'read', 'bench-post'];

/** What needs channels and chats, whatever the arguments. */
export const laterCommands: Commands = Object.fromEntries(NAMES.map(name => [name, later(name)]));

function later(name: string): Command {
    return {
        ...{ usage: '...', result: 'error PEER_NOT_YET', about: 'comes with channels and chats' },
        run: () => {
            const message = `This peer does not know "${name}" yet: it needs channels and chats, which are not part of it`;
            return Promise.reject(new PeerError('PEER_NOT_YET', message));
        },
    };
}
