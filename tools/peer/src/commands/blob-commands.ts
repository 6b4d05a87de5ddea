import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { ensureHash, type BLOB } from '@refinio/one.core';
import * as z from 'zod';
import type { BlobDescriptor } from '../blob-descriptor.ts';
import { flag, hash, integer, name, text } from './arguments.ts';
import { badRequest, command, type Commands } from './command.ts';

const BASE64 = 'bytes in base64';
const LAST_MODIFIED = 1_700_000_000_000;
const PIECE = 64 * 1024;

export const blobCommands: Commands = {
    'blob-put': command({
        args: {
            base64: z.base64(BASE64).optional(),
            file: name.optional(),
            random: integer(0).optional(),
            seed: z.union([z.string(), z.number()], 'a text or a number').default(0),
            name: text.default('blob'),
            type: text.default('application/octet-stream'),
        },
        result: '{blobHash, descriptorHash, size, ms}',
        about: 'one of `base64`, `file` (a path here) and `random` (a size); equal seeds give equal bytes',
        run: async ({ one }, { base64, file, random, seed, name, type }) => {
            const source = sourceOf({ base64, file, random }, seed);
            let size = 0;
            const counted = async function* (): AsyncIterable<Uint8Array> {
                for await (const bytes of source) {
                    size += bytes.length;
                    yield bytes;
                }
            };
            const begin = performance.now();
            const { hash } = await one.blobs.store(counted());
            const ms = performance.now() - begin;
            const descriptor: BlobDescriptor = {
                ...{ $type$: 'BlobDescriptor', data: ensureHash<BLOB>(hash) },
                ...{ lastModified: LAST_MODIFIED, name, size, type },
            };
            const { hash: descriptorHash } = await one.objects.storeUnversionedObject(descriptor);
            return { blobHash: hash, descriptorHash, size, ms };
        },
    }),
    'blob-get': command({
        args: { blobHash: hash, file: name.optional(), base64: flag.default(false) },
        result: '{size, sha256, ms}, with `base64` the bytes as well',
        about: '`file`: a path here to write to',
        run: async ({ one }, { blobHash, file, base64 }) => {
            const begin = performance.now();
            await using blob = await one.blobs.open(blobHash);
            await using target = file === undefined ? undefined : await open(file, 'w');
            const sha256 = createHash('sha256');
            const kept: Uint8Array[] = [];
            for await (const bytes of blob.stream()) {
                sha256.update(bytes);
                await target?.writeFile(bytes);
                if (base64) kept.push(bytes);
            }
            const result = { size: blob.size, sha256: sha256.digest('hex'), ms: performance.now() - begin };
            return base64 ? { ...result, base64: Buffer.concat(kept).toString('base64') } : result;
        },
    }),
};

interface Sources {
    readonly base64: string | undefined;
    readonly file: string | undefined;
    readonly random: number | undefined;
}

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

function sourceOf({ base64, file, random }: Sources, seed: string | number): Bytes {
    const sources: Bytes[] = [];
    if (base64 !== undefined) sources.push([Buffer.from(base64, 'base64')]);
    if (file !== undefined) sources.push(createReadStream(file) as AsyncIterable<Uint8Array>);
    if (random !== undefined) sources.push(randomBytesOf(random, seed));
    const [source] = sources;
    if (source === undefined || sources.length > 1)
        throw badRequest('blob-put needs exactly one of "base64", "file" and "random".');
    return source;
}

/** Nothing that could be compressed. */
function* randomBytesOf(size: number, seed: string | number): Iterable<Uint8Array> {
    const key = createHash('sha256').update(String(seed)).digest();
    const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
    for (let left = size; left > 0; left -= PIECE) yield cipher.update(new Uint8Array(Math.min(left, PIECE)));
}
