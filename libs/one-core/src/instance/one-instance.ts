import { cryptoReady } from '#platform/primitives';
import { updateAccess } from '../access/access-index.ts';
import { Accessible } from '../access/accessible.ts';
import { createAccess, type AccessRequest } from '../access/create-access.ts';
import { beginRecheck, isRechecking, isReindexing, recheckAccess, reindexAccess } from '../access/reindex-access.ts';
import { ChumSession, type ChumOptions } from '../chum/chum-session.ts';
import type { AcceptObject } from '../chum/tree-import.ts';
import type { AcceptVersion } from '../chum/version-import.ts';
import { ensureSecret } from '../crypto/secret.ts';
import type { SHA256Hash, SHA256IdHash } from '../hashes.ts';
import { KeyChain, type KeyOwner } from '../keychain/key-chain.ts';
import { Microdata } from '../microdata/microdata.ts';
import { Blobs } from '../objects/blobs.ts';
import { createEpoch, readEpoch, writeEpoch } from '../objects/journal.ts';
import { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction, VersionedResult } from '../objects/object-transaction.ts';
import { ensureReverseMapTypes, type ReverseMapTypes } from '../objects/reverse-map.ts';
import { InstanceRecipe, RecipeRecipe, type Instance, type Keys, type Person } from '../recipes/core-recipes.ts';
import type { RecipeDefinition } from '../recipes/grammar.ts';
import type { RecipeHazard } from '../recipes/recipe-hazards.ts';
import { RecipeRegistryError } from '../recipes/recipe-errors.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { Sequence } from '../sequence.ts';
import { validateRecipe } from '../recipes/validate-recipe.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';
import { StorageError } from '../storage/storage-errors.ts';
import { ensureCompleteCopy } from '../storage/copy-store.ts';
import { changeStorageSecret } from '../storage/encrypted/encrypted-backend.ts';
import { ENCRYPTION } from '../storage/encrypted/storage-key.ts';
import { Store } from '../storage/store.ts';
import { addReverseMaps, enabledBy } from './add-reverse-maps.ts';
import { createIdentity, type NewIdentity } from './create-identity.ts';
import { instanceIdHash, personIdHash, storageLocationHash } from './instance-ids.ts';
import { LocalIdentities } from './local-identities.ts';
import { checkStoreHeader, writeStoreHeader } from './store-header.ts';
import { layered } from './storage-layers.ts';
import { verifyInstance, type VerifyReport } from './verify.ts';

export interface OpenOptions extends NewIdentity {
    /** Where everything is kept; the instance closes it, also if opening fails. */
    readonly storage: StorageBackend | Promise<StorageBackend>;
    /**
     * Whether the store is encrypted at rest, under the secret; default: as it is, and new ones in browsers. An encrypted one
     * is always opened as such; one that is not, has to be copied to become it.
     */
    readonly encryptStorage?: boolean;
    /** False: an instance that is not in this store is an error. Default: it is created. */
    readonly create?: boolean;
    /** Recipes of the application. New ones become part of the Instance object (spec 31 §5.5). */
    readonly recipes?: readonly RecipeDefinition[];
    /**
     * Reverse maps of objects that the application needs: type → names of properties, `*` for all. They are kept from the
     * beginning in a new instance, and added to an older one, which is then looked through once.
     */
    readonly reverseMaps?: ReverseMapTypes;
    /** The same for ID objects. */
    readonly reverseMapsForIdObjects?: ReverseMapTypes;
    /** See `ObjectStoreOptions`; default: as deployed instances. */
    readonly offerMerged?: boolean;
    /** Milliseconds since 1970; default: the clock. */
    readonly now?: () => number;
    /** Told when a listener of an event fails. Default: it becomes an unhandled error of the process or page. */
    readonly onListenerError?: (error: unknown) => void;
    /** Told when a recipe is registered that deployed peers handle wrongly. */
    readonly onHazard?: (hazard: RecipeHazard) => void;
    /** Told when the store holds two complete sets of keys of one owner; the first one is used. */
    readonly onAmbiguousKeys?: (owner: KeyOwner, keys: readonly SHA256Hash<Keys>[]) => void;
}

