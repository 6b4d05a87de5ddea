import { cryptoReady } from '#platform/primitives';
import { CryptoApi } from '../crypto/crypto-api.ts';
import { CryptoError } from '../crypto/crypto-errors.ts';
import { hashBytes } from '../crypto/hash.ts';
import { hexToUint8ArrayWithCheck, uint8ArrayToBase64, uint8ArrayToHex } from '../crypto/hex.ts';
import {
    createKeyPair,
    createSignKeyPair,
    createSymmetricKey,
    ensurePublicKey,
    ensurePublicSignKey,
    ensureSecretKey,
    ensureSecretSignKey,
    ensureSymmetricKey,
    wipe,
    type KeyPair,
    type SecretKey,
    type SecretSignKey,
    type SignKeyPair,
    type SymmetricKey,
} from '../crypto/keys.ts';
import { ensureSecret } from '../crypto/secret.ts';
import { symmetricDecryptWithEmbeddedNonce, symmetricEncryptAndEmbedNonce } from '../crypto/symmetric.ts';
import type { SHA256Hash, SHA256IdHash, Typed } from '../hashes.ts';
import type { Microdata } from '../microdata/microdata.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { readReverseMap } from '../objects/reverse-map.ts';
import { KeysRecipe, type Keys } from '../recipes/core-recipes.ts';
import { Sequence } from '../sequence.ts';
import type { StoreReader } from '../storage/store.ts';
import { KeyChainError } from './key-chain-errors.ts';
import { hasMasterKey, openMasterKey, sealMasterKey } from './master-key.ts';

/** Who owns keys: the ID hash of a person or an instance. */
export type KeyOwner = SHA256IdHash<Typed<'Person' | 'Instance'>>;

/** `complete`: this device has the secret keys; `default`: these are the ones it uses. */
export interface KeysState {
    readonly keys: SHA256Hash<Keys>;
    readonly complete: boolean;
    readonly default: boolean;
}

/** Key pairs that exist already; both or none. The caller keeps them and wipes them. */
export interface GivenKeyPairs {
    readonly encryption?: KeyPair | undefined;
    readonly sign?: SignKeyPair | undefined;
}

/** Secret keys as they leave by the application API: standard base64 of 32 and 64 bytes. */
export interface SecretKeysAsBase64 {
    readonly secretEncryptionKey: string;
    readonly secretSignKey: string;
}

export interface KeyChainOptions {
    readonly objects: ObjectStore;
    /** Told when a store holds two complete sets of keys of one owner; the first one is used. */
    readonly onAmbiguousKeys?: (owner: KeyOwner, keys: readonly SHA256Hash<Keys>[]) => void;
}

/** Makes keys in the transaction in which a key chain is opened or created. */
export type AddKeys = (owner: KeyOwner, given?: GivenKeyPairs) => Promise<SHA256Hash<Keys>>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const [ENCRYPT, SIGN] = ['encrypt', 'sign'] as const;

/**
 * The secret keys of all persons and instances that live on this device, under one master key, under one secret
 * (spec 31 §2, §3). Every change is one transaction of the store.
 */
export class KeyChain {
    readonly objects: ObjectStore;
    readonly #onAmbiguousKeys: KeyChainOptions['onAmbiguousKeys'];
    readonly #openings = new Sequence();
    #masterKey: SymmetricKey | undefined;
    /** Counts calls of `lock()`: an opening that was begun before one must not end unlocked. */
    #locks = 0;

    constructor({ objects, onAmbiguousKeys }: KeyChainOptions) {
        this.objects = objects;
        this.#onAmbiguousKeys = onAmbiguousKeys;
    }

    get microdata(): Microdata {
        return this.objects.microdata;
    }

    get unlocked(): boolean {
        return this.#masterKey !== undefined;
    }

    /**
     * Opens the key chain, or creates one in an empty store.
     * @throws WrongSecretError
     * @throws KeyChainError `KEYMKM-HASKEY` if it is open; `KEYCHAIN_INCOMPLETE` if the store has lost a file of it;
     * `KEYCHAIN_LOCKED_MEANWHILE` if `lock()` was called before anything was stored
     */
    unlockOrCreate(secret: string): Promise<'unlocked' | 'created'> {
        return this.unlockOrCreateWith(secret, (_objects, _addKeys, state) => Promise.resolve(state));
    }

