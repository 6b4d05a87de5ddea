import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';

const MEGABYTE = 1024 * 1024;
/** A gigabyte in the long form. */
const MEGABYTES = process.env['TEST_FULL'] === undefined ? 192 : 1024;

/** Stores a BLOB that does not fit into the memory that it may use, and reads it back as a stream and in parts. */
const program = `
    import { createHash } from 'node:crypto';
    import { OneInstance } from '@refinio/one.core';
    import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
    const [folder, megabytes, encrypted] = process.argv.slice(1);
    const one = await OneInstance.open({
        name: 'node', email: 'alice@example.org', secret: 's', encryptStorage: encrypted === 'encrypted',
        storage: EmbeddedBackend.open(folder, { create: true }),
    });
    const before = process.memoryUsage().rss;
    const size = Number(megabytes) * ${MEGABYTE};
    let most = 0;
    const measure = () => { most = Math.max(most, process.memoryUsage().rss); };
    const expected = createHash('sha256');
    async function* source() {
        for (let at = 0; at < size; at += 65536) {
            const piece = new Uint8Array(65536);
            for (let i = 0; i < piece.length; i += 256) piece[i] = (at >> 16) ^ (i >> 8);
            expected.update(piece);
            measure();
            yield piece;
        }
    }
    const { hash } = await one.blobs.store(source());
    const read = createHash('sha256');
    let length = 0;
    {
        await using blob = await one.blobs.open(hash);
        for await (const piece of blob.stream()) {
            read.update(piece);
            length += piece.length;
            measure();
        }
        const part = await blob.read(size - 65536 - 1, 3);
        process.stdout.write(JSON.stringify({ hash, length, part: [...part] }) + '\\n');
    }
    const digests = [expected.digest('hex'), read.digest('hex')];
    process.stdout.write(JSON.stringify({ digests, grownBy: Math.round((most - before) / ${MEGABYTE}) }));
    await one[Symbol.asyncDispose]();
`;

test.each(['plain', 'encrypted'])(
    `a BLOB of ${MEGABYTES} MB in a store that is %s needs memory for some pieces only`,
    async kind => {
        await using parent = await temporaryFolder('large-blob');
        const { stdout } = await promisify(execFile)(
            process.execPath,
            [
                ...['--conditions=@one/source', '--input-type=module', '--eval', program],
                ...[join(parent.path, 'store'), String(MEGABYTES), kind],
            ],
            { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
        );
        const [stored, measured] = stdout.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
        const last = MEGABYTES * 16 - 2;
        expect(stored).toMatchObject({ length: MEGABYTES * MEGABYTE, part: [0, (last + 1) & 0xff, 0] });
        expect(measured).toMatchObject({ digests: [stored?.['hash'], stored?.['hash']] });
        // What is not collected yet, and the buffers of the disk's cache; a whole BLOB does not fit.
        expect(measured?.['grownBy']).toBeLessThan(128);
    },
    300_000,
);
