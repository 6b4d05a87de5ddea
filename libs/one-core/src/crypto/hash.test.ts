import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 as browserSha256 } from '../platform/browser/sha256.ts';
import { sha256 as nodeSha256 } from '../platform/node/sha256.ts';

test('Node and browser hash the same, bytes as well as texts with lone surrogates', async () => {
    await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.string({ unit: 'binary' }), async (bytes, text) => {
            const copy = new Uint8Array(bytes);
            expect(await browserSha256(copy)).toBe(await nodeSha256(copy));
            for (const one of [text, `${text}\ud800`])
                expect(await browserSha256(one)).toBe(await nodeSha256(new TextEncoder().encode(one)));
            expect(await nodeSha256(text)).toBe(await browserSha256(text));
        }),
    );
});
