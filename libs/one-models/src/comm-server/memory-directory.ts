import { createSocketPair } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import type { RelayDirectory } from './relay-directory.ts';

interface Member {
    readonly accept: (socket: MessageSocket) => void;
    readonly keys: Set<string>;
}

/** For replicas in one process: tests, and as the shortest description of what a directory does. */
export class MemoryDirectory {
    readonly #members: Member[] = [];

    /** @param accept takes the sockets of other replicas */
    join(accept: (socket: MessageSocket) => void): RelayDirectory {
        const member: Member = { accept, keys: new Set() };
        this.#members.push(member);
        return {
            setRegistered(key, isRegistered) {
                if (isRegistered) member.keys.add(key);
                else member.keys.delete(key);
            },
            find: key =>
                Promise.resolve(
                    this.#members
                        .filter(each => each !== member && each.keys.has(key))
                        .map(each => ({
                            connect: () => {
                                const [near, far] = createSocketPair();
                                each.accept(far);
                                return Promise.resolve(near);
                            },
                        })),
                ),
        };
    }
}
