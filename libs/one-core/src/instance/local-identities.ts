import { createRandomString } from '../crypto/random.ts';
import { OneError } from '../errors.ts';
import type { SHA256Hash, SHA256IdHash } from '../hashes.ts';
import type { GivenKeyPairs, KeyChain } from '../keychain/key-chain.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { readReverseMap } from '../objects/reverse-map.ts';
import type { Instance, Keys, Person } from '../recipes/core-recipes.ts';
import type { StoreReader } from '../storage/store.ts';
import { ensureInstanceName } from './instance-ids.ts';

/** A person or an instance cannot be created or chosen. */
export class IdentityError extends OneError {
    readonly code: 'PERSON_EXISTS' | 'INSTANCE_EXISTS' | 'NO_LOCAL_INSTANCE' | 'SEVERAL_LOCAL_INSTANCES';

    constructor(code: IdentityError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }
}

/** An instance of a person; `local`: this device has its keys. */
export interface InstanceOfPerson {
    readonly instanceId: SHA256IdHash<Instance>;
    readonly local: boolean;
}

/**
 * Further persons and instances besides the owner and the main instance: ID objects without versions, and keys
 * (spec 31 §8). Names that are not given are random. Every call is one transaction.
 */
export class LocalIdentities {
    readonly #keyChain: KeyChain;

    constructor(keyChain: KeyChain) {
        this.#keyChain = keyChain;
    }

    /** @throws IdentityError `PERSON_EXISTS` */
    async createPerson(email = createRandomString()): Promise<SHA256IdHash<Person>> {
        return this.#transact(objects => this.#newPerson(objects, email));
    }

    async createPersonIfNotExist(email = createRandomString()): Promise<{ id: SHA256IdHash<Person>; exists: boolean }> {
        return this.#transact(objects => this.#person(objects, email));
    }

