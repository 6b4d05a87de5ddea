// What each side tells about itself (spec 50 §6): the JSON form of objects, `$type$` and ID properties only.
//
//   person_id_object    {"$type$":"Person","email":"bob@example.org"}
//   keys_object         {"$type$":"Keys","owner":"<person id>","publicKey":"<64 hex>","publicSignKey":"<64 hex>"}
//   instance_id_object  {"$type$":"Instance","name":"bob-instance","owner":"<person id>"}
import {
    ensureIdHash,
    isHash,
    isHexString,
    Microdata,
    OneError,
    RecipeRegistry,
    type IdObjectOf,
    type InstanceRecipe,
    type Keys,
    type Person,
    type PersonRecipe,
    type SHA256IdHash,
    type Typed,
} from '@refinio/one.core';
import { isObject } from './set-up-messages.ts';

export type PersonId = IdObjectOf<typeof PersonRecipe>;
export type InstanceId = IdObjectOf<typeof InstanceRecipe>;

/** Core types are all that is needed. */
const microdata = new Microdata(new RecipeRegistry());

/** ID hash of what a peer has sent; undefined if it cannot be written as an object. */
export async function idOf<T extends Typed>(object: T): Promise<SHA256IdHash<T> | undefined> {
    try {
        return await microdata.idHash(object);
    } catch (error) {
        if (error instanceof OneError) return undefined;
        throw error;
    }
}

/** Further properties of a Person are ignored. */
export function parsePerson(obj: unknown): PersonId | undefined {
    if (!isObject(obj) || obj['$type$'] !== 'Person') return undefined;
    const { email } = obj;
    return typeof email === 'string' ? { $type$: 'Person', email } : undefined;
}

export function parseKeys(obj: unknown): Keys | undefined {
    if (!isObject(obj) || obj['$type$'] !== 'Keys') return undefined;
    const { owner, publicKey, publicSignKey } = obj;
    if (!isHash(owner) || !isKey(publicKey) || !isKey(publicSignKey)) return undefined;
    return { $type$: 'Keys', owner: ensureIdHash<Person>(owner), publicKey, publicSignKey };
}

export function parseInstance(obj: unknown): InstanceId | undefined {
    if (!isObject(obj) || obj['$type$'] !== 'Instance') return undefined;
    const { name, owner } = obj;
    if (typeof name !== 'string' || !isHash(owner)) return undefined;
    return { $type$: 'Instance', name, owner: ensureIdHash<Person>(owner) };
}

function isKey(value: unknown): value is string {
    return isHexString(value) && value.length === 64;
}
