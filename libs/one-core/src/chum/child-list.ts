// Lists of children (spec 40 §5.4): everything that can be reached, each behind nothing that it needs.
import { isHash } from '../hashes.ts';
import { MAX_CHILDREN } from '../limits.ts';
import { ChumError } from './chum-errors.ts';
import { parseListText } from './list-text.ts';
import type { ChildObject } from './services.ts';

const types: ReadonlySet<unknown> = new Set(['object', 'id', 'blob', 'clob']);

/** Of what a peer answers to services 4 and 5. @throws ChumError `DC-PC1` to `DC-PC4`, `CHUM_TOO_LARGE` */
export function parseChildList(answer: unknown): readonly ChildObject[] {
    if (typeof answer !== 'string') throw new ChumError('DC-PC1', 'The list of children is no text');
    const list = parseListText(answer, { what: 'The list of children', maxEntries: MAX_CHILDREN, members: 2 });
    if (list === undefined) throw new ChumError('DC-PC2', 'The list of children is no JSON array');
    return list.map(entry => {
        const { type, hash } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
        if (!types.has(type)) throw new ChumError('DC-PC3', 'A child is of no known kind');
        if (!isHash(hash)) throw new ChumError('DC-PC4', 'A child is named by something that is no hash');
        return { type: type as ChildObject['type'], hash };
    });
}
