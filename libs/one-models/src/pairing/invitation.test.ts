import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatInvitationLink, InvalidInvitationError, parseInvitation, type Invitation } from './invitation.ts';

interface InvitationVector {
    invitation: Invitation;
    fragment: string;
}

const { invitation: vector } = JSON.parse(
    readFileSync(new URL('../../test-vectors/connections.json', import.meta.url), 'utf8'),
) as { invitation: InvitationVector };

function attempt(run: () => unknown): { error?: unknown } {
    try {
        run();
        return {};
    } catch (error) {
        return { error };
    }
}

describe('what is not an invitation', () => {
    const { token, publicKey, url } = vector.invitation;
    const link = (value: unknown) => `https://edda.one/#${encodeURIComponent(JSON.stringify(value))}`;

    test.each([
        ['nothing', '', 'cannot be read'],
        ['broken percent-encoding', 'https://edda.one/#%7B%2', 'cannot be read'],
        ['no object', link(7), 'is no object'],
        ['no token', link({ publicKey, url }), 'the token is missing'],
        ['a short key', link({ token, publicKey: 'ab', url }), 'the public key'],
        ['an address of another protocol', link({ token, publicKey, url: 'https://example.org' }), 'the address'],
        ['a very long text', 'x'.repeat(5_000), 'more than 4096 characters'],
    ])('%s', (_what, text, reason) => {
        expect(() => parseInvitation(text)).toThrow(InvalidInvitationError);
        expect(() => parseInvitation(text)).toThrow(reason);
    });

    test('the error never repeats the token', () => {
        const broken = link({ token, publicKey: 'ab', url });
        const cut = vector.fragment.slice(0, -3);
        for (const text of [broken, cut]) {
            const { error } = attempt(() => parseInvitation(text));
            expect(error).toBeInstanceOf(InvalidInvitationError);
            expect(inspect(error, { depth: 10 })).not.toContain(token.slice(0, 20));
        }
    });
});

test('every invitation survives its link', () => {
    const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex'));
    const token = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 });
    const invitations = fc.record({
        token,
        publicKey: hex,
        url: fc.constantFrom('ws://localhost:8765', 'wss://a.b/c'),
    });
    fc.assert(
        fc.property(invitations, fc.constantFrom('person', 'device'), (invitation, mode) => {
            expect(parseInvitation(formatInvitationLink(invitation, mode, 'edda.one'))).toEqual({ invitation, mode });
        }),
    );
});
