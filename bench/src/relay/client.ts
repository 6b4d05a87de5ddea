import { createKeyPair, CryptoApi, cryptoReady, uint8ArrayToHex } from '@refinio/one.core';
import { dialWs, RelayListener, type MessageSocket } from '@refinio/one.models/node';
import type { ClientCommands } from './client-process.ts';

const url = process.argv[2] ?? '';
const READY = '{"command":"communication_ready"}';
/** Bytes that a sender keeps waiting, as peers do. */
const AHEAD = 512 * 1024;
let received = 0;

const commands: {
    [C in keyof ClientCommands]: (options: ClientCommands[C]['in']) => Promise<ClientCommands[C]['out']>;
} = {
    async register({ count, atOnce }) {
        const keys = Array.from({ length: count }, createKeyPair);
        const start = performance.now();
        const next = async (): Promise<void> => {
            for (let pair = keys.pop(); pair !== undefined; pair = keys.pop())
                await listening(new CryptoApi(pair), 1, () => undefined);
        };
        await Promise.all(Array.from({ length: atOnce }, next));
        return { ms: performance.now() - start };
    },

    async accept({ count, isEcho }) {
        const keys: string[] = [];
        for (let i = 0; i < count; i++) {
            const api = new CryptoApi(createKeyPair());
            keys.push(uint8ArrayToHex(api.publicEncryptionKey));
            await listening(api, 2, socket => take(socket, isEcho));
        }
        return { keys };
    },

    received: () => Promise.resolve({ bytes: received }),

    async flood({ keys, frameBytes, ms }) {
        const sockets = await Promise.all(keys.map(request));
        const before = process.cpuUsage();
        const end = performance.now() + ms;
        const send = async (socket: MessageSocket): Promise<void> => {
            const frame = new Uint8Array(frameBytes);
            while (performance.now() < end) {
                for (let sent = 0; sent < AHEAD && socket.bufferedAmount < AHEAD; sent += frameBytes)
                    socket.send(frame);
                await socket.whenDrained(AHEAD / 2);
            }
        };
        await Promise.all(sockets.map(send));
        const { user, system } = process.cpuUsage(before);
        for (const socket of sockets) socket.close('');
        return { cpuSeconds: (user + system) / 1e6 };
    },

    async pingPong({ key, frameBytes, count, pauseMs }) {
        const socket = await request(key);
        const ms: number[] = [];
        const frame = new Uint8Array(frameBytes);
        for (let i = 0; i < count; i++) {
            const start = performance.now();
            const answer = new Promise(resolve => socket.listen(resolve));
            socket.send(frame);
            await answer;
            ms.push(performance.now() - start);
            if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs));
        }
        socket.close('');
        return { ms };
    },
};

function listening(crypto: CryptoApi, spares: number, onConnection: (socket: MessageSocket) => void): Promise<void> {
    return new Promise(resolve => {
        const listener = new RelayListener({ ...{ url, dial: dialWs, crypto, spares, onConnection } });
        listener.onStateChange.listen(state => (state === 'Listening' ? resolve() : undefined));
        listener.start();
    });
}

function take(socket: MessageSocket, isEcho: boolean): void {
    let isFirst = true;
    socket.listen(frame => {
        if (isFirst) socket.send(READY);
        else if (isEcho) socket.send(frame);
        else received += frame.length;
        isFirst = false;
    });
}

async function request(targetPublicKey: string): Promise<MessageSocket> {
    const socket = await dialWs(url);
    void socket.closed.then(({ reason, origin }) => {
        // What is sent to a closed socket is gone: the figures would mean nothing.
        if (origin === 'remote') throw new Error(`The relay has closed: ${reason}`);
    });
    const ready = new Promise(resolve => socket.listen(resolve));
    const sourcePublicKey = 'ab'.repeat(32);
    socket.send(JSON.stringify({ command: 'communication_request', sourcePublicKey, targetPublicKey }));
    const answer = await Promise.race([ready, socket.closed]);
    if (answer !== READY) throw new Error(`The relay has answered ${JSON.stringify(answer)}`);
    return socket;
}

await cryptoReady();
process.once('disconnect', () => process.exit());
process.on('message', (message: { command: keyof ClientCommands; options: never }) => {
    void commands[message.command](message.options).then(answer => process.send?.(answer));
});
process.send?.({ ready: true });
