import { ensureSecret } from '../crypto/secret.ts';
import { OneError } from '../errors.ts';
import type { SHA256Hash, SHA256IdHash } from '../hashes.ts';
import { KeyChainError } from '../keychain/key-chain-errors.ts';
import type { GivenKeyPairs, KeyChain } from '../keychain/key-chain.ts';
import type { Microdata } from '../microdata/microdata.ts';
import { ObjectWrites } from '../objects/object-writes.ts';
import type { Instance, Person } from '../recipes/core-recipes.ts';
import type { RecipeDefinition } from '../recipes/grammar.ts';
import { validateRecipe } from '../recipes/validate-recipe.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';
import { ensureInstanceName } from './instance-ids.ts';

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

/** A reverse map that is always kept was listed. */
export class ReverseMapEnabledError extends OneError {
    readonly code = 'SRH-AEMAP1';

    constructor(type: string) {
        super(`Reverse maps of the type "${type}" are always kept and must not be listed (SRH-AEMAP1).`);
    }
}

/**
 * Creates owner, instance and the keys of both in an empty store (spec 31 §5.4): Person, Instance, their ID objects, first
 * versions, keys, reverse maps and the key chain, in one commit. After it the key chain is unlocked. A creation that an
 * original installation has begun is completed with what is there.
 * @param now milliseconds since 1970, for the version nodes
 * @throws InvalidInstanceNameError, InvalidRecipeError, ReverseMapEnabledError, CryptoError `SECRET_INVALID`
 * @throws KeyChainError `KEYCH-CDK1`; as `KeyChain.unlockOrCreate`
 */
export async function createIdentity(
    { storage, microdata, keyChain }: { storage: StorageBackend; microdata: Microdata; keyChain: KeyChain },
    identity: NewIdentity,
    now: number,
): Promise<{ person: SHA256IdHash<Person>; instance: SHA256IdHash<Instance> }> {
    check(identity);
    const recipes = (identity.initialRecipes ?? []).map(validateRecipe);
    const writes = new ObjectWrites(storage, microdata);
    await keyChain.unlockOrCreate(identity.secret, writes);
    try {
        const { email, ownerName, name, personKeys, instanceKeys } = identity;
        const owner = await writes.versioned({ $type$: 'Person', email, name: ownerName } satisfies Person, now);
        if (!(await keyChain.hasDefaultKeys(owner.idHash))) await keyChain.addKeys(writes, owner.idHash, personKeys);
        const recipeHashes = new Set<SHA256Hash<RecipeDefinition>>();
        for (const recipe of recipes) recipeHashes.add((await writes.versioned(recipe, now)).hash);
        const instance = await writes.versioned(
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
        await writes.link(owner.idHash, 'IdObject', 'Instance', instance.idHash);
        if (!(await keyChain.hasDefaultKeys(instance.idHash)))
            await keyChain.addKeys(writes, instance.idHash, instanceKeys);
        await storage.commit(writes.writes);
        return { person: owner.idHash, instance: instance.idHash };
    } catch (error) {
        keyChain.lock();
        throw error;
    }
}

/** Everything that can be refused without touching the store. */
function check(identity: NewIdentity): void {
    ensureInstanceName(identity.name, identity.email);
    ensureSecret(identity.secret);
    for (const pairs of [identity.personKeys, identity.instanceKeys])
        if (pairs !== undefined && (pairs.encryption === undefined) !== (pairs.sign === undefined))
            throw new KeyChainError('KEYCH-CDK1', 'Of encryption and sign key pair, give both or none');
    for (const [types, always] of [
        [identity.initiallyEnabledReverseMapTypes, ALWAYS],
        [identity.initiallyEnabledReverseMapTypesForIdObjects, ALWAYS_FOR_ID_OBJECTS],
    ] as const)
        for (const type of types?.keys() ?? []) if (always.has(type)) throw new ReverseMapEnabledError(type);
}
