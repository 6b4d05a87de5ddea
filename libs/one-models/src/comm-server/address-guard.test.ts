import { describe, expect, test } from '@jest/globals';
import { AddressGuard } from './address-guard.ts';
import { addressGroup } from './address-group.ts';

test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['0:0:0:0:0:FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::5', '2001:db8:0:0::/64'],
    ['2001:db8::3:4:5:6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['2001:db8:1:2:3::192.0.2.7', '2001:db8:1:2::/64'],
    ['', ''],
])('%s counts as %s', (address, group) => expect(addressGroup(address)).toBe(group));

describe('an address', () => {
    const limits = {
        sockets: 2,
        socketRate: { burst: 3, perMinute: 60 },
        failureRate: { burst: 2, perMinute: 60 },
    };
    const guarded = () => {
        const clock = { ms: 0 };
        return { clock, guard: new AddressGuard(limits, () => clock.ms) };
    };

    test('has only so many sockets at a time; far too many are not even heard', () => {
        const { guard } = guarded();
        expect([guard.enter('a'), guard.enter('a')]).toEqual([true, true]);
        expect(guard.refuse('a')).toBeUndefined();
        expect([guard.enter('a'), guard.enter('a'), guard.enter('a')]).toEqual([true, true, false]);
        expect(guard.refuse('a')).toBe('Close called: There are too many connections from your address.');
        expect([guard.enter('b'), guard.refuse('b')]).toEqual([true, undefined]);
        guard.leave('a');
        guard.leave('a');
        expect(guard.refuse('a')).toBeUndefined();
        expect(guard.refused).toMatchObject({ dropped: 1, 'address-sockets': 1 });
    });

    test('opens only so many a minute, and one network of a household is one address', () => {
        const { clock, guard } = guarded();
        const refused = [1, 2, 3, 4].map(i => guard.refuse(`2001:db8::${i}`) !== undefined);
        expect(refused).toEqual([false, false, false, true]);
        expect(guard.refuse('2001:db8:0:1::4')).toBeUndefined();
        clock.ms += 1_000;
        expect(guard.refuse('2001:db8::5')).toBeUndefined();
        expect(guard.refuse('2001:db8::6')).toMatch(/too often/);
        expect(guard.refused['address-rate']).toBe(2);
    });

    test('that fails to prove its keys is refused for a while', () => {
        const { clock, guard } = guarded();
        guard.fail('a');
        expect(guard.refuse('a')).toBeUndefined();
        guard.fail('a');
        expect(guard.refuse('a')).toMatch(/registrations from your address have failed/);
        expect(guard.refuse('b')).toBeUndefined();
        clock.ms += 1_000;
        expect(guard.refuse('a')).toBeUndefined();
        expect(guard.refused['address-failures']).toBe(1);
    });
});
