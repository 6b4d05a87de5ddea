// For tests: addresses in memory, at which some listen and others dial.
import { ConnectionError } from './connection-error.ts';
import type { Listen } from './routes/direct-listeners.ts';
import { createSocketPair, type SocketPairOptions } from '../transports/memory-sockets.ts';
import type { Dial, MessageSocket } from '../transports/message-socket.ts';

export class TestNetwork {
    /** Sockets that were opened, the dialling side first. */
    readonly opened: { readonly url: string; readonly sockets: readonly [MessageSocket, MessageSocket] }[] = [];
    /** Attempts that have failed. */
    refused = 0;
    /** How sockets behave that are opened from now on. */
    line: SocketPairOptions = {};
    readonly #listening = new Map<string, (socket: MessageSocket) => void>();

    readonly dial: Dial = async url => {
        await Promise.resolve();
        const onSocket = this.#listening.get(url);
        if (onSocket === undefined) {
            this.refused++;
            throw new ConnectionError('OPEN_FAILED', `Failed to open connection. Error: nobody listens at ${url}`);
        }
        const sockets = createSocketPair(this.line);
        this.opened.push({ url, sockets });
        onSocket(sockets[1]);
        return sockets[0];
    };

    /** At `ws://<first host>:<port>`. */
    readonly listen: Listen = ({ hosts = ['localhost'], port, onSocket }) => {
        const url = `ws://${hosts[0] ?? 'localhost'}:${port}`;
        if (this.#listening.has(url))
            return Promise.reject(new ConnectionError('LISTEN_FAILED', `Cannot listen: ${url} is taken`));
        this.#listening.set(url, onSocket);
        return Promise.resolve({
            url,
            [Symbol.asyncDispose]: () => {
                this.#listening.delete(url);
                return Promise.resolve();
            },
        });
    };

    get addresses(): string[] {
        return [...this.#listening.keys()];
    }

    /** Ends all sockets, as if the network was gone for a moment. */
    cut(): void {
        for (const { sockets } of this.opened) for (const socket of sockets) socket.terminate('The network is gone');
    }
}
