import { expect, jest, test } from '@jest/globals';
import { ProfileVersions } from './profile-versions.ts';
import { newKey, TestWorld } from './test-world.ts';

test('a history is walked down to what is known of it, and a long one not to its beginning', async () => {
    await using world = await TestWorld.open();
    const { objects } = world.one;
    const versions: string[] = [];
    const another = async () => {
        versions.push(await world.profile(world.me, [newKey().hex], { profileId: 'long' }));
    };
    for (let i = 0; i < 5; i++) await another();
    const profile = (await objects.getObject(versions[0] ?? '')) as never;
    const id = await world.one.microdata.idHash(profile);

    const whole = new ProfileVersions(objects);
    expect([...(await whole.history(id)).versions]).toEqual(versions);
    const short = new ProfileVersions(objects, 3);
    expect(await short.history(id)).toMatchObject({ versions: new Set(versions.slice(2)), limited: true });

    await another();
    const nodes = jest.spyOn(objects, 'node');
    expect([...(await whole.history(id)).versions]).toEqual(versions);
    await whole.history(id);
    expect(nodes).toHaveBeenCalledTimes(1);
    expect(await whole.history('f'.repeat(64))).toEqual({ versions: new Set(), limited: false });
});

test('a key that is stored after the profile is found when it is there', async () => {
    await using world = await TestWorld.open();
    const key = newKey().hex;
    const signKey = await world.one.microdata.hash({ $type$: 'SignKey', key } as const);
    const versions = new ProfileVersions(world.one.objects);
    const version = { profile: '' as never, person: world.me, descriptions: [signKey] };
    expect(await versions.signKeys(version)).toEqual([]);
    await world.profile(world.me, [key]);
    expect(await versions.signKeys(version)).toEqual([key]);
});
