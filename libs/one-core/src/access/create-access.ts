// Granting (spec 22 §4).
import { OneError } from '../errors.ts';
import { isHash } from '../hashes.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction, VersionedResult } from '../objects/object-transaction.ts';
import type { Access, IdAccess } from '../recipes/core-recipes.ts';

/** Who may read an object, or an ID with all its versions; exactly one of `object` and `id`. */
export interface AccessRequest {
    /** Hash of an object. */
    readonly object?: string;
    /** ID hash. */
    readonly id?: string;
    /** ID hashes of persons. */
    readonly person?: readonly string[];
    /** ID hashes of groups. */
    readonly group?: readonly string[];
    /** `replace`: nobody else; `add`: whoever may already, too. */
    readonly mode: 'add' | 'replace';
}

/** Refuses a request by throwing; see `ObjectStore.guardAccess`. */
export type AccessGuard = (objects: ObjectTransaction, request: AccessRequest) => Promise<void>;

/** A request is none; nothing of the call was stored. */
export class AccessRequestError extends OneError {
    readonly code = 'ACC-CP1';

    constructor(index: number, reason: string) {
        super(`Request ${index} for access ${reason} (ACC-CP1). Nothing was stored.`);
    }
}

/**
 * Grants or revokes, all requests in one commit, one after the other: several for one target are all counted.
 * @returns the versions of the Access or IdAccess objects, in the order of the requests
 * @throws AccessRequestError; what a guard refuses with
 */
export async function createAccess(
    objects: ObjectStore,
    requests: readonly AccessRequest[],
): Promise<VersionedResult[]> {
    requests.forEach(check);
    return objects.transact(transaction => createAccessIn(transaction, requests));
}

/** `createAccess` as a part of a larger transaction. @throws as `createAccess`; then nothing of this call was stored */
export async function createAccessIn(
    objects: ObjectTransaction,
    requests: readonly AccessRequest[],
): Promise<VersionedResult[]> {
    requests.forEach(check);
    // What was checked and guarded is what is stored, whatever the caller does with its lists meanwhile.
    const granted = requests.map(copyOf);
    for (const request of granted) if (namesSomebody(request)) await objects.guardAccess(copyOf(request));
    const results: VersionedResult[] = [];
    for (const request of granted) {
        const id = idOf(request);
        const before = request.mode === 'add' ? await currentOf(objects, id) : undefined;
        const union = (old: readonly string[] = [], added: readonly string[] = []) => [...new Set([...old, ...added])];
        const access = {
            ...id,
            person: union(before?.person, request.person),
            group: union(before?.group, request.group),
        };
        results.push(await objects.storeVersioned(access, 'change'));
    }
    return results;
}

type AccessId = Pick<Access, '$type$' | 'object'> | Pick<IdAccess, '$type$' | 'id'>;

function idOf({ object, id }: AccessRequest): AccessId {
    return object === undefined
        ? ({ $type$: 'IdAccess', id } as unknown as AccessId)
        : ({ $type$: 'Access', object } as unknown as AccessId);
}

async function currentOf(objects: ObjectTransaction, id: AccessId): Promise<Access | IdAccess | undefined> {
    const head = await objects.headNode(await objects.microdata.idHash(id));
    return head && ((await objects.read(head.node.data)) as unknown as Access | IdAccess);
}

function copyOf({ person = [], group = [], ...request }: AccessRequest): AccessRequest {
    return { ...request, person: [...person], group: [...group] };
}

function namesSomebody({ person = [], group = [] }: AccessRequest): boolean {
    return person.length > 0 || group.length > 0;
}

function check(request: AccessRequest, index: number): void {
    const fail = (reason: string): never => {
        throw new AccessRequestError(index, reason);
    };
    const { object, id, person = [], group = [], mode } = request;
    if ((object === undefined) === (id === undefined)) fail('must name either an object or an ID');
    if (!isHash(object ?? id)) fail('names its target by something that is no hash');
    for (const list of [person, group])
        if (!Array.isArray(list) || !list.every(isHash)) fail('names persons and groups by something that is no hash');
    if ((mode as string) !== 'add' && (mode as string) !== 'replace') fail('has no mode "add" or "replace"');
}
