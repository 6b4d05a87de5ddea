import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRandomSHA256Hash, defineRecipe, type AccessRequest, type Typed } from '@refinio/one.core';
import { recordOf, testPerson, type TestPerson } from './test-people.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'ShareableNote',
    rule: [
        { itemprop: 'text' },
        { itemprop: 'object', itemtype: { type: 'referenceToObj', allowedTypes: ['*'] }, optional: true },
        { itemprop: 'id', itemtype: { type: 'referenceToId', allowedTypes: ['*'] }, optional: true },
        { itemprop: 'blob', itemtype: { type: 'referenceToBlob' }, optional: true },
    ],
});

let alice: TestPerson;
let bob: string;
beforeAll(async () => {
    alice = await testPerson('alice', { createEveryoneGroup: true });
    await alice.one.registerRecipes([NoteRecipe]);
    bob = await (await alice.leute.importContact(recordOf('bob'))).mainIdentity();
});
afterAll(async () => alice[Symbol.asyncDispose]());

const note = async (more: object): Promise<string> => {
    const object = { $type$: 'ShareableNote', text: 'note', ...more } as Typed;
    return (await alice.one.objects.storeUnversionedObject(object)).hash;
};
const grant = (request: Omit<AccessRequest, 'mode' | 'person'>) =>
    alice.one.createAccess([{ ...request, person: [bob], mode: 'add' }]);

describe('nobody can be granted', () => {
    test.each<[string, RegExp, () => Promise<Omit<AccessRequest, 'mode' | 'person'>>]>([
        ['me', /take over your identities/, () => Promise.resolve({ id: ME_ID })],
        ['the list of contacts', /is a Leute/, () => Promise.resolve({ id: LEUTE_ID })],
        ['a group', /is a Group/, async () => ({ id: (await alice.leute.createGroup('friends')).idHash })],
        [
            'how a group is shown',
            /is a Group/,
            async () => {
                const { idHash: group } = await alice.leute.createGroup('friends');
                return { id: await alice.one.microdata.idHash({ $type$: 'GroupProfile', group } as const) };
            },
        ],
        ['an ID that is not here', /is not here/, () => Promise.resolve({ id: createRandomSHA256Hash() })],
        ['an object that is not here', /is not here/, () => Promise.resolve({ object: createRandomSHA256Hash() })],
        [
            'an object whose file is named as an object',
            /is not here/,
            async () => {
                const { hash } = await alice.one.blobs.store([new Uint8Array(70_000)]);
                return { object: await note({ object: hash }) };
            },
        ],
        [
            'an object without its file',
            /a file .* is not here/,
            async () => ({ object: await note({ blob: '1'.repeat(64) }) }),
        ],
        ['an object without a part', /a part of it/, async () => ({ object: await note({ object: '2'.repeat(64) }) })],
        [
            'an object that names a group',
            /is a Group/,
            async () => ({ object: await note({ id: (await alice.leute.createGroup('friends')).idHash }) }),
        ],
    ])('%s', async (_, reason, request) => {
        const granted = grant(await request());
        await expect(granted).rejects.toMatchObject({ code: 'NOT_SHAREABLE', message: expect.stringMatching(reason) });
    });
});

test('everything else can be granted, and what was granted by other means can be taken back', async () => {
    const { hash: blob } = await alice.one.blobs.store([new Uint8Array(70_000).fill(1)]);
    const inner = await note({ text: 'inner', blob });
    await grant({ object: await note({ object: inner }) });
    await grant({ id: (await (await alice.leute.me()).mainProfile()).idHash });
    await alice.one.createAccess([{ id: ME_ID, person: [], mode: 'replace' }]);
    await alice.one.createAccess([{ id: '3'.repeat(64), mode: 'replace' }]);
});

test('of several grants none is stored if one must not be', async () => {
    const object = await note({ text: 'fine' });
    const requests: AccessRequest[] = [
        { object, person: [bob], mode: 'add' },
        { id: ME_ID, person: [bob], mode: 'add' },
    ];
    await expect(alice.one.createAccess(requests)).rejects.toMatchObject({ code: 'NOT_SHAREABLE' });
    expect(await alice.one.accessible.has(bob, object)).toBe(false);
});
