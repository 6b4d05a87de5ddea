import { uint8ArrayToHex } from '../crypto/hex.ts';
import { ensureSecret } from '../crypto/secret.ts';
import { OneError } from '../errors.ts';
import type { SHA256Hash, SHA256IdHash, Typed } from '../hashes.ts';
import { KeyChainError } from '../keychain/key-chain-errors.ts';
import {
    ensureBothOrNone,
    type AddKeys,
    type GivenKeyPairs,
    type KeyChain,
    type KeyOwner,
} from '../keychain/key-chain.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { ensureReverseMapTypes, type ReverseMapTypes } from '../objects/reverse-map.ts';
import { KeysRecipe, type Instance, type Person } from '../recipes/core-recipes.ts';
import type { RecipeDefinition } from '../recipes/grammar.ts';
import { validateRecipe } from '../recipes/validate-recipe.ts';
import { ensureInstanceName, instanceIdHash, personIdHash } from './instance-ids.ts';

/** A new instance and its owner (spec 31 §5.1). */
export interface NewIdentity {
    readonly name: string;
    /** Of the owner; any text without < > &. */
    readonly email: string;
    readonly secret: string;
    /** Display name of the owner. */
    readonly ownerName?: string | undefined;
    readonly personKeys?: GivenKeyPairs | undefined;
    readonly instanceKeys?: GivenKeyPairs | undefined;
    readonly initialRecipes?: readonly RecipeDefinition[] | undefined;
    readonly initiallyEnabledReverseMapTypes?: ReverseMapTypes | undefined;
    readonly initiallyEnabledReverseMapTypesForIdObjects?: ReverseMapTypes | undefined;
}

const utf8 = new TextDecoder();

/** The store has an identity already; nothing was changed. */
export class IdentityExistsError extends OneError {
    readonly code = 'IDENTITY_EXISTS';

    constructor(whose: 'this' | 'another') {
        super(
            whose === 'this'
                ? 'This store has this instance already: open it instead (IDENTITY_EXISTS).'
                : 'This store belongs to another instance; a store holds one only (IDENTITY_EXISTS).',
        );
    }
}

/**
 * Creates owner, instance and the keys of both in an empty store (spec 31 §5.4): Person, Instance, their ID objects, first
 * versions, keys, reverse maps and the key chain, in one transaction. After it the key chain is unlocked. A creation that
 * an original installation has begun is completed with what is there.
 * @throws InvalidInstanceNameError, InvalidRecipeError, ReverseMapEnabledError, CryptoError `SECRET_INVALID`
 * @throws IdentityExistsError; KeyChainError `KEYCH-CDK1`, `KEYCH-HASDEFKEYS` for given keys beside other ones that exist
 * @throws as `KeyChain.unlockOrCreate`
 */
export async function createIdentity(
    keyChain: KeyChain,
    identity: NewIdentity,
): Promise<{ person: SHA256IdHash<Person>; instance: SHA256IdHash<Instance> }> {
    check(identity);
    const recipes = (identity.initialRecipes ?? []).map(validateRecipe);
    return keyChain.unlockOrCreateWith(identity.secret, async (objects, addKeys) => {
        const { email, ownerName, name } = identity;
        await ensureNoIdentity(objects, identity);
        const owner = await firstVersion(objects, { $type$: 'Person', email, name: ownerName } satisfies Person);
        await provideKeys(keyChain, objects, addKeys, owner.idHash, identity.personKeys);
        const recipeHashes = new Set<SHA256Hash<RecipeDefinition>>();
        for (const recipe of recipes) recipeHashes.add((await firstVersion(objects, recipe)).hash);
        const instance = await firstVersion(objects, {
            $type$: 'Instance',
            name,
            owner: owner.idHash,
            recipe: recipeHashes,
            enabledReverseMapTypes: identity.initiallyEnabledReverseMapTypes ?? new Map(),
            enabledReverseMapTypesForIdObjects: identity.initiallyEnabledReverseMapTypesForIdObjects ?? new Map(),
        } satisfies Instance);
        await provideKeys(keyChain, objects, addKeys, instance.idHash, identity.instanceKeys);
        return { person: owner.idHash, instance: instance.idHash };
    });
}

/** Stores an object; its version graph begins with it, unless there is one already. */
async function firstVersion<T extends Typed>(objects: ObjectTransaction, object: T) {
    const idHash = await objects.microdata.idHash(object);
    const begun = (await objects.head(idHash)) !== undefined;
    const { hash } = await objects.storeVersioned(object, begun ? 'no-version-map' : 'change');
    return { hash: hash as SHA256Hash<T>, idHash };
}

/** Everything that can be refused without touching the store. */
function check(identity: NewIdentity): void {
    ensureInstanceName(identity.name, identity.email);
    ensureSecret(identity.secret);
    ensureBothOrNone(identity.personKeys);
    ensureBothOrNone(identity.instanceKeys);
    ensureReverseMapTypes(
        identity.initiallyEnabledReverseMapTypes,
        identity.initiallyEnabledReverseMapTypesForIdObjects,
    );
}

/** The first version that an installation stores is that of the owner: a store with other ones is not ours to complete. */
async function ensureNoIdentity(objects: ObjectTransaction, { name, email }: NewIdentity): Promise<void> {
    const instance = await instanceIdHash(name, email);
    if ((await objects.head(instance)) !== undefined) throw new IdentityExistsError('this');
    const heads: string[] = [];
    for await (const id of objects.transaction.keys('vheads')) heads.push(id);
    if (heads.length > 0 && !heads.includes(await personIdHash(email))) throw new IdentityExistsError('another');
    for (const id of heads)
        // As it is: a crash of an original installation may have left it torn, which is repaired here.
        if (utf8.decode(await objects.transaction.get('objects', id)).includes('itemtype="//refin.io/Instance"'))
            throw new IdentityExistsError('another');
}

async function provideKeys(
    keyChain: KeyChain,
    objects: ObjectTransaction,
    addKeys: AddKeys,
    owner: KeyOwner,
    given: GivenKeyPairs | undefined,
): Promise<void> {
    const existing = await keyChain.findDefaultKeys(owner, objects.transaction);
    if (existing === undefined) await addKeys(owner, given);
    else if (given?.encryption !== undefined && given.sign !== undefined) {
        const { publicKey, publicSignKey } = keyChain.microdata.parseAs(KeysRecipe, await objects.text(existing));
        if (
            publicKey !== uint8ArrayToHex(given.encryption.publicKey) ||
            publicSignKey !== uint8ArrayToHex(given.sign.publicKey)
        )
            throw new KeyChainError('KEYCH-HASDEFKEYS', 'This store has other keys already than those that were given');
    }
}
