import { describe, expect, test } from '@jest/globals';
import { contentEventJobId, contentEventSchema, type ContentEvent } from './content-event.ts';

const event: ContentEvent = {
    instanceId: 'ab'.repeat(32),
    epoch: '0123456789abcdef0123456789abcdef',
    seq: 42,
    kind: 'ChatMessage',
    hash: 'cd'.repeat(32),
    at: 1_700_000_000_000,
};

describe('content events', () => {
    test('the job id names instance, epoch and number', () => {
        expect(contentEventJobId(event)).toBe('abababab-01234567-42');
    });

    test('a valid event passes unchanged', () => {
        expect(contentEventSchema.parse(event)).toEqual(event);
    });

    test.each([
        ['another member', { ...event, content: 'hello' }],
        ['an upper case hash', { ...event, hash: 'CD'.repeat(32) }],
        ['a negative number', { ...event, seq: -1 }],
        ['a missing instance', { ...event, instanceId: undefined }],
    ])('refuses %s', (_what, payload) => {
        expect(contentEventSchema.safeParse(payload).success).toBe(false);
    });
});