/** What a session needs besides the parts of an instance; the local person is the owner, unless another identity is used. */
export type StartChumOptions = Omit<
    ChumOptions,
    'objects' | 'blobs' | 'accessible' | 'ownIds' | 'now' | 'localInstanceName' | 'localPerson'
> &
    Partial<Pick<ChumOptions, 'localPerson'>>;

/**
 * One instance, open: its objects, keys, grants and events. Any number of them may be open in one process, each with a store
 * of its own. Opening does not depend on how much is stored.
 */
export class OneInstance implements AsyncDisposable {
    readonly name: string;
    readonly email: string;
    /** ID hash of the instance. */
    readonly id: SHA256IdHash<Instance>;
    /** ID hash of the person it belongs to. */
    readonly owner: SHA256IdHash<Person>;
    readonly recipes: RecipeRegistry;
    readonly microdata: Microdata;
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly keyChain: KeyChain;
    readonly identities: LocalIdentities;
    /** What persons may read. */
    readonly accessible: Accessible;
    readonly #store: Store;
    readonly #hasBlob = (hash: string): Promise<boolean> => this.blobs.has(hash);
    readonly #registrations = new Sequence();
    readonly #importGuards = new Set<AcceptVersion>();
    readonly #objectGuards = new Set<AcceptObject>();
    #closing: Promise<void> | undefined;

    private constructor(
        { name, email, onListenerError = reportLater }: OpenOptions,
        ids: { id: SHA256IdHash<Instance>; owner: SHA256IdHash<Person> },
        store: Store,
        keyChain: KeyChain,
    ) {
        this.name = name;
        this.email = email;
        this.id = ids.id;
        this.owner = ids.owner;
        this.#store = store;
        this.keyChain = keyChain;
        this.objects = keyChain.objects;
        this.microdata = this.objects.microdata;
        this.recipes = this.microdata.recipes;
        this.blobs = new Blobs(this.objects);
        this.identities = new LocalIdentities(keyChain);
        this.accessible = new Accessible(this.objects, onListenerError);
    }

    /**
     * Opens an instance, or creates it in an empty store. If that fails, nothing stays open and it can be tried again.
     * @throws WrongSecretError; StorageError `STORAGE_NOT_FOUND`, `STORAGE_NEWER`, `STORAGE_OTHER_INSTANCE` and those of the
     * storage; as `createIdentity`
     */
    static async open(options: OpenOptions): Promise<OneInstance> {
        const storage = await options.storage;
        let store: Store | undefined;
        try {
            await cryptoReady();
            ensureSecret(options.secret);
            ensureReverseMapTypes(options.reverseMaps, options.reverseMapsForIdObjects);
            store = new Store(await layered(storage, options), { gather: storage.readsBehindCommits === true });
            const location = await storageLocationHash(options.name, options.email);
            await ensureCompleteCopy(store);
            const hasHeader = await checkStoreHeader(store, location);
            const instance = await OneInstance.#unlock(options, store);
            await instance.#start(options);
            const isComplete = hasHeader && !(await isReindexing(instance.objects));
            if (!isComplete || storage.changedOutside === true) await instance.#takeOver(location);
            return instance;
        } catch (error) {
            await (store ?? storage)[Symbol.asyncDispose]();
            throw error;
        }
    }

    /** Grants or revokes (spec 22 §4). @throws AccessRequestError */
    createAccess(requests: readonly AccessRequest[]): Promise<VersionedResult[]> {
        return createAccess(this.objects, requests);
    }

    /**
     * Makes types known, and part of this instance from now on (spec 31 §5.5). Those that it has already are left out.
     * @throws InvalidRecipeError; RecipeRegistryError `OR-ADDR1` for another recipe of a known name: then none is taken over
     */
    registerRecipes(definitions: readonly RecipeDefinition[]): Promise<void> {
        return this.#registrations.run(() => this.#registerRecipes(definitions));
    }

