// What lies between two instances: a WebSocket of this machine, with encryption, keep-alive and fragments (spec 50). Who the two are
// was settled before.
import {
    createKeyPair,
    CryptoApi,
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    uint8ArrayToHex,
    type MessageChannel,
} from '@refinio/one.core';
import {
    acceptGroup,
    acceptHandshake,
    Connection,
    createChumChannel,
    initiateHandshake,
    openGroup,
    type SocketListener,
} from '@refinio/one.models';
import { dialWs, listenWs } from '@refinio/one.models/node';

export interface ChannelListener extends AsyncDisposable {
    readonly url: string;
    /** Hexadecimal: for those who dial. */
    readonly key: string;
}

export async function listenForChannels(onChannel: (channel: MessageChannel) => void): Promise<ChannelListener> {
    const cryptoApi = new CryptoApi(createKeyPair());
    const accept = async (connection: Connection): Promise<void> => {
        await acceptHandshake(connection, [{ cryptoApi }]);
        await acceptGroup(connection, () => true);
        onChannel(createChumChannel(connection));
    };
    const listener: SocketListener = await listenWs({
        port: 0,
        onSocket: socket => void accept(new Connection(socket)),
    });
    return {
        url: listener.url,
        key: uint8ArrayToHex(cryptoApi.publicEncryptionKey),
        [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
    };
}

export async function dialChannel(url: string, key: string): Promise<MessageChannel> {
    const connection = new Connection(await dialWs(url));
    const target = ensurePublicKey(hexToUint8ArrayWithCheck(key));
    await initiateHandshake(connection, new CryptoApi(createKeyPair()), target);
    await openGroup(connection, 'chum');
    return createChumChannel(connection);
}
