import { hash, hashes, object } from './arguments.ts';
import { command, type Commands } from './command.ts';

export const objectCommands: Commands = {
    'store-unversioned': command({
        args: { obj: object },
        result: '{hash, status}',
        run: async ({ one }, { obj }) => {
            const { hash, status } = await one.objects.storeUnversionedObject(obj);
            return { hash, status };
        },
    }),
    'store-versioned': command({
        args: { obj: object },
        result: '{hash, idHash, status}',
        about: 'as a local change on top of the current version',
        run: async ({ one }, { obj }) => {
            const { hash, idHash, status } = await one.objects.storeVersionedObject(obj);
            return { hash, idHash, status };
        },
    }),
    'get-object': command({
        args: { hash },
        result: '{obj}',
        run: async ({ one }, { hash }) => ({ obj: await one.objects.getObject(hash) }),
    }),
    'get-microdata': command({
        args: { hash },
        result: '{microdata}',
        about: 'the stored text, byte for byte; also of ID objects and CLOBs',
        run: async ({ one }, { hash }) => ({ microdata: await one.objects.text(hash) }),
    }),
    'get-by-id': command({
        args: { idHash: hash },
        result: '{obj, hash, idHash}',
        about: 'the current version',
        run: async ({ one }, { idHash }) => {
            const { obj, hash } = await one.objects.getObjectByIdHash(idHash);
            return { obj, hash, idHash };
        },
    }),
    versions: command({
        args: { idHash: hash },
        result: '{hashes}',
        about: 'all versions, roughly oldest first; last the current one, also if it was merged here',
        run: async ({ one }, { idHash }) => {
            const nodes = (await one.objects.getVersionsNodes(idHash)) ?? [];
            const head = await one.objects.headNode(idHash);
            const versions = new Set(nodes.map(({ node }) => String(node['data'])));
            if (head !== undefined) {
                versions.delete(head.node.data);
                versions.add(head.node.data);
            }
            return { hashes: [...versions] };
        },
    }),
    has: command({
        args: { hashes },
        result: '{present: [true or false]}',
        about: 'objects, ID objects, BLOBs and CLOBs',
        run: async ({ one }, { hashes }) => {
            const present: boolean[] = [];
            for (const hash of hashes) present.push((await one.objects.has(hash)) || (await one.blobs.has(hash)));
            return { present };
        },
    }),
    'calc-hash': command({
        args: { obj: object },
        result: '{hash}',
        about: 'without storing',
        run: async ({ one }, { obj }) => ({ hash: await one.microdata.hash(obj) }),
    }),
    'calc-id-hash': command({
        args: { obj: object },
        result: '{idHash}',
        about: 'without storing',
        run: async ({ one }, { obj }) => ({ idHash: await one.microdata.idHash(obj) }),
    }),
};
