// What must not be granted to anybody else (spec 60 §9.2): it merges somebody's address book into another one, or ends
// every synchronization with a deployed peer. And what only own devices may know (DESIGN §1.1): which ones there are,
// and where they reach each other. Checked before a grant is stored.
import type { AccessRequest, Link, ObjectReader } from '@refinio/one.core';
import { contentTypeOfText } from '@refinio/one.core';
import { MAX_CHECKED_PARTS } from '../limits.ts';
import { ProfileRecipe } from '../recipes/people-recipes.ts';
import { LeuteError } from './leute-error.ts';
import { LOCAL_PROFILE, ME_ID } from './well-known.ts';

export interface ShareableOptions {
    /** Whether a BLOB or CLOB is here. */
    readonly hasBlob: (hash: string) => Promise<boolean>;
    /** Whether everybody in a request is an own device, or becomes one. */
    readonly isForOwnDevices: (request: AccessRequest) => Promise<boolean>;
}

interface Parts extends ShareableOptions {
    readonly objects: ObjectReader;
    readonly request: AccessRequest;
    /** What is granted. */
    readonly target: string;
}

/** Never of use to somebody else, and refused by importers. */
const PRIVATE_TYPES = new Set(['Leute', 'Someone', 'Group', 'GroupProfile', 'Access', 'IdAccess', 'Chum']);
/** Deployed instances do not know these. */
const DEVICE_TYPES = new Set(['OwnDevice', 'DeviceRevocation']);

/**
 * That a target of a grant is here, with all its parts, and may be shared. Of an ID that is the current version, and
 * what follows: older versions were checked in their time.
 * @throws LeuteError `NOT_SHAREABLE`
 */
export async function ensureShareable(
    objects: ObjectReader,
    request: AccessRequest,
    options: ShareableOptions,
): Promise<void> {
    const { object, id } = request;
    const target = object ?? id;
    if (target === undefined) return;
    if (target === ME_ID) throw refused(target, 'whoever receives it would take over your identities as their own');
    const parts: Parts = { ...options, objects, request, target };
    await ensureParts(parts, { type: object === undefined ? 'id' : 'object', hash: target });
    const head = object === undefined ? await objects.headNode(target) : undefined;
    if (head !== undefined) await ensureParts(parts, { type: 'object', hash: head.node.data });
}

async function ensureParts(parts: Parts, root: Link): Promise<void> {
    const { hasBlob, target } = parts;
    const seen = new Set<string>();
    const open = [root];
    for (let link = open.pop(); link !== undefined && seen.size < MAX_CHECKED_PARTS; link = open.pop()) {
        const name = `${link.type} ${link.hash}`;
        if (seen.has(name)) continue;
        seen.add(name);
        if (link.type === 'object' || link.type === 'id') open.push(...(await linksOf(parts, link)));
        else if (!(await hasBlob(link.hash)))
            throw refused(target, `a file that belongs to it, ${link.hash.slice(0, 8)}…, is not here`);
    }
}

async function linksOf(parts: Parts, { type, hash }: Link): Promise<readonly Link[]> {
    const { objects, request, target } = parts;
    const what = hash === target ? 'it' : `a part of it, ${hash.slice(0, 8)}…,`;
    if (!(await objects.has(hash, type === 'id' ? 'id' : 'object'))) throw refused(target, `${what} is not here`);
    const text = await objects.text(hash);
    const name = contentTypeOfText(text).replace(/ \[ID\]$/, '');
    if (PRIVATE_TYPES.has(name)) throw refused(target, `${what} is a ${name}, which never leaves its instance`);
    const isForDevices = DEVICE_TYPES.has(name) || (name === 'Profile' && isLocalProfile(objects, type, text));
    if (isForDevices && !(await parts.isForOwnDevices(request)))
        throw refused(target, `${what} is for your own devices only`);
    return objects.linksAt(hash, text);
}

/** By which a person says where own devices reach it; also one that somebody else has sent, who should not have. */
function isLocalProfile({ microdata }: ObjectReader, type: Link['type'], text: string): boolean {
    const profile = type === 'id' ? microdata.parseIdAs(ProfileRecipe, text) : microdata.parseAs(ProfileRecipe, text);
    return profile.profileId === LOCAL_PROFILE && profile.owner === profile.personId;
}

function refused(target: string, reason: string): LeuteError {
    return new LeuteError('NOT_SHAREABLE', `Nobody can be granted ${target.slice(0, 8)}…: ${reason}`);
}
