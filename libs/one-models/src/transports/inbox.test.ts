import { expect, test } from '@jest/globals';
import { UNREAD_COST, UNREAD_HIGH } from '../limits.ts';
import { Inbox } from './inbox.ts';

test('frames stay in order, whatever comes while they are handed over', async () => {
    const inbox = new Inbox();
    const received: unknown[] = [];
    inbox.add('1');
    inbox.listen(frame => {
        received.push(frame);
        if (frame === '1') inbox.add('3');
    });
    inbox.add('2');
    expect(received).toEqual([]);
    await Promise.resolve();
    expect(received).toEqual(['1', '2', '3']);
    inbox.add('4');
    expect([received, inbox.unread]).toEqual([['1', '2', '3', '4'], 0]);
});

test('nothing is handed over while paused, not even by a listener that pauses', async () => {
    const inbox = new Inbox();
    const received: unknown[] = [];
    inbox.listen(frame => {
        received.push(frame);
        inbox.pause();
    });
    for (const frame of ['1', '2', '3']) inbox.add(frame);
    await Promise.resolve();
    expect(received).toEqual(['1']);
    inbox.resume();
    await Promise.resolve();
    expect(received).toEqual(['1', '2']);
});

test('reading is held while paused, and while too much waits', async () => {
    const held: boolean[] = [];
    const inbox = new Inbox(isHeld => held.push(isHeld));
    inbox.pause();
    inbox.resume();
    await Promise.resolve();
    expect(held).toEqual([true, false]);
    for (let i = 0; i < UNREAD_HIGH / UNREAD_COST; i++) inbox.add('');
    expect(held).toHaveLength(2);
    inbox.add('');
    expect(held).toEqual([true, false, true]);
    inbox.listen(() => undefined);
    await Promise.resolve();
    expect(held).toEqual([true, false, true, false]);
});

test('who waits for the last frame is called when it is handed over or dropped', async () => {
    for (const isDropped of [false, true]) {
        const inbox = new Inbox();
        const order: string[] = [];
        inbox.add('last');
        inbox.whenEmpty(() => order.push('empty'));
        expect(order).toEqual([]);
        if (isDropped) inbox.drop();
        inbox.listen(frame => order.push(String(frame)));
        await Promise.resolve();
        expect(order).toEqual(isDropped ? ['empty'] : ['last', 'empty']);
        inbox.whenEmpty(() => order.push('again'));
        expect(order.at(-1)).toBe('again');
    }
});
