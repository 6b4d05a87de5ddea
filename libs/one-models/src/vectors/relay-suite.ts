// connections.json: the session with a communication server (spec 51). Every message before the relay is read, written again byte for
// byte, and its boxes are opened and made again; what is relayed is that of connections.
import {
    cryptoReady,
    decryptWithEmbeddedNonce,
    encryptAndEmbedNonce,
    ensureNonce,
    ensurePublicKey,
    ensureSecretKey,
    hexToUint8ArrayWithCheck as bytes,
    uint8ArrayToHex as hex,
} from '@refinio/one.core';
import { expectEqual, type VectorCase, type VectorSuite } from '@refinio/one.core/vectors';
import { complement } from '../connections/complement.ts';
import { formatRelayMessage, parseRelayMessage } from '../comm-server/relay-messages.ts';

interface RecordedFrame {
    readonly n: number;
    readonly from: string;
    readonly text?: string;
    /** Of the box in it. */
    readonly nonce?: string;
    readonly plain?: string;
}
interface RelayVectors {
    readonly identities: { readonly bob: { readonly instanceKeys: { readonly encryptionPublic: string } } };
    readonly sessions: {
        readonly communicationServer: {
            readonly serverKeys: { readonly public: string; readonly secret: string };
            readonly pingInterval: number;
        } & Readonly<Record<'bob1' | 'bob2' | 'bob3', { readonly frames: readonly RecordedFrame[] }>>;
    };
}

export const relaySuite: VectorSuite = {
    file: 'connections.json',
    cases: json => {
        const { identities, sessions } = json as RelayVectors;
        const session = sessions.communicationServer;
        const server = session.serverKeys;
        const { bob } = identities;
        return (['bob1', 'bob2', 'bob3'] as const).flatMap(name => {
            let challenge = '';
            return session[name].frames
                .filter(({ text }) => text?.startsWith('{"command":') === true)
                .map((frame): VectorCase => ({
                    name: `relay/${name} ${frame.n}`,
                    run: async () => {
                        await cryptoReady();
                        const { text = '', plain, nonce } = frame;
                        const message = parseRelayMessageOrReady(text);
                        if (message === undefined) return;
                        expectEqual(formatRelayMessage(message), text, 'text');
                        if (message.command === 'register')
                            expectEqual(message.publicKey, bob.instanceKeys.encryptionPublic, 'key');
                        if (message.command === 'authentication_success')
                            expectEqual(message.pingInterval, session.pingInterval, 'interval');
                        const box =
                            message.command === 'authentication_request'
                                ? message.challenge
                                : message.command === 'authentication_response'
                                  ? message.response
                                  : undefined;
                        if (box === undefined) return;
                        const secret = ensureSecretKey(bytes(server.secret));
                        const peer = ensurePublicKey(bytes(bob.instanceKeys.encryptionPublic));
                        expectEqual(hex(decryptWithEmbeddedNonce(bytes(box), secret, peer)), plain, 'content');
                        const again = encryptAndEmbedNonce(
                            bytes(plain ?? ''),
                            secret,
                            peer,
                            ensureNonce(bytes(nonce ?? '')),
                        );
                        expectEqual(hex(again), box, 'box');
                        if (message.command === 'authentication_request') challenge = plain ?? '';
                        else expectEqual(plain, hex(complement(bytes(challenge))), 'answer');
                    },
                }));
        });
    },
};

/** Undefined for the first frame of the connection that is relayed. */
function parseRelayMessageOrReady(text: string) {
    return text === '{"command":"communication_ready"}' ? undefined : parseRelayMessage(text);
}