    async #registerRecipes(definitions: readonly RecipeDefinition[]): Promise<void> {
        const recipes = definitions.map(validateRecipe);
        const added = recipes.filter(recipe => !this.recipes.has(recipe.name));
        for (const recipe of recipes) {
            if (added.includes(recipe)) continue;
            const [known, given] = [this.recipes.get(recipe.name), recipe].map(each => this.microdata.write(each));
            if (known !== given)
                throw new RecipeRegistryError(
                    'OR-ADDR1',
                    `This instance has another recipe "${recipe.name}"; a changed recipe needs a name of its own`,
                );
        }
        if (added.length === 0) return;
        await this.objects.transact(async objects => {
            const hashes = new Set<string>();
            for (const recipe of added) hashes.add((await objects.storeVersioned(recipe, 'change')).hash);
            const { obj } = await this.#instanceObject(objects);
            const recipe = new Set([...(obj.recipe as ReadonlySet<string>), ...hashes]);
            await objects.storeVersioned({ ...obj, recipe } as unknown as Instance, 'change');
            beginRecheck(objects.transaction);
        });
        for (const recipe of added) this.recipes.register(recipe);
        await recheckAccess(this.objects, this.#hasBlob);
    }

    /**
     * Synchronizes with another instance from now on (spec 40), until both are done or the connection ends. Who is on the
     * other side must have been authenticated: everything that is granted to that person is handed out.
     */
    startChum(options: StartChumOptions): ChumSession {
        const { objects, blobs, accessible } = this;
        const guards = this.#importGuards;
        const acceptVersion: AcceptVersion = async version => {
            for (const accepts of [...guards, options.acceptVersion])
                if ((await accepts?.(version)) === false) return false;
            return true;
        };
        const objectGuards = this.#objectGuards;
        const acceptObject: AcceptObject = async object => {
            for (const accepts of [...objectGuards, options.acceptObject])
                if ((await accepts?.(object)) === false) return false;
            return true;
        };
        const ownIds = new Set([this.id]);
        return new ChumSession({
            localInstanceName: this.name,
            localPerson: this.owner,
            ...options,
            ...{ objects, blobs, accessible, acceptVersion, acceptObject, now: this.objects.now, ownIds },
        });
    }

    /**
     * Has every version that a peer sends judged before it is taken over, in sessions that run and that come.
     * @param accepts false: the version is refused, and everything else goes on
     * @returns ends it
     */
    guardImports(accepts: AcceptVersion): () => void {
        const own: AcceptVersion = version => accepts(version);
        this.#importGuards.add(own);
        return () => void this.#importGuards.delete(own);
    }

    /**
     * The same for every object that is new here, wherever it stands in what a peer sends: it is asked for each of them, and has
     * to answer fast. What is a version is asked for as an object first, and then, where it is to be merged, by `guardImports`.
     * @param accepts false: neither the object is stored nor what needs it, and everything else goes on
     * @returns ends it
     */
    guardImportedObjects(accepts: AcceptObject): () => void {
        const own: AcceptObject = object => accepts(object);
        this.#objectGuards.add(own);
        return () => void this.#objectGuards.delete(own);
    }

    /**
     * Puts keys and storage under another secret, both in one commit.
     * @throws WrongSecretError; StorageError `SC-INIT1` if the old secret is wrong
     */
    async changeSecret(oldSecret: string, newSecret: string): Promise<void> {
        await this.objects.transact(async objects => {
            await this.keyChain.changeSecretIn(objects, oldSecret, newSecret);
            const sealed = await changeStorageSecret(objects.transaction, oldSecret, newSecret);
            if (sealed !== undefined) objects.transaction.put('meta', ENCRYPTION, sealed);
        });
    }

