import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 as browserSha256 } from '../platform/browser/sha256.ts';
import { sha256 as nodeSha256 } from '../platform/node/sha256.ts';
import { hashBytes, hashText } from './hash.ts';

interface ObjectVectors {
    serialize: { id: string; microdata: string; hash: string; idMicrodata?: string; idHash?: string }[];
    binary: { id: string; kind: 'blob' | 'clob'; hex?: string; base64?: string; text?: string; hash: string }[];
}

const vectors = JSON.parse(
    readFileSync(new URL('../../test-vectors/objects.json', import.meta.url), 'utf8'),
) as ObjectVectors;

function bytesOf(hex: string | undefined, base64: string | undefined): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(hex === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(hex, 'hex'));
}

describe('hashes of objects.json', () => {
    test.each(vectors.serialize)('$id', async ({ microdata, hash, idMicrodata, idHash }) => {
        expect(await hashText(microdata)).toBe(hash);
        if (idMicrodata !== undefined) expect(await hashText(idMicrodata)).toBe(idHash);
    });

    test.each(vectors.binary)('$id', async ({ hex, base64, text, hash }) => {
        if (text !== undefined) expect(await hashText(text)).toBe(hash);
        else expect(await hashBytes(bytesOf(hex, base64))).toBe(hash);
    });
});

test('Node and browser compute the same', async () => {
    await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async bytes => {
            const copy = new Uint8Array(bytes);
            expect(await browserSha256(copy)).toBe(await nodeSha256(copy));
        }),
    );
});
