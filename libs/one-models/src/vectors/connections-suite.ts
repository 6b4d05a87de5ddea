// connections.json: layers and set-up of connections (spec 50), invitations and pairing (spec 52).
import { hashBytes, hashText, hexToUint8ArrayWithCheck as bytesOf, uint8ArrayToHex } from '@refinio/one.core';
import { expectEqual, unknownSections, type VectorCase, type VectorSuite } from '@refinio/one.core/vectors';
import { Connection } from '../connections/connection.ts';
import { Fragmentation } from '../connections/layers/fragmentation.ts';
import { KeepAlive } from '../connections/layers/keep-alive.ts';
import type { LayerPlace } from '../connections/layers/layer.ts';
import { nonceOf } from '../connections/layers/nonce-counter.ts';
import { pad, unpad } from '../connections/layers/padding.ts';
import type { Message } from '../connections/message.ts';
import { formatInvitationLink, parseInvitation, serializeInvitation, type Invitation } from '../pairing/invitation.ts';
import { createSocketPair } from '../transports/memory-sockets.ts';
import { talkPairing, type RecordedPairing } from './recorded-pairing.ts';
import { replaySession, talkChum, type Identities, type RecordedSession } from './recorded-session.ts';

interface Section<T> {
    readonly cases: readonly T[];
}

interface PaddingVector {
    readonly value: string;
    readonly flags: number;
    readonly paddingLength: number;
    readonly header: string;
    readonly randomBytes: number;
    readonly padded?: string;
    readonly sendable: boolean;
}

interface EscapingVector {
    readonly application: string;
    readonly afterFragmentationLayer: string;
    readonly onTheWire: string;
}

interface FragmentationVector {
    readonly what: string;
    readonly input: string;
    readonly messages: readonly {
        readonly string?: string | { readonly length: number; readonly sha256OfUtf8: string };
        readonly binary?: { readonly length: number; readonly sha256: string };
    }[];
}

interface CloseReasonVector {
    readonly operation: 'close' | 'terminate';
    readonly given: string | null;
    readonly reason: string;
    readonly bytes: number;
}

interface ConnectionVectors {
    readonly identities: Identities;
    readonly nonceCounters: Section<{ readonly counter: number; readonly nonce: string }>;
    readonly padding: Section<PaddingVector>;
    readonly keywordEscaping: Section<EscapingVector>;
    readonly fragmentation: Section<FragmentationVector>;
    readonly closeReasons: Section<CloseReasonVector>;
    readonly sessions: { readonly directChum: RecordedSession; readonly pairing: RecordedPairing };
    readonly invitation: {
        readonly invitation: Invitation;
        readonly json: string;
        readonly fragment: string;
        readonly links: { readonly personInvitation: string; readonly deviceInvitation: string; readonly lama: string };
    };
}

const place: LayerPlace = {
    inject: () => undefined,
    terminate: () => undefined,
    isPaused: false,
    maxMessage: 1024 * 1024,
};
/** The two first are remarks; of `sessions`, that with the communication server is read with the relay. */
const SECTIONS = [
    'what',
    'conventions',
    'identities',
    'nonceCounters',
    'padding',
    'keywordEscaping',
    'fragmentation',
    'closeReasons',
    'invitation',
    'sessions',
];
const noTimer = () => () => undefined;

export const connectionsSuite: VectorSuite = {
    file: 'connections.json',
    cases: json => {
        const vectors = json as ConnectionVectors;
        return [
            ...each('nonceCounters', vectors.nonceCounters, ({ counter, nonce }) => {
                expectEqual(uint8ArrayToHex(nonceOf(counter)), nonce, 'the nonce');
            }),
            ...each('padding', vectors.padding, checkPadding),
            ...each('keywordEscaping', vectors.keywordEscaping, checkEscaping),
            ...each('fragmentation', vectors.fragmentation, checkFragmentation),
            ...each('closeReasons', vectors.closeReasons, checkCloseReason),
            ...sessionCases(vectors),
            ...invitationCases(vectors.invitation),
            ...unknownSections(vectors, SECTIONS),
        ];
    },
};

function each<T>(section: string, { cases }: Section<T>, run: (vector: T) => void | Promise<void>): VectorCase[] {
    return cases.map((vector, i) => ({ name: `${section}/${i + 1}`, run: () => run(vector) }));
}

function checkPadding({ value, flags, paddingLength, header, randomBytes, padded, sendable }: PaddingVector): void {
    const bytes = padded === undefined ? bytesOf(header + '07'.repeat(randomBytes) + value) : bytesOf(padded);
    expectEqual(bytes.length, paddingLength + value.length / 2, 'the length');
    const message = unpad(bytes);
    expectEqual(typeof message, flags === 1 ? 'string' : 'object', 'the kind');
    expectEqual(typeof message === 'string' ? hexOfText(message) : uint8ArrayToHex(message), value, 'the message');
    if (!sendable) return;
    const draws = [Uint8Array.of(paddingLength - 1), bytes.slice(2, paddingLength)];
    expectEqual(
        uint8ArrayToHex(pad(message, () => draws.shift() ?? new Uint8Array())),
        uint8ArrayToHex(bytes),
        'padded',
    );
}

