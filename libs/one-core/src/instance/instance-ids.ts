// Who an instance is, before any of its objects can be read (spec 31 §1.2, §1.3).
import { hashText } from '../crypto/hash.ts';
import { OneError } from '../errors.ts';
import type { SHA256Hash, SHA256IdHash } from '../hashes.ts';
import { ID_OBJECT_FRAME } from '../microdata/content-type.ts';
import { escape } from '../microdata/escape.ts';
import type { Instance, Person } from '../recipes/core-recipes.ts';

const FORBIDDEN = /[<>&]/;

/** A name of an instance or an e-mail of its owner that would have two different hashes. */
export class InvalidInstanceNameError extends OneError {
    readonly code = 'INSTANCE_NAME_INVALID';

    constructor(what: string, value: unknown) {
        super(
            `The ${what} ${typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : `(${typeof value})`} ` +
                'cannot be used: it must be a text without <, > and &.',
        );
    }
}

/** @throws InvalidInstanceNameError for names and e-mails that spec 31 §1.3 refuses on creation */
export function ensureInstanceName(name: unknown, email: unknown): void {
    for (const [what, value] of [
        ['instance name', name],
        ['e-mail', email],
    ] as const)
        if (typeof value !== 'string' || FORBIDDEN.test(value) || !value.isWellFormed())
            throw new InvalidInstanceNameError(what, value);
}

/** ID hash of `Person {email}`. */
export async function personIdHash(email: string): Promise<SHA256IdHash<Person>> {
    return idHash<Person>(personText(escape(email)));
}

/** ID hash of `Instance {name, owner}`, the owner being the person with this e-mail. */
export async function instanceIdHash(name: string, email: string): Promise<SHA256IdHash<Instance>> {
    return idHash<Instance>(instanceText(escape(name), await personIdHash(email)));
}

/**
 * Name of the folder or database of an instance: like its ID hash, but computed without escaping, as all installations
 * do. Both are equal for every name that can be created.
 */
export async function storageLocationHash(name: string, email: string): Promise<SHA256Hash> {
    return hashText(instanceText(name, await hashText(personText(email))));
}

function personText(email: string): string {
    return `${ID_OBJECT_FRAME}Person"><span itemprop="email">${email}</span></div>`;
}

function instanceText(name: string, owner: string): string {
    return `${ID_OBJECT_FRAME}Instance"><span itemprop="name">${name}</span><a itemprop="owner" data-type="id">${owner}</a></div>`;
}

async function idHash<T>(text: string): Promise<SHA256IdHash<T>> {
    return (await hashText(text)) as string as SHA256IdHash<T>;
}
