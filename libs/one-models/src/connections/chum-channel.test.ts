import { describe, expect, test } from '@jest/globals';
import { createAccess, MemoryBackend, OneInstance, type Typed } from '@refinio/one.core';
import { createChumChannel } from './chum-channel.ts';
import type { Message } from './message.ts';
import { encryptedPair, inboxOf, settled } from './test-connections.ts';

describe('the channel for CHUM', () => {
    test('synchronizes two instances over an encrypted connection', async () => {
        await using alice = await openInstance('alice');
        await using bob = await openInstance('bob');
        const { initiator, acceptor } = await encryptedPair();
        const email = 'somebody@test';
        const { idHash } = await alice.objects.storeIdObject({ $type$: 'Person', email } as Typed);
        await alice.objects.storeIdObject({ $type$: 'Person', email: bob.email } as Typed);
        await createAccess(alice.objects, [{ id: idHash, person: [bob.owner], group: [], mode: 'add' }]);
        const start = (one: OneInstance, other: OneInstance, connection = initiator) =>
            one.startChum({
                channel: createChumChannel(connection),
                chumName: 'chum',
                remoteInstanceName: other.name,
                remotePerson: other.owner,
            });
        const results = await Promise.all([start(alice, bob).ended, start(bob, alice, acceptor).ended]);
        expect(results.map(({ error, errors }) => ({ error, errors }))).toEqual([
            { error: undefined, errors: [] },
            { error: undefined, errors: [] },
        ]);
        expect(await bob.objects.readId(idHash)).toEqual({ $type$: 'Person', email });
        expect((await acceptor.closed).reason).toMatch(/Chum ended \[\d+\] normally\. Error count 0/);
    });

    test('says the word after the caller is done, and nothing else before 100 ms after that of the peer', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const channel = createChumChannel(initiator, clock);
        const received: Message[] = [];
        channel.listen(message => received.push(message));
        channel.send('first');
        channel.send(new Uint8Array(3));
        expect(channel.bufferedAmount).toBe(8);
        await settled();
        expect([await acceptor.read(), acceptor.queued]).toEqual(['synchronisation', 0]);
        const atPeer = inboxOf(acceptor);
        await clock.pass(5_000);
        expect(atPeer).toEqual([]);
        acceptor.send('synchronisation');
        acceptor.send('in the same instant');
        await settled();
        await clock.pass(99);
        expect([received, atPeer]).toEqual([['in the same instant'], []]);
        await clock.pass(1);
        channel.send('second');
        await settled();
        expect(atPeer).toEqual(['first', new Uint8Array(3), 'second']);
        expect([channel.bufferedAmount, channel.receivedAmount]).toEqual([0, initiator.statistics.bytesReceived]);
    });

    test('has said the word before it listens, however many messages wait', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        acceptor.send('synchronisation');
        for (let i = 0; i < 9; i++) acceptor.send(`${i}`);
        await settled();
        const channel = createChumChannel(initiator, clock);
        const received: Message[] = [];
        channel.listen(message => received.push(message));
        await settled();
        expect(received).toEqual(Array.from({ length: 9 }, (_, i) => `${i}`));
    });

    test('closes for another word, for none in 30 s, and for bytes', async () => {
        for (const message of ['synchronization', new Uint8Array(3), undefined]) {
            const { initiator, acceptor, clock } = await encryptedPair();
            const channel = createChumChannel(initiator, clock);
            channel.listen(() => undefined);
            await settled();
            if (message !== undefined) acceptor.send(message);
            else await clock.pass(30_000);
            await channel.closed;
            expect((await acceptor.closed).origin).toBe('remote');
            channel.send('too late');
            expect([channel.bufferedAmount, clock.waiting]).toEqual([0, 0]);
        }
    });

    test('closes the connection with its reason', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const channel = createChumChannel(initiator, clock);
        expect(channel.id).toBe(initiator.id);
        channel.close('Chum ended [1] normally. Error count 0');
        await channel.closed;
        expect((await acceptor.closed).reason).toBe('Close called: Chum ended [1] normally. Error count 0');
    });
});

async function openInstance(name: string): Promise<OneInstance> {
    return OneInstance.open({
        ...{ name: `${name} device`, email: `${name}@test`, secret: name },
        ...{ storage: new MemoryBackend(), encryptStorage: false },
    });
}
