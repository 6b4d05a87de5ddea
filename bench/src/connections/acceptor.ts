// The other side: takes everything (group `sink`) or gives it back (`echo`), and tells what it took.
import { createKeyPair, CryptoApi, uint8ArrayToHex } from '@refinio/one.core';
import { acceptGroup, acceptHandshake, Connection } from '@refinio/one.models';
import { listenWs } from '@refinio/one.models/node';

export interface AcceptorStart {
    readonly url: string;
    readonly key: string;
}

/** Since the report before; bytes of the connection that came last. */
export interface AcceptorReport {
    readonly cpuMs: number;
    readonly bytes: number;
    readonly memoryMB: number;
}

const cryptoApi = new CryptoApi(createKeyPair());
let last: Connection | undefined;

async function accept(connection: Connection): Promise<void> {
    try {
        await acceptHandshake(connection, [{ cryptoApi }]);
        const group = await acceptGroup(connection, () => true);
        last = connection;
        connection.listen(message => {
            if (group === 'echo') connection.send(message);
        });
    } catch {
        // Those who have what they wanted go away.
    }
}

const { url } = await listenWs({ port: 0, onSocket: socket => void accept(new Connection(socket)) });
let cpu = process.cpuUsage();
process.on('message', () => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const report: AcceptorReport = {
        cpuMs: (user + system) / 1000,
        bytes: last?.statistics.bytesReceived ?? 0,
        memoryMB: Math.round(process.memoryUsage().rss / 2 ** 20),
    };
    process.send?.(report);
});
process.send?.({ url, key: uint8ArrayToHex(cryptoApi.publicEncryptionKey) } satisfies AcceptorStart);
