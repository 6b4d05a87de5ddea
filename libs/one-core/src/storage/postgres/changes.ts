import type { Append, Write } from '../storage-backend.ts';
import { encodeKey } from './keys.ts';
import { bigint, bigintArray, byteaArray } from './parameters.ts';
import type { Statements } from './sql.ts';
import type { Change } from './writer.ts';

/** What adds to a store. */
type Addition = Append | Extract<Write, { readonly type: 'put' }>;

/** Bytes of values after which another statement begins: the server holds one in memory as a whole, and some limit it. */
const STATEMENT_BYTES = 8 * 1024 * 1024;

/** Bytes that an entry is counted with besides its value. */
const ENTRY_BYTES = 128;

/** The statements of a commit. Lists are trimmed before something is appended to them. */
export function changesOf(writes: readonly Write[], statements: Statements): Change[] {
    const deletes = writes.filter(write => write.type === 'delete');
    const changes: Change[] = deletes.length > 0 ? [[statements.delete, keysOf(deletes)]] : [];
    for (const write of writes)
        if (write.type === 'trim')
            changes.push([statements.trim, encodeKey(write.space, write.key), bigint(write.before)]);
    for (const group of groupsOf(writes)) {
        const puts = group.filter(write => write.type === 'put');
        const appends = group.filter(write => write.type === 'append');
        changes.push([
            statements.put,
            keysOf(puts),
            byteaArray(puts.map(({ value }) => value)),
            keysOf(appends),
            bigintArray(appends.map(({ number }) => number)),
            byteaArray(appends.map(({ value }) => value)),
        ]);
    }
    return changes;
}

function keysOf(writes: readonly Write[]): Buffer {
    return byteaArray(writes.map(({ space, key }) => encodeKey(space, key)));
}

function groupsOf(writes: readonly Write[]): Addition[][] {
    const groups: Addition[][] = [];
    let size = Infinity;
    for (const write of writes) {
        if (write.type === 'delete' || write.type === 'trim') continue;
        size += write.value.length + ENTRY_BYTES;
        if (size > STATEMENT_BYTES) {
            groups.push([]);
            size = write.value.length + ENTRY_BYTES;
        }
        groups.at(-1)?.push(write);
    }
    return groups;
}
