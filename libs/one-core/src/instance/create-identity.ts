import { uint8ArrayToHex } from '../crypto/hex.ts';
import { ensureSecret } from '../crypto/secret.ts';
import { OneError } from '../errors.ts';
import type { SHA256Hash, SHA256IdHash } from '../hashes.ts';
import { KeyChainError } from '../keychain/key-chain-errors.ts';
import {
    ensureBothOrNone,
    type AddKeys,
    type GivenKeyPairs,
    type KeyChain,
    type KeyOwner,
} from '../keychain/key-chain.ts';
import { NewObjects } from '../objects/new-objects.ts';
import { readHead } from '../objects/stored-text.ts';
import { KeysRecipe, type Instance, type Person } from '../recipes/core-recipes.ts';
import type { RecipeDefinition } from '../recipes/grammar.ts';
import { validateRecipe } from '../recipes/validate-recipe.ts';
import type { Transaction } from '../storage/store.ts';
import { ensureInstanceName, instanceIdHash, personIdHash } from './instance-ids.ts';

/** Names of types → names of properties (`*`: all) for which reverse maps are kept. The order decides the hash. */
export type ReverseMapTypes = ReadonlyMap<string, ReadonlySet<string>>;

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

/** Always kept, so that they must not be listed (spec 22 §2.2). */
const ALWAYS = new Set(['Access', 'Group', 'IdAccess', 'Keys']);
const ALWAYS_FOR_ID_OBJECTS = new Set(['Access', 'IdAccess', 'Instance']);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A reverse map that is always kept was listed. */
export class ReverseMapEnabledError extends OneError {
    readonly code = 'SRH-AEMAP1';

    constructor(type: string) {
        super(`Reverse maps of the type "${type}" are always kept and must not be listed (SRH-AEMAP1).`);
    }
}

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
 * @param now milliseconds since 1970, for the version nodes
 * @throws InvalidInstanceNameError, InvalidRecipeError, ReverseMapEnabledError, CryptoError `SECRET_INVALID`
 * @throws IdentityExistsError; KeyChainError `KEYCH-CDK1`, `KEYCH-HASDEFKEYS` for given keys beside other ones that exist
 * @throws as `KeyChain.unlockOrCreate`
 */
export async function createIdentity(
    keyChain: KeyChain,
    identity: NewIdentity,
    now: number,
): Promise<{ person: SHA256IdHash<Person>; instance: SHA256IdHash<Instance> }> {
    check(identity);
    const recipes = (identity.initialRecipes ?? []).map(validateRecipe);
    return keyChain.unlockOrCreateWith(identity.secret, async (transaction, addKeys) => {
        const { email, ownerName, name } = identity;
        await ensureNoIdentity(transaction, identity);
        const objects = new NewObjects(transaction, keyChain.microdata);
        const owner = await objects.versioned({ $type$: 'Person', email, name: ownerName } satisfies Person, now);
        await provideKeys(keyChain, transaction, addKeys, owner.idHash, identity.personKeys);
        const recipeHashes = new Set<SHA256Hash<RecipeDefinition>>();
        for (const recipe of recipes) recipeHashes.add((await objects.versioned(recipe, now)).hash);
        const instance = await objects.versioned(
            {
                $type$: 'Instance',
                name,
                owner: owner.idHash,
                recipe: recipeHashes,
                enabledReverseMapTypes: identity.initiallyEnabledReverseMapTypes ?? new Map(),
                enabledReverseMapTypesForIdObjects: identity.initiallyEnabledReverseMapTypesForIdObjects ?? new Map(),
            } satisfies Instance,
            now,
        );
        await objects.link(owner.idHash, 'IdObject', 'Instance', instance.idHash);
        await provideKeys(keyChain, transaction, addKeys, instance.idHash, identity.instanceKeys);
        return { person: owner.idHash, instance: instance.idHash };
    });
}

/** Everything that can be refused without touching the store. */
function check(identity: NewIdentity): void {
    ensureInstanceName(identity.name, identity.email);
    ensureSecret(identity.secret);
    ensureBothOrNone(identity.personKeys);
    ensureBothOrNone(identity.instanceKeys);
    for (const [types, always] of [
        [identity.initiallyEnabledReverseMapTypes, ALWAYS],
        [identity.initiallyEnabledReverseMapTypesForIdObjects, ALWAYS_FOR_ID_OBJECTS],
    ] as const)
        for (const type of types?.keys() ?? []) if (always.has(type)) throw new ReverseMapEnabledError(type);
}

/** The first version that an installation stores is that of the owner: a store with other ones is not ours to complete. */
async function ensureNoIdentity(transaction: Transaction, { name, email }: NewIdentity): Promise<void> {
    const instance = await instanceIdHash(name, email);
    if ((await readHead(transaction, instance)) !== undefined) throw new IdentityExistsError('this');
    const heads = await transaction.keys('vheads');
    if (heads.length > 0 && !heads.includes(await personIdHash(email))) throw new IdentityExistsError('another');
    for (const id of heads) {
        const text = new TextDecoder().decode(await transaction.get('objects', id));
        if (text.includes('itemtype="//refin.io/Instance"')) throw new IdentityExistsError('another');
    }
}

async function provideKeys(
    keyChain: KeyChain,
    transaction: Transaction,
    addKeys: AddKeys,
    owner: KeyOwner,
    given: GivenKeyPairs | undefined,
): Promise<void> {
    const existing = await keyChain.findDefaultKeys(owner, transaction);
    if (existing === undefined) await addKeys(owner, given);
    else if (given?.encryption !== undefined && given.sign !== undefined) {
        const { publicKey, publicSignKey } = keyChain.microdata.parseAs(
            KeysRecipe,
            utf8.decode(await transaction.get('objects', existing)),
        );
        if (
            publicKey !== uint8ArrayToHex(given.encryption.publicKey) ||
            publicSignKey !== uint8ArrayToHex(given.sign.publicKey)
        )
            throw new KeyChainError('KEYCH-HASDEFKEYS', 'This store has other keys already than those that were given');
    }
}
