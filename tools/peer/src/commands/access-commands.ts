import type { AccessibleRoot } from '@refinio/one.core';
import * as z from 'zod';
import { groups, hash, person, persons } from './arguments.ts';
import { badRequest, command, type Commands } from './command.ts';

export const accessCommands: Commands = {
    'grant-access': command({
        args: {
            hash: hash.optional(),
            idHash: hash.optional(),
            persons: persons.default([]),
            groups: groups.default([]),
            mode: z.enum(['add', 'replace'], '"add" or "replace"').default('add'),
        },
        result: '{accessHash, accessIdHash}',
        about: 'to an object, or to an ID with all versions: one of `hash` and `idHash`',
        run: async ({ one }, { hash, idHash, persons, groups, mode }) => {
            if ((hash === undefined) === (idHash === undefined))
                throw badRequest('grant-access needs either "hash" or "idHash".');
            const target = hash === undefined ? { id: idHash } : { object: hash };
            const [access] = await one.createAccess([
                { ...(target as { readonly object: string }), person: persons, group: groups, mode },
            ]);
            return { accessHash: access?.hash, accessIdHash: access?.idHash };
        },
    }),
    'list-accessible': command({
        args: { person },
        result: '[{type: id / unversioned / versioned / version_node, ...hashes, oneType}]',
        about: 'what the person would be offered; a version_node has `dataType` instead',
        run: async ({ one }, { person }) => (await one.accessible.roots(person)).map(withoutReasons),
    }),
};

function withoutReasons(root: AccessibleRoot): AccessibleRoot {
    switch (root.type) {
        case 'unversioned':
            return { type: root.type, hash: root.hash, oneType: root.oneType };
        case 'versioned':
            return { type: root.type, hash: root.hash, idHash: root.idHash, oneType: root.oneType };
        case 'id':
            return { type: root.type, idHash: root.idHash, oneType: root.oneType };
        case 'version_node':
            return { type: root.type, node: root.node, dataIdHash: root.dataIdHash, dataType: root.dataType };
    }
}
