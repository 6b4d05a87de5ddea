// Objects of one recipe: what is read has the type of its recipe, and hashes know what they are of.
import type {
    ObjectOf,
    ObjectReader,
    ObjectTransaction,
    RecipeDefinition,
    SHA256Hash,
    SHA256IdHash,
    Typed,
} from '@refinio/one.core';

/** A version of something. */
export interface Version<T> {
    readonly obj: T;
    readonly hash: SHA256Hash<T>;
    readonly idHash: SHA256IdHash<T>;
}

/** @throws MicrodataError `M2O-PHM1` for an object of another type; ObjectStoreError `SB-READ2` */
export async function readAs<const R extends RecipeDefinition>(
    objects: ObjectReader,
    recipe: R,
    hash: string,
): Promise<ObjectOf<R>> {
    return objects.microdata.parseAs(recipe, await objects.text(hash));
}

/** The current version; undefined if there is none. @throws as `readAs` */
export async function currentAs<const R extends RecipeDefinition>(
    objects: ObjectReader,
    recipe: R,
    idHash: string,
): Promise<Version<ObjectOf<R>> | undefined> {
    const head = await objects.headNode(idHash);
    if (head === undefined) return undefined;
    const { data } = head.node;
    return {
        obj: await readAs(objects, recipe, data),
        hash: data as string as SHA256Hash<ObjectOf<R>>,
        idHash: idHash as SHA256IdHash<ObjectOf<R>>,
    };
}

/** Stores a local change. @throws ObjectRefusedError, MergeError */
export async function storeChange<T extends Typed>(
    objects: ObjectTransaction,
    object: T,
): Promise<Version<T> & { readonly isNew: boolean }> {
    const { obj, hash, idHash, status } = await objects.storeVersioned(object, 'change');
    return {
        obj: obj as unknown as T,
        hash: hash as SHA256Hash<T>,
        idHash: idHash as SHA256IdHash<T>,
        isNew: status === 'new',
    };
}

/** @throws ObjectRefusedError */
export async function storeObject<T extends Typed>(objects: ObjectTransaction, object: T): Promise<SHA256Hash<T>> {
    return (await objects.storeUnversioned(object)).hash as SHA256Hash<T>;
}

/** @throws ObjectRefusedError */
export async function storeIdObject<T extends Typed>(objects: ObjectTransaction, object: T): Promise<SHA256IdHash<T>> {
    return (await objects.storeId(object)).idHash as SHA256IdHash<T>;
}