    /**
     * `unlockOrCreate` together with what else belongs to a new instance, in one transaction: if the task or the commit
     * fails, there is no key chain either. @throws as above, and what the task throws
     */
    unlockOrCreateWith<T>(
        secret: string,
        task: (objects: ObjectTransaction, addKeys: AddKeys, state: 'unlocked' | 'created') => Promise<T>,
    ): Promise<T> {
        return this.#open(secret, async (objects, opened) => {
            const exists = await hasMasterKey(objects.transaction);
            const masterKey = opened(exists ? await openMasterKey(objects.transaction, secret) : createSymmetricKey());
            if (!exists) await sealMasterKey(objects.transaction, 'create', masterKey, secret);
            const addKeys: AddKeys = (owner, given) => this.#addKeys(objects, masterKey, owner, given);
            return task(objects, addKeys, exists ? 'unlocked' : 'created');
        });
    }

    /** Opens an existing key chain. @throws WrongSecretError @throws KeyChainError `KEYCHAIN_MISSING` and as above */
    unlock(secret: string): Promise<void> {
        return this.#open(secret, async (objects, opened) => {
            await hasMasterKey(objects.transaction);
            opened(await openMasterKey(objects.transaction, secret));
        });
    }

    /** Wipes the master key. Each `CryptoApi` made before keeps working. */
    lock(): void {
        this.#locks++;
        if (this.#masterKey !== undefined) wipe(this.#masterKey);
        this.#masterKey = undefined;
    }

    /**
     * Puts the same master key under another secret, with a new salt. After a crash either secret opens the key chain, never
     * none. Whether it is open does not change.
     * @throws WrongSecretError if the old secret is wrong
     */
    async changeSecret(oldSecret: string, newSecret: string): Promise<void> {
        await this.objects.transact(objects => this.changeSecretIn(objects, oldSecret, newSecret));
    }

    /** `changeSecret` as a part of a larger transaction. @throws as above */
    async changeSecretIn(objects: ObjectTransaction, oldSecret: string, newSecret: string): Promise<void> {
        ensureSecret(oldSecret);
        ensureSecret(newSecret);
        await cryptoReady();
        await hasMasterKey(objects.transaction);
        const masterKey = await openMasterKey(objects.transaction, oldSecret);
        try {
            await sealMasterKey(objects.transaction, 'put', masterKey, newSecret);
        } finally {
            wipe(masterKey);
        }
    }

    /** Keys known of an owner, in the order in which they were stored here. Those of others are incomplete. */
    async getListOfKeys(owner: KeyOwner, reader: StoreReader = this.objects.store): Promise<KeysState[]> {
        const list = (await readReverseMap(reader, owner, 'Object', 'Keys')) as SHA256Hash<Keys>[];
        const names = list.flatMap(keys => [`${keys}.${ENCRYPT}`, `${keys}.${SIGN}`]);
        const files = await reader.getMany('private', names);
        return list.map((keys, i) => {
            const complete = files[2 * i] !== undefined && files[2 * i + 1] !== undefined;
            return { keys, complete, default: complete };
        });
    }

    async getListOfCompleteKeys(owner: KeyOwner, reader?: StoreReader): Promise<Omit<KeysState, 'complete'>[]> {
        return (await this.getListOfKeys(owner, reader))
            .filter(({ complete }) => complete)
            .map(({ keys, default: isDefault }) => ({ keys, default: isDefault }));
    }

    async getListOfIncompleteKeys(owner: KeyOwner): Promise<SHA256Hash<Keys>[]> {
        return (await this.getListOfKeys(owner)).filter(({ complete }) => !complete).map(({ keys }) => keys);
    }

    /** @throws KeyChainError `KEYCH-NODEFKEYS` if the owner is not of this device */
    async getDefaultKeys(owner: KeyOwner): Promise<SHA256Hash<Keys>> {
        const keys = await this.findDefaultKeys(owner);
        if (keys === undefined)
            throw new KeyChainError('KEYCH-NODEFKEYS', `This device has no secret keys of ${owner.slice(0, 8)}…`);
        return keys;
    }

    async hasDefaultKeys(owner: KeyOwner): Promise<boolean> {
        return (await this.findDefaultKeys(owner)) !== undefined;
    }

    /** On one device an owner has one complete set; of more, the first one counts (spec 31 §3.2). */
    async findDefaultKeys(owner: KeyOwner, reader?: StoreReader): Promise<SHA256Hash<Keys> | undefined> {
        const complete = (await this.getListOfCompleteKeys(owner, reader)).map(({ keys }) => keys);
        if (complete.length > 1) this.#onAmbiguousKeys?.(owner, complete);
        return complete[0];
    }

    /**
     * Creates the keys of an owner on this device: the `Keys` object, its reverse map and both secret keys at once.
     * @throws KeyChainError `KEYMKM-NOKEY` if the chain is locked; `KEYCH-HASDEFKEYS`; `KEYCH-CDK1` if only one pair is given
     */
    async createDefaultKeys(owner: KeyOwner, given?: GivenKeyPairs): Promise<SHA256Hash<Keys>> {
        return this.objects.transact(objects => this.createDefaultKeysIn(objects, owner, given));
    }

    /** The keys of an owner on this device; given pairs are ignored if there are some. @throws KeyChainError as above */
    async createDefaultKeysIfNotExist(
        owner: KeyOwner,
        given?: GivenKeyPairs,
    ): Promise<{ keys: SHA256Hash<Keys>; exists: boolean }> {
        ensureBothOrNone(given);
        return this.objects.transact(async objects => {
            const existing = await this.findDefaultKeys(owner, objects.transaction);
            if (existing !== undefined) return { keys: existing, exists: true };
            return { keys: await this.createDefaultKeysIn(objects, owner, given), exists: false };
        });
    }

    /** `createDefaultKeys` as a part of a larger transaction. @throws KeyChainError as above */
    async createDefaultKeysIn(
        objects: ObjectTransaction,
        owner: KeyOwner,
        given?: GivenKeyPairs,
    ): Promise<SHA256Hash<Keys>> {
        // A copy: lock() may wipe the original while this waits for the store.
        const masterKey = ensureSymmetricKey(new Uint8Array(this.#loaded('KEYMKM-NOKEY')));
        try {
            if ((await this.findDefaultKeys(owner, objects.transaction)) !== undefined)
                throw new KeyChainError('KEYCH-HASDEFKEYS', `This device has keys of ${owner.slice(0, 8)}… already`);
            return await this.#addKeys(objects, masterKey, owner, given);
        } finally {
            wipe(masterKey);
        }
    }

    /**
     * What signs and decrypts as a person or instance of this device.
     * @throws KeyChainError `KEYCH-NODEFKEYS`, `KEYMKM-NOKEYDEC`, `KEYS_NOT_FOUND`, `KEYS_DAMAGED`
     */
    async createCryptoApiFromDefaultKeys(owner: KeyOwner): Promise<CryptoApi> {
        const hash = await this.getDefaultKeys(owner);
        const { publicKey, publicSignKey } = await this.#keysObject(hash);
        return this.#withSecretKeys(
            hash,
            (encryption, sign) =>
                new CryptoApi(
                    { publicKey: ensurePublicKey(hexToUint8ArrayWithCheck(publicKey)), secretKey: encryption },
                    { publicKey: ensurePublicSignKey(hexToUint8ArrayWithCheck(publicSignKey)), secretKey: sign },
                ),
        );
    }

    /** For the owner to take them along. Never log or send what this returns. @throws KeyChainError as above */
    async getDefaultSecretKeysAsBase64(owner: KeyOwner): Promise<SecretKeysAsBase64> {
        return this.#withSecretKeys(await this.getDefaultKeys(owner), (encryption, sign) => ({
            secretEncryptionKey: uint8ArrayToBase64(encryption),
            secretSignKey: uint8ArrayToBase64(sign),
        }));
    }

    /** Becomes unlocked only when everything is stored, and only if nobody has locked it since. */
    async #open<T>(
        secret: string,
        task: (objects: ObjectTransaction, opened: (masterKey: SymmetricKey) => SymmetricKey) => Promise<T>,
    ): Promise<T> {
        ensureSecret(secret);
        const locks = this.#locks;
        await cryptoReady();
        return this.#openings.run(async () => {
            if (this.unlocked) throw new KeyChainError('KEYMKM-HASKEY', 'The key chain is unlocked already');
            let masterKey: SymmetricKey | undefined;
            try {
                const result = await this.objects.transact(async objects => {
                    const done = await task(objects, opened => (masterKey = opened));
                    if (locks !== this.#locks)
                        throw new KeyChainError(
                            'KEYCHAIN_LOCKED_MEANWHILE',
                            'The key chain was locked while it was opened',
                        );
                    return done;
                });
                // Locked while it was stored: it is done, and stays locked.
                if (locks === this.#locks) this.#masterKey = masterKey;
                else if (masterKey !== undefined) wipe(masterKey);
                return result;
            } catch (error) {
                if (masterKey !== undefined) wipe(masterKey);
                throw error;
            }
        });
    }

    async #addKeys(
        objects: ObjectTransaction,
        masterKey: SymmetricKey,
        owner: KeyOwner,
        given: GivenKeyPairs = {},
    ): Promise<SHA256Hash<Keys>> {
        ensureBothOrNone(given);
        const { encryption = createKeyPair(), sign = createSignKeyPair() } = given;
        try {
            const keysObject: Keys = {
                $type$: 'Keys',
                owner,
                publicKey: uint8ArrayToHex(ensurePublicKey(encryption.publicKey)),
                publicSignKey: uint8ArrayToHex(ensurePublicSignKey(sign.publicKey)),
            };
            const { hash } = await objects.storeUnversioned(keysObject);
            const keys = hash as SHA256Hash<Keys>;
            const { transaction } = objects;
            for (const [suffix, secretKey] of [
                [ENCRYPT, ensureSecretKey(encryption.secretKey)],
                [SIGN, ensureSecretSignKey(sign.secretKey)],
            ] as const) {
                const name = `${keys}.${suffix}`;
                // One file of two, which an interrupted creation has left, belongs to the same key and may be replaced.
                const how = (await transaction.get('private', name)) === undefined ? 'create' : 'put';
                transaction[how]('private', name, symmetricEncryptAndEmbedNonce(secretKey, masterKey));
            }
            return keys;
        } finally {
            if (given.encryption === undefined) wipe(encryption.secretKey);
            if (given.sign === undefined) wipe(sign.secretKey);
        }
    }

    async #keysObject(hash: SHA256Hash<Keys>): Promise<Keys> {
        const bytes = await this.objects.store.get('objects', hash);
        if (bytes === undefined)
            throw new KeyChainError('KEYS_NOT_FOUND', `The Keys object ${hash} is missing in the store`);
        if ((await hashBytes(new Uint8Array(bytes))) !== (hash as string))
            throw new KeyChainError('KEYS_DAMAGED', `The Keys object ${hash} is damaged; restore it from a backup`);
        return this.microdata.parseAs(KeysRecipe, utf8.decode(bytes));
    }

    /** Hands the secret keys to `use`, which copies what it keeps. */
    async #withSecretKeys<T>(
        hash: SHA256Hash<Keys>,
        use: (encryption: SecretKey, sign: SecretSignKey) => T,
    ): Promise<T> {
        const sealed = [await this.#sealedKey(`${hash}.${ENCRYPT}`), await this.#sealedKey(`${hash}.${SIGN}`)] as const;
        const opened: Uint8Array[] = [];
        try {
            const masterKey = this.#loaded('KEYMKM-NOKEYDEC');
            for (const bytes of sealed) opened.push(symmetricDecryptWithEmbeddedNonce(bytes, masterKey));
            const [encryption = new Uint8Array(), sign = new Uint8Array()] = opened;
            return use(ensureSecretKey(encryption), ensureSecretSignKey(sign));
        } catch (cause) {
            // Not the code of a wrong secret: another one would not help.
            if (cause instanceof CryptoError)
                throw new KeyChainError('KEYS_DAMAGED', `The key files of ${hash} are damaged; restore them`, {
                    cause,
                });
            throw cause;
        } finally {
            wipe(...opened);
        }
    }

    async #sealedKey(name: string): Promise<Uint8Array> {
        const sealed = await this.objects.store.get('private', name);
        if (sealed === undefined)
            throw new KeyChainError('KEYS_NOT_FOUND', `The key file ${name} is missing in the store`);
        return sealed;
    }

    #loaded(code: 'KEYMKM-NOKEY' | 'KEYMKM-NOKEYDEC'): SymmetricKey {
        if (this.#masterKey === undefined) throw new KeyChainError(code, 'The key chain is locked; unlock it first');
        return this.#masterKey;
    }
}

/** @throws KeyChainError `KEYCH-CDK1` */
export function ensureBothOrNone({ encryption, sign }: GivenKeyPairs = {}): void {
    if ((encryption === undefined) !== (sign === undefined))
        throw new KeyChainError('KEYCH-CDK1', 'Of encryption and sign key pair, give both or none');
}
