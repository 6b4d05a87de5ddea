import { createRandomString } from '../crypto/random.ts';
import { OneError } from '../errors.ts';
import type { SHA256Hash, SHA256IdHash } from '../hashes.ts';
import type { KeyChain, GivenKeyPairs } from '../keychain/key-chain.ts';
import type { Microdata } from '../microdata/microdata.ts';
import { ObjectWrites } from '../objects/object-writes.ts';
import { decodeReverseMap, reverseMapName } from '../objects/reverse-map.ts';
import type { Instance, Keys, Person } from '../recipes/core-recipes.ts';
import { Sequence } from '../sequence.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';

/** A person or an instance cannot be created or chosen. */
export class IdentityError extends OneError {
    readonly code: 'PERSON_EXISTS' | 'INSTANCE_EXISTS' | 'NO_LOCAL_INSTANCE' | 'SEVERAL_LOCAL_INSTANCES';

    constructor(code: IdentityError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }
}

/**
 * Further persons and instances besides the owner and the main instance: ID objects without versions, and keys
 * (spec 31 §8). Names that are not given are random.
 */
export class LocalIdentities {
    readonly #storage: StorageBackend;
    readonly #microdata: Microdata;
    readonly #keyChain: KeyChain;
    readonly #changes = new Sequence();

    constructor({
        storage,
        microdata,
        keyChain,
    }: {
        storage: StorageBackend;
        microdata: Microdata;
        keyChain: KeyChain;
    }) {
        this.#storage = storage;
        this.#microdata = microdata;
        this.#keyChain = keyChain;
    }

    /** @throws IdentityError `PERSON_EXISTS` */
    async createPerson(email = createRandomString()): Promise<SHA256IdHash<Person>> {
        const { id, exists } = await this.createPersonIfNotExist(email);
        if (exists)
            throw new IdentityError('PERSON_EXISTS', `A person ${id.slice(0, 8)}… with this e-mail exists already`);
        return id;
    }

    createPersonIfNotExist(email = createRandomString()): Promise<{ id: SHA256IdHash<Person>; exists: boolean }> {
        return this.#store({ $type$: 'Person', email } as const);
    }

    async createPersonWithDefaultKeys(
        email?: string,
        keys?: GivenKeyPairs,
    ): Promise<{ id: SHA256IdHash<Person>; keys: SHA256Hash<Keys> }> {
        const id = await this.createPerson(email);
        return { id, keys: await this.#keyChain.createDefaultKeys(id, keys) };
    }

    /** @throws IdentityError `INSTANCE_EXISTS` */
    async createInstance(owner: SHA256IdHash<Person>, name = createRandomString()): Promise<SHA256IdHash<Instance>> {
        const { id, exists } = await this.createInstanceIfNotExist(owner, name);
        if (exists)
            throw new IdentityError('INSTANCE_EXISTS', `The instance ${id.slice(0, 8)}… of this owner exists already`);
        return id;
    }

    createInstanceIfNotExist(
        owner: SHA256IdHash<Person>,
        name = createRandomString(),
    ): Promise<{ id: SHA256IdHash<Instance>; exists: boolean }> {
        return this.#store({ $type$: 'Instance', name, owner } as const, async (writes, id) =>
            writes.link(owner, 'IdObject', 'Instance', id),
        );
    }

    async createInstanceWithDefaultKeys(
        owner: SHA256IdHash<Person>,
        name?: string,
        keys?: GivenKeyPairs,
    ): Promise<{ id: SHA256IdHash<Instance>; keys: SHA256Hash<Keys> }> {
        const id = await this.createInstance(owner, name);
        return { id, keys: await this.#keyChain.createDefaultKeys(id, keys) };
    }

    /** All instances known of a person; `local`: this device has their keys. */
    async getInstancesOfPerson(
        owner: SHA256IdHash<Person>,
    ): Promise<{ instanceId: SHA256IdHash<Instance>; local: boolean }[]> {
        const map = reverseMapName(owner, 'IdObject', 'Instance');
        const ids = decodeReverseMap(map, await this.#storage.get('rmaps', map)) as SHA256IdHash<Instance>[];
        const instances: { instanceId: SHA256IdHash<Instance>; local: boolean }[] = [];
        for (const instanceId of ids)
            instances.push({ instanceId, local: await this.#keyChain.hasDefaultKeys(instanceId) });
        return instances;
    }

    /** The only instance of a person on this device. @throws IdentityError for none and for several */
    async getLocalInstanceOfPerson(owner: SHA256IdHash<Person>): Promise<SHA256IdHash<Instance>> {
        const local = (await this.getInstancesOfPerson(owner)).filter(instance => instance.local);
        const [only] = local;
        if (only === undefined)
            throw new IdentityError('NO_LOCAL_INSTANCE', 'This person has no instance on this device');
        if (local.length > 1)
            throw new IdentityError(
                'SEVERAL_LOCAL_INSTANCES',
                `This person has ${local.length} instances on this device`,
            );
        return only.instanceId;
    }

    async getRemoteInstancesOfPerson(owner: SHA256IdHash<Person>): Promise<SHA256IdHash<Instance>[]> {
        return (await this.getInstancesOfPerson(owner))
            .filter(({ local }) => !local)
            .map(({ instanceId }) => instanceId);
    }

    /** @throws IdentityError `SEVERAL_LOCAL_INSTANCES` */
    async createLocalInstanceIfNoneExists(
        owner: SHA256IdHash<Person>,
        name?: string,
    ): Promise<{ instanceId: SHA256IdHash<Instance>; instanceKeys: SHA256Hash<Keys>; exists: boolean }> {
        const exists = (await this.getInstancesOfPerson(owner)).some(({ local }) => local);
        if (!exists) {
            const { id, keys } = await this.createInstanceWithDefaultKeys(owner, name);
            return { instanceId: id, instanceKeys: keys, exists };
        }
        const instanceId = await this.getLocalInstanceOfPerson(owner);
        return { instanceId, instanceKeys: await this.#keyChain.getDefaultKeys(instanceId), exists };
    }

    /** Whether this device can act as the person: it has its keys and an instance of it. */
    async isPersonComplete(person: SHA256IdHash<Person>): Promise<boolean> {
        if (!(await this.#keyChain.hasDefaultKeys(person))) return false;
        return (await this.getInstancesOfPerson(person)).some(({ local }) => local);
    }

    doesPersonExist(person: SHA256IdHash<Person>): Promise<boolean> {
        return this.#exists(person);
    }

    doesInstanceExist(instance: SHA256IdHash<Instance>): Promise<boolean> {
        return this.#exists(instance);
    }

    async #exists(id: string): Promise<boolean> {
        return (await this.#storage.get('objects', id)) !== undefined;
    }

    #store<T extends { readonly $type$: string }>(
        object: T,
        also?: (writes: ObjectWrites, id: SHA256IdHash<T>) => Promise<void>,
    ): Promise<{ id: SHA256IdHash<T>; exists: boolean }> {
        return this.#changes.run(async () => {
            const writes = new ObjectWrites(this.#storage, this.#microdata);
            const id = await writes.idObject(object);
            const exists = await this.#exists(id);
            if (!exists) {
                await also?.(writes, id);
                await this.#storage.commit(writes.writes);
            }
            return { id, exists };
        });
    }
}
