import { expect, test } from '@jest/globals';
import { TestPeer } from '../chum/test-peer.ts';
import { recipes, typed } from '../chum/simulation/sample-data.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import type { Write } from '../storage/storage-backend.ts';

/** What it commits is there before the commit has resolved, as on any disk. */
class SlowBackend extends MemoryBackend {
    gate: Promise<void> | undefined;
    visible: () => void = () => undefined;

    override async commit(writes: readonly Write[]): Promise<void> {
        await super.commit(writes);
        this.visible();
        await this.gate;
    }
}

test('a list that is computed while a commit is under way has all that is in it afterwards', async () => {
    const backend = new SlowBackend();
    const peer = await TestPeer.create('A', recipes, backend);
    const person = await peer.personId('b@test');
    const share = async (text: string): Promise<string> => {
        const { hash } = await peer.objects.storeUnversionedObject(typed({ $type$: 'Note', text }));
        await peer.grant({ object: hash, person: [person], mode: 'add' });
        return hash;
    };
    const [kept, lost] = [await share('kept'), await share('lost')];
    const { hash } = await peer.objects.storeUnversionedObject(typed({ $type$: 'Note', text: 'new' }));
    await peer.accessible.rootList(person);
    // The page that has it is in memory.
    expect(await peer.accessible.has(person, kept)).toBe(true);
    // After a revocation the list is computed from the pages.
    await peer.grant({ object: lost, person: [], mode: 'replace' });

    const [gate, visible] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    backend.gate = gate.promise;
    backend.visible = visible.resolve;
    const granting = peer.grant({ object: hash, person: [person], mode: 'add' });
    await visible.promise;
    await peer.accessible.rootList(person);
    gate.resolve();
    await granting;
    const { hashes } = await peer.accessible.rootList(person);
    expect(hashes.toSorted()).toEqual([kept, hash].sort());
});
