import { describe, expect, test } from '@jest/globals';
import { createSymmetricKey, SymmetricCryptoApi, type SymmetricKey } from '@refinio/one.core';
import fc from 'fast-check';
import type { Message } from '../message.ts';
import { systemRandom } from '../random.ts';
import { Encryption, type Role } from './encryption.ts';
import { Fragmentation } from './fragmentation.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Layer, LayerPlace } from './layer.ts';
import { pad, unpad } from './padding.ts';

const place: LayerPlace = {
    inject: () => undefined,
    terminate: () => undefined,
    isPaused: false,
    maxMessage: 1_000_000,
};
const CONTROLS = ['keepalive', 'fragmentation_start_binary', 'fragmentation_start_string', 'fragmentation_end'];

function stack(key: SymmetricKey, role: Role): Layer[] {
    return [
        new Encryption(new SymmetricCryptoApi(key), role, systemRandom),
        new KeepAlive(place, () => () => undefined),
        new Fragmentation(place),
    ];
}

function stacks(key = createSymmetricKey()): [Layer[], Layer[]] {
    return [stack(key, 'initiator'), stack(key, 'acceptor')];
}

function send(layers: readonly Layer[], message: Message): Message[] {
    return layers.toReversed().reduce((parts, layer) => parts.flatMap(part => [...layer.outgoing(part)]), [message]);
}

function receive(layers: readonly Layer[], frames: readonly Message[]): Message[] {
    return frames.flatMap(frame => {
        let message: Message | undefined = frame;
        for (const layer of layers) {
            message = layer.incoming(message);
            if (message === undefined) return [];
        }
        return [message];
    });
}

const control = fc
    .tuple(fc.constantFrom(...CONTROLS), fc.nat({ max: 30 }), fc.constantFrom('', 'x', 'xx', '!', 'y', '€', '😀'))
    .map(([text, length, end]) => text.slice(0, length) + end);
const text = fc
    .oneof(
        { weight: 3, arbitrary: control },
        { weight: 3, arbitrary: fc.string({ unit: 'grapheme' }) },
        fc
            .tuple(fc.constantFrom('a', 'é', '€', '😀'), fc.integer({ min: 5_000, max: 70_000 }))
            .map(([c, n]) => c.repeat(n)),
    )
    .filter(each => !each.startsWith('\uFEFF') && each.isWellFormed());
const bytes = fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array() },
    fc.constantFrom(65_535, 65_536, 65_537, 131_072, 200_000).map(n => new Uint8Array(n).fill(n % 256)),
);
const message = fc.oneof(text, bytes);

