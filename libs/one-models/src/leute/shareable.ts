// What must not be granted to anybody else (spec 60 §9.2): it merges somebody's address book into another one, or ends every
// synchronization with a deployed peer. Checked before a grant is stored.
import type { AccessRequest, Link, ObjectReader } from '@refinio/one.core';
import { contentTypeOfText } from '@refinio/one.core';
import { MAX_CHECKED_PARTS } from '../limits.ts';
import { LeuteError } from './leute-error.ts';
import { ME_ID } from './well-known.ts';

/** Whether a BLOB or CLOB is here. */
export type HasBlob = (hash: string) => Promise<boolean>;

interface Parts {
    readonly objects: ObjectReader;
    readonly hasBlob: HasBlob;
    /** What is granted. */
    readonly target: string;
}

/** Never of use to somebody else, and refused by importers. */
const PRIVATE_TYPES = new Set(['Leute', 'Someone', 'Group', 'GroupProfile', 'Access', 'IdAccess', 'Chum']);

/**
 * That a target of a grant is here, with all its parts, and may be shared. Of an ID that is the current version, and what
 * follows: older versions were checked in their time.
 * @throws LeuteError `NOT_SHAREABLE`
 */
export async function ensureShareable(
    objects: ObjectReader,
    { object, id }: AccessRequest,
    hasBlob: HasBlob,
): Promise<void> {
    const target = object ?? id;
    if (target === undefined) return;
    if (target === ME_ID) throw refused(target, 'whoever receives it would take over your identities as their own');
    const parts: Parts = { objects, hasBlob, target };
    await ensureParts(parts, { type: object === undefined ? 'id' : 'object', hash: target });
    const head = object === undefined ? await objects.headNode(target) : undefined;
    if (head !== undefined) await ensureParts(parts, { type: 'object', hash: head.node.data });
}

async function ensureParts({ objects, hasBlob, target }: Parts, root: Link): Promise<void> {
    const seen = new Set<string>();
    const open = [root];
    for (let link = open.pop(); link !== undefined && seen.size < MAX_CHECKED_PARTS; link = open.pop()) {
        const name = `${link.type} ${link.hash}`;
        if (seen.has(name)) continue;
        seen.add(name);
        if (link.type === 'object' || link.type === 'id') open.push(...(await linksOf(objects, target, link)));
        else if (!(await hasBlob(link.hash)))
            throw refused(target, `a file that belongs to it, ${link.hash.slice(0, 8)}…, is not here`);
    }
}

async function linksOf(objects: ObjectReader, target: string, { type, hash }: Link): Promise<readonly Link[]> {
    const what = hash === target ? 'it' : `a part of it, ${hash.slice(0, 8)}…,`;
    if (!(await objects.has(hash, type === 'id' ? 'id' : 'object'))) throw refused(target, `${what} is not here`);
    const text = await objects.text(hash);
    const name = contentTypeOfText(text).replace(/ \[ID\]$/, '');
    if (PRIVATE_TYPES.has(name)) throw refused(target, `${what} is a ${name}, which never leaves its instance`);
    return objects.linksAt(hash, text);
}

function refused(target: string, reason: string): LeuteError {
    return new LeuteError('NOT_SHAREABLE', `Nobody can be granted ${target.slice(0, 8)}…: ${reason}`);
}