    /** @throws IdentityError `PERSON_EXISTS`; as `KeyChain.createDefaultKeys` */
    async createPersonWithDefaultKeys(
        email = createRandomString(),
        keys?: GivenKeyPairs,
    ): Promise<{ id: SHA256IdHash<Person>; keys: SHA256Hash<Keys> }> {
        return this.#transact(async objects => {
            const id = await this.#newPerson(objects, email);
            return { id, keys: await this.#keyChain.createDefaultKeysIn(objects, id, keys) };
        });
    }

    /** @throws IdentityError `INSTANCE_EXISTS` @throws InvalidInstanceNameError */
    async createInstance(owner: SHA256IdHash<Person>, name = createRandomString()): Promise<SHA256IdHash<Instance>> {
        return this.#transact(objects => this.#newInstance(objects, owner, name));
    }

    /** @throws InvalidInstanceNameError */
    async createInstanceIfNotExist(
        owner: SHA256IdHash<Person>,
        name = createRandomString(),
    ): Promise<{ id: SHA256IdHash<Instance>; exists: boolean }> {
        return this.#transact(objects => this.#instance(objects, owner, name));
    }

    /** @throws IdentityError `INSTANCE_EXISTS` @throws InvalidInstanceNameError; as `KeyChain.createDefaultKeys` */
    async createInstanceWithDefaultKeys(
        owner: SHA256IdHash<Person>,
        name = createRandomString(),
        keys?: GivenKeyPairs,
    ): Promise<{ id: SHA256IdHash<Instance>; keys: SHA256Hash<Keys> }> {
        return this.#transact(async objects => {
            const id = await this.#newInstance(objects, owner, name);
            return { id, keys: await this.#keyChain.createDefaultKeysIn(objects, id, keys) };
        });
    }

    /** All instances known of a person. */
    async getInstancesOfPerson(owner: SHA256IdHash<Person>, reader?: StoreReader): Promise<InstanceOfPerson[]> {
        const ids = await readReverseMap(reader ?? this.#keyChain.objects.store, owner, 'IdObject', 'Instance');
        const instances: InstanceOfPerson[] = [];
        for (const instanceId of ids as SHA256IdHash<Instance>[]) {
            const local = (await this.#keyChain.findDefaultKeys(instanceId, reader)) !== undefined;
            instances.push({ instanceId, local });
        }
        return instances;
    }

    /** The only instance of a person on this device. @throws IdentityError for none and for several */
    async getLocalInstanceOfPerson(owner: SHA256IdHash<Person>): Promise<SHA256IdHash<Instance>> {
        const only = onlyLocal(await this.getInstancesOfPerson(owner));
        if (only === undefined)
            throw new IdentityError('NO_LOCAL_INSTANCE', 'This person has no instance on this device');
        return only;
    }

    async getRemoteInstancesOfPerson(owner: SHA256IdHash<Person>): Promise<SHA256IdHash<Instance>[]> {
        const instances = await this.getInstancesOfPerson(owner);
        return instances.filter(({ local }) => !local).map(({ instanceId }) => instanceId);
    }

    /** @throws IdentityError `SEVERAL_LOCAL_INSTANCES`; as `createInstanceWithDefaultKeys` */
    async createLocalInstanceIfNoneExists(
        owner: SHA256IdHash<Person>,
        name = createRandomString(),
    ): Promise<{ instanceId: SHA256IdHash<Instance>; instanceKeys: SHA256Hash<Keys>; exists: boolean }> {
        return this.#transact(async objects => {
            const existing = onlyLocal(await this.getInstancesOfPerson(owner, objects.transaction));
            const keys = existing && (await this.#keyChain.findDefaultKeys(existing, objects.transaction));
            if (existing !== undefined && keys !== undefined)
                return { instanceId: existing, instanceKeys: keys, exists: true };
            // An instance of this name without keys was begun by somebody; it gets them now.
            const { id } = await this.#instance(objects, owner, name);
            const instanceKeys = await this.#keyChain.createDefaultKeysIn(objects, id);
            return { instanceId: id, instanceKeys, exists: false };
        });
    }

    /** Whether this device can act as the person: it has its keys and an instance of it. */
    async isPersonComplete(person: SHA256IdHash<Person>): Promise<boolean> {
        if (!(await this.#keyChain.hasDefaultKeys(person))) return false;
        return (await this.getInstancesOfPerson(person)).some(({ local }) => local);
    }

    async doesPersonExist(person: SHA256IdHash<Person>): Promise<boolean> {
        return exists(this.#keyChain.objects.store, person);
    }

    async doesInstanceExist(instance: SHA256IdHash<Instance>): Promise<boolean> {
        return exists(this.#keyChain.objects.store, instance);
    }

    #transact<T>(task: (objects: ObjectTransaction) => Promise<T>): Promise<T> {
        return this.#keyChain.objects.transact(task);
    }

    async #newPerson(objects: ObjectTransaction, email: string): Promise<SHA256IdHash<Person>> {
        const { id, exists } = await this.#person(objects, email);
        if (exists)
            throw new IdentityError('PERSON_EXISTS', `A person ${id.slice(0, 8)}… with this e-mail exists already`);
        return id;
    }

    async #newInstance(objects: ObjectTransaction, owner: SHA256IdHash<Person>, name: string) {
        const { id, exists } = await this.#instance(objects, owner, name);
        if (exists)
            throw new IdentityError('INSTANCE_EXISTS', `The instance ${id.slice(0, 8)}… of this owner exists already`);
        return id;
    }

    /** E-mails of others may be any text. */
    #person(objects: ObjectTransaction, email: string) {
        return this.#idObject(objects, { $type$: 'Person', email } as const);
    }

    async #instance(objects: ObjectTransaction, owner: SHA256IdHash<Person>, name: string) {
        ensureInstanceName(name, '');
        return this.#idObject(objects, { $type$: 'Instance', name, owner } as const);
    }

    async #idObject<T extends { readonly $type$: string }>(objects: ObjectTransaction, object: T) {
        const { idHash, status } = await objects.storeId(object);
        return { id: idHash as SHA256IdHash<T>, exists: status === 'exists' };
    }
}

async function exists(reader: Pick<StoreReader, 'get'>, id: string): Promise<boolean> {
    return (await reader.get('objects', id)) !== undefined;
}

/** @throws IdentityError `SEVERAL_LOCAL_INSTANCES` */
function onlyLocal(instances: readonly InstanceOfPerson[]): SHA256IdHash<Instance> | undefined {
    const local = instances.filter(instance => instance.local);
    if (local.length > 1)
        throw new IdentityError('SEVERAL_LOCAL_INSTANCES', `This person has ${local.length} instances on this device`);
    return local[0]?.instanceId;
}
