// What a peer answers to service 2 (spec 40 §4), looked at before anything of it is used.
import type { AccessibleRoot } from '../access/accessible-roots.ts';
import { isHash } from '../hashes.ts';
import { MAX_LIST_ERRORS, MAX_ROOTS } from '../limits.ts';
import { parseJson } from './child-list.ts';
import { ChumError } from './chum-errors.ts';

/** Properties that name things, and the one that names the type. */
const forms: Readonly<Record<AccessibleRoot['type'], { hashes: readonly string[]; type: string }>> = {
    unversioned: { hashes: ['hash'], type: 'oneType' },
    versioned: { hashes: ['hash', 'idHash'], type: 'oneType' },
    id: { hashes: ['idHash'], type: 'oneType' },
    version_node: { hashes: ['node', 'dataIdHash'], type: 'dataType' },
};

/**
 * The entries that can be used, and errors for the first others: of unknown kinds, or without what they need.
 * @throws ChumError `DAH-PAO1`, `DAH-PAO2` for what is no list at all
 */
export function parseRootList(answer: unknown): { roots: AccessibleRoot[]; errors: ChumError[] } {
    if (typeof answer !== 'string') throw new ChumError('DAH-PAO1', 'The root list is no text');
    const list = parseJson(answer);
    if (!Array.isArray(list)) throw new ChumError('DAH-PAO2', 'The root list is no JSON array');
    if (list.length > MAX_ROOTS)
        throw new ChumError('CHUM_TOO_LARGE', `The root list has more than ${MAX_ROOTS} entries`);
    const roots: AccessibleRoot[] = [];
    const errors: ChumError[] = [];
    for (const entry of list as unknown[])
        if (isRoot(entry)) roots.push(entry);
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
