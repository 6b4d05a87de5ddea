import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ensureHash, type OneInstance, type SHA256IdHash } from '@refinio/one.core';
import type { Profile } from '../recipes/people-recipes.ts';
import { ProfileModel } from './profile-model.ts';
import { openInstance } from './test-people.ts';

let one: OneInstance;
let time = 1_700_000_000_000;
let profiles = 0;
beforeAll(async () => {
    one = await openInstance('alice', { now: () => time });
});
afterAll(async () => one[Symbol.asyncDispose]());

/** An empty profile of its own. */
function emptyProfile(): Promise<ProfileModel> {
    return ProfileModel.create(one, { profileId: `profile ${profiles++}`, personId: one.owner, owner: one.owner });
}

async function versions(id: SHA256IdHash<Profile>): Promise<number> {
    return (await one.objects.getVersionsNodes(id))?.length ?? 0;
}

test('keeps what was written, in the order of hashes', async () => {
    const profile = await emptyProfile();
    profile.name = 'Alice & "Bob" <A>';
    profile.communicationEndpoints.push({ $type$: 'Email', email: 'a@b.c' }, { $type$: 'PhoneNumber', number: '1' });
    await profile.save();
    const loaded = await ProfileModel.load(one, profile.idHash);
    expect(loaded.name).toBe('Alice & "Bob" <A>');
    expect(loaded.endpointsOfType('Email')).toEqual([{ $type$: 'Email', email: 'a@b.c' }]);
    expect(loaded.communicationEndpoints).toEqual(profile.communicationEndpoints);
    expect(loaded.loadedVersion).toBe(profile.loadedVersion);
});

test('makes no version of what is unchanged', async () => {
    const profile = await emptyProfile();
    profile.name = 'Alice';
    await profile.save();
    const before = await versions(profile.idHash);
    await profile.save();
    profile.name = 'Alice';
    await profile.save();
    expect(await versions(profile.idHash)).toBe(before);
});

test('two that edit the same profile both have their way', async () => {
    const parts = fc.subarray(['a', 'b', 'c', 'd', 'e']);
    await fc.assert(
        fc.asyncProperty(parts, parts, parts, async (start, mine, theirs) => {
            const profile = await emptyProfile();
            profile.communicationEndpoints = start.map(email => ({ $type$: 'Email', email }));
            await profile.save();
            const [one_, other] = [
                await ProfileModel.load(one, profile.idHash),
                await ProfileModel.load(one, profile.idHash),
            ];
            one_.communicationEndpoints = mine.map(email => ({ $type$: 'Email', email }));
            other.communicationEndpoints = theirs.map(email => ({ $type$: 'Email', email }));
            await one_.save();
            await other.save();
            const expected = ['a', 'b', 'c', 'd', 'e'].filter(each =>
                // What either of them has changed, is changed.
                mine.includes(each) === theirs.includes(each) ? mine.includes(each) : !start.includes(each),
            );
            expect(
                other
                    .endpointsOfType('Email')
                    .map(({ email }) => email)
                    .sort(),
            ).toEqual(expected);
        }),
    );
});

test('what is created again gets what is missing, and loses nothing', async () => {
    const profile = await emptyProfile();
    profile.name = 'Alice';
    await profile.save();
    const { profileId, personId, owner } = profile;
    const again = await ProfileModel.create(one, { profileId, personId, owner }, [{ $type$: 'Email', email: 'x' }]);
    expect([again.name, again.communicationEndpoints.length]).toEqual(['Alice', 1]);
});

test('has a history of states, of which the latest counts', async () => {
    const profile = await emptyProfile();
    expect(profile.status).toBeUndefined();
    profile.setStatus('busy', 'Berlin');
    time += 5;
    profile.setStatus('very busy');
    await profile.save();
    expect(profile.descriptionsOfType('PersonStatus')).toHaveLength(1);
    time += 5;
    profile.setStatus('free');
    await profile.save();
    expect(profile.descriptionsOfType('PersonStatus')).toHaveLength(2);
    expect(profile.status).toEqual({ $type$: 'PersonStatus', value: 'free', timestamp: time, location: '' });
});

test('has one picture, and a history of pictures of the person', async () => {
    const profile = await emptyProfile();
    const [first, second] = [ensureHash('1'.repeat(64)), ensureHash('2'.repeat(64))];
    profile.image = first;
    profile.image = second;
    profile.setPersonImage(first as Parameters<ProfileModel['setPersonImage']>[0]);
    await profile.save();
    expect(profile.image).toBe(second);
    expect(profile.personImage?.image).toBe(first);
    profile.image = undefined;
    await profile.save();
    expect(profile.image).toBeUndefined();
});

test('is not there', async () => {
    const missing = await one.microdata.idHash({
        ...{ $type$: 'Profile', profileId: 'no', personId: one.owner, owner: one.owner },
    } as const);
    await expect(ProfileModel.load(one, missing as SHA256IdHash<Profile>)).rejects.toMatchObject({
        code: 'PROFILE_MISSING',
    });
});
