import { keyOf, type AccessibleRoot } from '../access/accessible-roots.ts';

/** What is imported together: one root, or versions of one ID. */
export interface ImportTask {
    readonly key: string;
    readonly roots: readonly AccessibleRoot[];
}

/** A node that is granted alone is another root than the same node as a version. */
export function rootKeyOf(root: AccessibleRoot): string {
    return `${root.type} ${keyOf(root)}`;
}

export function taskKeyOf(root: AccessibleRoot): string {
    return root.type === 'version_node' ? `versions ${root.dataIdHash}` : rootKeyOf(root);
}

export function isGroup({ roots: [root] }: ImportTask): boolean {
    return root?.type === 'version_node';
}