    /** The number space of the journal and all cursors: it changes when numbers of before say nothing any more. */
    async epoch(): Promise<string> {
        return (await readEpoch(this.#store)) ?? '';
    }

    /** Computes everything that is derived from objects anew, and begins a new epoch. */
    async reindex(): Promise<void> {
        await reindexAccess(this.objects, this.#hasBlob);
        this.accessible.reset();
        await this.objects.transact(async objects => {
            writeEpoch(objects.transaction, createEpoch());
            await Promise.resolve();
        });
    }

    /** Looks at everything that is stored; changes nothing. */
    verify(): Promise<VerifyReport> {
        return verifyInstance(this);
    }

    /** Waits for what is under way, locks the keys and closes the store. */
    [Symbol.asyncDispose](): Promise<void> {
        this.#closing ??= this.#close();
        return this.#closing;
    }

    static async #unlock(options: OpenOptions, store: Store): Promise<OneInstance> {
        const { name, email, secret, create = true, onHazard, onAmbiguousKeys } = options;
        const recipes = new RecipeRegistry(onHazard && { onHazard });
        const objects = new ObjectStore({
            store,
            microdata: new Microdata(recipes),
            now: options.now ?? Date.now,
            ...(options.offerMerged !== undefined && { offerMerged: options.offerMerged }),
            onListenerError: options.onListenerError ?? reportLater,
        });
        const keyChain = new KeyChain({ objects, ...(onAmbiguousKeys && { onAmbiguousKeys }) });
        const ids = { id: await instanceIdHash(name, email), owner: await personIdHash(email) };
        if ((await objects.head(ids.id)) !== undefined) await keyChain.unlock(secret);
        else if (create) await createIdentity(keyChain, withReverseMaps(options));
        else
            throw new StorageError(
                'STORAGE_NOT_FOUND',
                'This instance is not in the store: check its name, its e-mail and where the store is',
            );
        return new OneInstance(options, ids, store, keyChain);
    }

    /** Knows what the Instance object lists (spec 31 §5.3). */
    async #start(options: OpenOptions): Promise<void> {
        const { obj } = await this.#instanceObject(this.objects);
        for (const hash of obj.recipe as ReadonlySet<string>) {
            const recipe = this.microdata.parseAs(RecipeRecipe, await this.objects.text(hash));
            if (!this.recipes.has(recipe.name)) this.recipes.register(recipe);
        }
        this.objects.enableReverseMaps(enabledBy(obj));
        this.objects.derive((objects, changes) =>
            updateAccess(objects, changes, this.#hasBlob, subjects => this.accessible.emit(subjects)),
        );
        await this.blobs.recover();
        if (await isRechecking(this.objects)) await recheckAccess(this.objects, this.#hasBlob);
        await this.registerRecipes(options.recipes ?? []);
        await addReverseMaps(this.objects, objects => this.#instanceObject(objects), options);
    }

    /** A store that somebody else has written may hold what the index does not know. */
    async #takeOver(location: string): Promise<void> {
        await this.reindex();
        await this.objects.transact(async objects => {
            writeStoreHeader(objects.transaction, location);
            await Promise.resolve();
        });
    }

    async #instanceObject(objects: ObjectStore | ObjectTransaction): Promise<{ obj: Instance }> {
        const head = await objects.headNode(this.id);
        if (head === undefined)
            throw new StorageError('STORAGE_DAMAGED', 'The Instance object is lost; restore the store from a backup');
        return { obj: this.microdata.parseAs(InstanceRecipe, await objects.text(head.node.data)) };
    }

    async #close(): Promise<void> {
        this.keyChain.lock();
        await this.#store[Symbol.asyncDispose]();
    }
}

/** In a new instance they are there from the beginning. */
function withReverseMaps(options: OpenOptions): NewIdentity {
    return {
        ...options,
        initiallyEnabledReverseMapTypes: options.initiallyEnabledReverseMapTypes ?? options.reverseMaps,
        initiallyEnabledReverseMapTypesForIdObjects:
            options.initiallyEnabledReverseMapTypesForIdObjects ?? options.reverseMapsForIdObjects,
    };
}

function reportLater(error: unknown): void {
    queueMicrotask(() => {
        throw error;
    });
}