function checkEscaping({ application, afterFragmentationLayer, onTheWire }: EscapingVector): void {
    const [fragmentation, keepAlive] = [new Fragmentation(place), new KeepAlive(place, noTimer)];
    expectEqual([...fragmentation.outgoing(application)], [afterFragmentationLayer], 'after the first layer');
    expectEqual(keepAlive.outgoing(afterFragmentationLayer), [onTheWire], 'on the wire');
    expectEqual(keepAlive.incoming(onTheWire), afterFragmentationLayer, 'back');
    expectEqual(fragmentation.incoming(afterFragmentationLayer), application, 'at the application');
}

async function checkFragmentation({ input, messages }: FragmentationVector): Promise<void> {
    const message = inputOf(input);
    const sent = [...new Fragmentation(place).outgoing(message)];
    const described = await Promise.all(
        sent.map(async (part, i) => {
            if (typeof part !== 'string') return { binary: { length: part.length, sha256: await digest(part) } };
            if (typeof messages[i]?.string === 'string') return { string: part };
            return { string: { length: part.length, sha256OfUtf8: await digest(part) } };
        }),
    );
    expectEqual(described, messages, 'what is sent');
    const receiver = new Fragmentation(place);
    const received = sent.map(part => receiver.incoming(part));
    expectEqual(
        received.slice(0, -1).every(part => part === undefined),
        true,
        'nothing before the end',
    );
    const last = received.at(-1) ?? '';
    expectEqual(typeof last, typeof message, 'the kind');
    expectEqual(await digest(last), await digest(message), 'what is received');
}

/** Of the few ways in which inputs are described. */
function inputOf(text: string): Message {
    const repeated = /^'(.+)' (?:\(U\+\w+\) )?repeated (\d+) times$/.exec(text);
    if (repeated !== null) return (repeated[1] ?? '').repeat(Number(repeated[2]));
    const bytes = /^bytes \(i\*7\+3\) mod 251 for i in 0\.\.(\d+)$/.exec(text);
    if (bytes === null) throw new Error(`This input is not understood: ${text}`);
    return Uint8Array.from({ length: Number(bytes[1]) + 1 }, (_, i) => (i * 7 + 3) % 251);
}

async function digest(message: Message): Promise<string> {
    return typeof message === 'string' ? hashText(message) : hashBytes(new Uint8Array(message));
}

async function checkCloseReason({ operation, given, reason, bytes }: CloseReasonVector): Promise<void> {
    const [near, far] = createSocketPair();
    new Connection(near, { timer: noTimer })[operation](given ?? undefined);
    const closed = await far.closed;
    expectEqual(closed.reason, reason, 'the reason');
    expectEqual(hexOfText(closed.reason).length / 2, bytes, 'its bytes');
}

function hexOfText(text: string): string {
    return uint8ArrayToHex(new TextEncoder().encode(text));
}

function sessionCases({ identities, sessions }: ConnectionVectors): VectorCase[] {
    const { directChum, pairing } = sessions;
    return (['initiator', 'acceptor'] as const).flatMap(role => [
        {
            name: `sessions/directChum, as ${role}`,
            run: () => replaySession(directChum, identities, role, { group: 'chum', known: true, talk: talkChum }),
        },
        {
            name: `sessions/pairing, as ${role}, with what is stored`,
            run: () => replaySession(pairing, identities, role, { group: 'pairing', known: false, talk: talkPairing }),
        },
    ]);
}

function invitationCases({ invitation, json, fragment, links }: ConnectionVectors['invitation']): VectorCase[] {
    return [
        {
            name: 'invitation/written',
            run: () => {
                expectEqual(serializeInvitation(invitation), json, 'JSON');
                const [person, device] = [links.personInvitation, links.deviceInvitation];
                expectEqual(formatInvitationLink(invitation, 'person', 'edda.one'), person, 'link for a person');
                expectEqual(formatInvitationLink(invitation, 'device', 'edda.one'), device, 'link for a device');
            },
        },
        ...(
            [
                ['fragment', fragment, undefined],
                ['link for a person', links.personInvitation, 'person'],
                ['link for a device', links.deviceInvitation, 'device'],
                ['LAMA link with white space', `  ${links.lama}\n`, 'person'],
            ] as const
        ).map(([what, link, mode]) => ({
            name: `invitation/${what}`,
            run: () => expectEqual(parseInvitation(link), { invitation, mode }, what),
        })),
    ];
}
