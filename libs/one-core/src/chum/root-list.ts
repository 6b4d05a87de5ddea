// What a peer answers to service 2 (spec 40 §4), looked at before anything of it is used.
import type { AccessibleRoot } from '../access/accessible-roots.ts';
import { isHash } from '../hashes.ts';
import { MAX_LIST_ERRORS, MAX_ROOTS } from '../limits.ts';
import { ChumError } from './chum-errors.ts';
import { parseListText } from './list-text.ts';

/** Properties that name things, and the one that names the type. */
const forms: Readonly<Record<AccessibleRoot['type'], { hashes: readonly string[]; type: string }>> = {
    unversioned: { hashes: ['hash'], type: 'oneType' },
    versioned: { hashes: ['hash', 'idHash'], type: 'oneType' },
    id: { hashes: ['idHash'], type: 'oneType' },
    version_node: { hashes: ['node', 'dataIdHash'], type: 'dataType' },
};

/**
 * The entries that can be used, and errors for the first others: of unknown kinds, or without what they need.
 * @throws ChumError `DAH-PAO1`, `DAH-PAO2` for what is no list at all, `CHUM_TOO_LARGE`
 */
export function parseRootList(answer: unknown): { roots: AccessibleRoot[]; errors: ChumError[] } {
    if (typeof answer !== 'string') throw new ChumError('DAH-PAO1', 'The root list is no text');
    const list = parseListText(answer, { what: 'The root list', maxEntries: MAX_ROOTS, members: 4 });
    if (list === undefined) throw new ChumError('DAH-PAO2', 'The root list is no JSON array');
    const roots: AccessibleRoot[] = [];
    const errors: ChumError[] = [];
    for (const entry of list)
        if (isRoot(entry)) roots.push(withoutOthers(entry));
        else if (errors.length < MAX_LIST_ERRORS)
            errors.push(new ChumError('DAH-PAO3', 'An entry of the root list is of no known kind, or incomplete'));
    return { roots, errors };
}

function isRoot(entry: unknown): entry is AccessibleRoot {
    if (typeof entry !== 'object' || entry === null) return false;
    const properties = entry as Readonly<Record<string, unknown>>;
    const kind = properties['type'];
    if (typeof kind !== 'string' || !Object.hasOwn(forms, kind)) return false;
    const form = forms[kind as AccessibleRoot['type']];
    if (!form.hashes.every(name => isHash(properties[name]))) return false;
    // The type of what is no version may be absent (spec 40 §6.3, row 5).
    const type = properties[form.type];
    return typeof type === 'string' || (type === undefined && kind !== 'version_node');
}

/** What fails is remembered, and a peer may send any other properties. */
function withoutOthers(root: AccessibleRoot): AccessibleRoot {
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
