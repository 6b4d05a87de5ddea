import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { archiveEmail, InvalidEmailError, newDeviceEmail, normalizeEmail } from './instance-email.ts';

describe('e-mail addresses of instances', () => {
    test('one address has one form', () => {
        expect(normalizeEmail('  Zoe\u0308@Example.ORG ')).toBe('zo\u00eb@example.org');
    });

    test('the first archive of a person', () => {
        expect(archiveEmail('Alice@example.org')).toBe('node-alice@example.org');
    });

    test('further devices differ by eight characters', () => {
        const zero = (bytes: Uint8Array) => void bytes.fill(0);
        expect(newDeviceEmail('alice@example.org', 'browser', zero)).toBe('alice+aaaaaaaa@example.org');
        expect(newDeviceEmail('alice@example.org', 'archive', zero)).toBe('node-alice+aaaaaaaa@example.org');
        expect(newDeviceEmail('alice@example.org', 'browser')).toMatch(/^alice\+[a-z2-7]{8}@example\.org$/);
        expect(newDeviceEmail('alice@example.org', 'browser')).not.toBe(newDeviceEmail('alice@example.org', 'browser'));
    });

    test.each([
        '',
        'alice',
        '@example.org',
        'alice@',
        'a@b@c',
        'al ice@example.org',
        `${'a'.repeat(250)}@b.de`,
        'a\u200b@b',
    ])('refuses %j', text => {
        expect(() => normalizeEmail(text)).toThrow(InvalidEmailError);
    });

    test('normalizing twice is normalizing once', () => {
        fc.assert(
            fc.property(
                fc.emailAddress({ size: 'small' }),
                fc.string({ unit: 'grapheme', maxLength: 4 }),
                (email, noise) => {
                    let once: string;
                    try {
                        once = normalizeEmail(noise + email);
                    } catch (error) {
                        expect(error).toBeInstanceOf(InvalidEmailError);
                        return;
                    }
                    expect(normalizeEmail(once)).toBe(once);
                },
            ),
        );
    });
});