describe('the layers', () => {
    test('give back every message in both directions', () => {
        fc.assert(
            fc.property(fc.array(fc.tuple(fc.boolean(), message), { maxLength: 6 }), messages => {
                const [a, b] = stacks();
                for (const [forth, each] of messages) {
                    const [from, to] = forth ? [a, b] : [b, a];
                    const [received, ...more] = receive(to, send(from, each));
                    expect(typeof received).toBe(typeof each);
                    expect(typeof each === 'string' ? received === each : sameBytes(received, each)).toBe(true);
                    expect(more).toEqual([]);
                }
            }),
            { numRuns: 300 },
        );
    });

    test('refuse a frame with any bit flipped', () => {
        fc.assert(
            fc.property(fc.oneof(control, fc.uint8Array()), fc.nat(), (each, position) => {
                const [a, b] = stacks();
                const [frame] = send(a, each);
                if (typeof frame !== 'object') throw new Error('A frame is binary.');
                const bit = position % (8 * frame.length);
                const flipped = Uint8Array.from(frame, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
                expect(() => receive(b, [flipped])).toThrow('Decryption of message failed.');
            }),
        );
    });

    test('refuse frames that were lost, repeated, moved, cut or sent back', () => {
        const frames = fc.array(fc.oneof(control, fc.uint8Array({ maxLength: 20 })), { minLength: 2, maxLength: 8 });
        const fault = fc.constantFrom('lost', 'repeated', 'moved', 'cut', 'sent back');
        fc.assert(
            fc.property(frames, fault, fc.nat(), (messages, what, position) => {
                const [a, b] = stacks();
                const sent = messages.flatMap(each => send(a, each));
                const at = position % (sent.length - 1);
                const [frame = '', next = ''] = sent.slice(at);
                const faulty = {
                    lost: [next],
                    repeated: [frame, frame],
                    moved: [next, frame],
                    cut: [frame.slice(0, -1)],
                    'sent back': [],
                }[what];
                receive(b, sent.slice(0, at));
                expect(() => (what === 'sent back' ? receive(a, [frame]) : receive(b, faulty))).toThrow(
                    'Decryption of message failed.',
                );
            }),
        );
    });

    test('refuse a text, frames of another connection, and what was encrypted in the same role', () => {
        const key = createSymmetricKey();
        const [a, b] = stacks(key);
        expect(() => receive(b, ['text'])).toThrow('Incoming encrypted message is a string, it needs to be binary');
        expect(() => receive(stack(key, 'initiator'), send(a, 'x'))).toThrow('Decryption of message failed.');
        expect(() => receive(stacks()[1], send(stack(key, 'initiator'), 'x'))).toThrow('Decryption of message failed.');
        expect(receive(stack(key, 'acceptor'), send(stack(key, 'initiator'), 'x'))).toEqual(['x']);
    });

    test('read any padding that fits, and refuse any other', () => {
        fc.assert(
            fc.property(fc.uint8Array({ maxLength: 300 }), padded => {
                const lengthBytes = (padded[0] ?? 0) & 15;
                const length = padded.subarray(1, 1 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
                const fits = padded.length > 0 && lengthBytes <= 8 && 1 + lengthBytes + length <= padded.length;
                if (!fits) expect(() => unpad(padded)).toThrow('The padding is longer than the message.');
                else expect(unpad(padded)).toBeDefined();
            }),
            { numRuns: 1_000 },
        );
        for (let n = 9; n < 16; n++)
            expect(() => unpad(new Uint8Array(40).fill(n, 0, 1))).toThrow('The padding is longer than the message.');
        expect(unpad(new Uint8Array(40).fill(8, 0, 1))).toHaveLength(31);
        for (let r = 0; r < 256; r++) {
            const padded = pad('äß', length => new Uint8Array(length).fill(r));
            expect([padded.length, unpad(padded)]).toEqual([r + 1 + 4, 'äß']);
        }
    });
});

describe('fragments', () => {
    test('of any length join to the message, with signs of life between them', () => {
        fc.assert(
            fc.property(fc.boolean(), text, fc.array(fc.nat({ max: 50_000 })), (isText, each, lengths) => {
                const content = new TextEncoder().encode(each);
                const chunks = lengths.map((length, i) => {
                    const from = lengths.slice(0, i).reduce((sum, n) => sum + n, 0);
                    return content.subarray(from, from + length);
                });
                const rest = content.subarray(lengths.reduce((sum, n) => sum + n, 0));
                const kind = isText ? 'string' : 'binary';
                const layers = [new KeepAlive(place, () => () => undefined), new Fragmentation(place)];
                const sent = [`fragmentation_start_${kind}`, ...chunks, 'keepalive', rest, 'fragmentation_end'];
                const [received, ...more] = receive(layers, sent);
                expect(isText ? received === each : sameBytes(received, content)).toBe(true);
                expect(more).toEqual([]);
            }),
        );
    });

    test('are refused where the protocol does not have them', () => {
        const start = (kind: string): string => `fragmentation_start_${kind}`;
        const refusals: [Message[], string][] = [
            [['fragmentation_end'], 'No chunks processing in progress. fragmentation_end message not allowed.'],
            [
                [start('string'), start('binary')],
                'Already processing string chunks. fragmentation_start_binary message not allowed.',
            ],
            [
                [start('binary'), start('binary')],
                'Already processing binary chunks. fragmentation_start_binary message not allowed.',
            ],
            [
                [start('string'), 'text'],
                'Currently processing string chunks. No string messages allowed except the fragmentation_end message.',
            ],
            [
                [start('binary'), new Uint8Array(9), 'text'],
                'Currently processing binary chunks. No string messages allowed except the fragmentation_end message.',
            ],
        ];
        for (const [messages, reason] of refusals)
            expect(() => receive([new Fragmentation(place)], messages)).toThrow(reason);
    });

    test('take no more memory than a message may have, also if they are empty', () => {
        for (const chunk of [new Uint8Array(10_000), new Uint8Array(1), new Uint8Array()]) {
            const layer = new Fragmentation(place);
            layer.incoming('fragmentation_start_binary');
            let count = 0;
            expect(() => {
                for (; count < 1_000_000; count++) layer.incoming(chunk);
            }).toThrow('A message is longer than 1000000 bytes.');
            expect(count * Math.max(chunk.length, 256)).toBeLessThanOrEqual(1_000_256);
        }
        expect(() => new Fragmentation(place).incoming('x'.repeat(1_000_001))).toThrow('A message is longer');
        expect(() => new Fragmentation(place).incoming(new Uint8Array(1_000_001))).toThrow('A message is longer');
    });
});

function sameBytes(a: unknown, b: Uint8Array): boolean {
    return a instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
