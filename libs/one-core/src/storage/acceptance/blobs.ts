// BLOBs: streamed, read in ranges, named once.
import { MAX_INLINE_BLOB } from '../../limits.ts';
import { BLOB_PIECE } from '../blob-files.ts';
import { PIECE_SIZE } from '../pieced-blob-files.ts';
import type { Cases } from './case.ts';
import { equal, present, rejects, sameBytes } from './checks.ts';
import { keysOf, namesOf } from './contents.ts';
import { blobOf, bytes, hashOf } from './writes.ts';

export const blobs: Cases = {
    'streams BLOBs and reads ranges of them': async (place, { blobsAreValues }) => {
        await using backend = await place.open();
        const sizes = [0, 1, BLOB_PIECE - 1, BLOB_PIECE, PIECE_SIZE, 2 * PIECE_SIZE + 17];
        for (const [i, size] of sizes.entries()) {
            const content = blobOf(size);
            const writer = await backend.blobs.create();
            for (let at = 0; at < size; at += BLOB_PIECE) await writer.write(content.subarray(at, at + BLOB_PIECE));
            equal(await writer.finish(hashOf(String(i))), 'new');
            await using reader = present(await backend.blobs.open(hashOf(String(i))));
            equal(reader.size, size);
            for (const [offset, length] of [
                [0, size],
                [0, 1],
                [size - 1, 10],
                [size, 5],
                [PIECE_SIZE - 3, 6],
                [BLOB_PIECE, PIECE_SIZE],
            ] as const)
                if (offset >= 0)
                    equal(
                        sameBytes(await reader.read(offset, length), content.subarray(offset, offset + length)),
                        true,
                    );
        }
        // A name is listed once: as that of a BLOB or, where small ones are files like all others, as that of a value.
        const isListed = (size: number) => blobsAreValues !== true || size > MAX_INLINE_BLOB;
        const namesWhere = (test: (size: number) => boolean) =>
            sizes.flatMap((size, i) => (test(size) ? [hashOf(String(i))] : []));
        equal(await namesOf(backend), namesWhere(isListed));
        equal(
            await keysOf(backend, 'objects'),
            namesWhere(size => !isListed(size)),
        );
        equal(await backend.get('objects', hashOf('5')), undefined);
        equal(await backend.get('private', hashOf('0')), undefined);
        equal(await backend.blobs.open(hashOf('f')), undefined);
    },
    'keeps the first BLOB of a name, and nothing of one that is given up': async place => {
        await using backend = await place.open();
        const write = async (content: Uint8Array) => {
            const writer = await backend.blobs.create();
            await writer.write(content);
            return writer;
        };
        equal(await (await write(blobOf(300_000))).finish(hashOf('a')), 'new');
        const given = await write(blobOf(300_000));
        await given.abort();
        await given.abort();
        await rejects(() => given.write(bytes('more')));
        const again = await write(bytes('other'));
        equal(await again.finish(hashOf('a')), 'exists');
        await again.abort();
        await using reader = present(await backend.blobs.open(hashOf('a')));
        equal(sameBytes(await reader.read(0, 300_000), blobOf(300_000)), true);
        await backend.blobs.delete(hashOf('a'));
        await backend.blobs.delete(hashOf('a'));
        equal(await namesOf(backend), []);
        equal(await backend.blobs.open(hashOf('a')), undefined);
    },
};
