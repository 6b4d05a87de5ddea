import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../fifo.ts';
import { createChannelPair } from './memory-channel.ts';
import type { MessageChannel } from './message-channel.ts';
import { settled } from './scripted-peer.ts';

function inboxOf(channel: MessageChannel): (string | Uint8Array)[] {
    const messages: (string | Uint8Array)[] = [];
    channel.listen(message => messages.push(message));
    return messages;
}

function isClosed(...channels: MessageChannel[]): Promise<boolean> {
    return Promise.race([
        Promise.all(channels.map(({ closed }) => closed)).then(() => true),
        settled().then(() => false),
    ]);
}

describe('a channel in memory', () => {
    test('delivers texts and bytes in order, after send is over', async () => {
        const [a, b] = createChannelPair();
        const [atA, atB] = [inboxOf(a), inboxOf(b)];
        const bytes = Uint8Array.of(1, 2);
        a.send('one');
        a.send(bytes);
        b.send('three');
        expect([atA, atB, a.bufferedAmount, b.bufferedAmount]).toEqual([[], [], 5, 5]);
        await settled();
        expect([atA, atB, a.bufferedAmount, b.bufferedAmount]).toEqual([['three'], ['one', bytes], 0, 0]);
    });

    test('keeps what comes before somebody listens', async () => {
        const [a, b] = createChannelPair();
        a.send('early');
        await settled();
        a.send('late');
        const atB = inboxOf(b);
        expect(atB).toEqual([]);
        await settled();
        expect(atB).toEqual(['early', 'late']);
    });

    test('delivers what was sent before closing, and drops what the other side sent', async () => {
        const [a, b] = createChannelPair();
        const [atA, atB] = [inboxOf(a), inboxOf(b)];
        a.send('last');
        b.send('lost');
        a.close('done');
        a.close('again');
        a.send('too late');
        b.send('too late');
        await expect(isClosed(a, b)).resolves.toBe(true);
        expect([atA, atB, b.bufferedAmount]).toEqual([[], ['last'], 0]);
        b.close();
        await settled();
        expect(atB).toEqual(['last']);
    });

    test('delivers what was sent before closing to somebody who listens later', async () => {
        const [a, b] = createChannelPair();
        a.send('last');
        a.close();
        await expect(isClosed(a, b)).resolves.toBe(true);
        const atB = inboxOf(b);
        await settled();
        expect(atB).toEqual(['last']);
    });

    test('may be closed by both sides at once, and by whoever receives', async () => {
        const [a, b] = createChannelPair();
        const atA = inboxOf(a);
        b.listen(() => b.close());
        a.send('1');
        a.send('2');
        b.send('lost');
        await settled();
        a.close();
        await expect(isClosed(a, b)).resolves.toBe(true);
        expect(atA).toEqual(['lost']);
    });

    test('lets a test delay and lose messages, in order', async () => {
        const held: (() => void)[] = [];
        const [a, b] = createChannelPair({
            deliver: (message, deliverNow) => (message === 'lost' ? 'drop' : held.push(deliverNow)),
        });
        const atB = inboxOf(b);
        for (const message of ['1', 'lost', '2']) a.send(message);
        a.close();
        await expect(isClosed(a)).resolves.toBe(false);
        expect([atB, a.bufferedAmount, held.length]).toEqual([[], 6, 1]);
        held[0]?.();
        held[0]?.();
        await settled();
        expect([atB, a.bufferedAmount, held.length]).toEqual([['1'], 1, 2]);
        held[1]?.();
        await expect(isClosed(a, b)).resolves.toBe(true);
        expect(atB).toEqual(['1', '2']);
    });

    test('closes for both when the one who waits for messages closes too', async () => {
        const held: (() => void)[] = [];
        const [a, b] = createChannelPair({ deliver: (_, deliverNow) => held.push(deliverNow) });
        const atB = inboxOf(b);
        a.send('never');
        b.send('never');
        await settled();
        a.close();
        b.close();
        await expect(isClosed(a, b)).resolves.toBe(true);
        for (const deliver of held) deliver();
        await settled();
        expect([atB, a.bufferedAmount]).toEqual([[], 0]);
    });
});

test('a queue gives back what was added, in order', () => {
    fc.assert(
        fc.property(fc.array(fc.oneof(fc.integer(), fc.constant('take'))), steps => {
            const [queue, model] = [new Fifo<unknown>(), [] as unknown[]];
            for (const step of steps) {
                if (step === 'take') expect(queue.take()).toBe(model.shift());
                else {
                    queue.add(step);
                    model.push(step);
                }
                expect(queue.size).toBe(model.length);
            }
        }),
    );
});
