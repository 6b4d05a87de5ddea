import { cryptoReady } from '#platform/primitives';
import { CryptoApi } from '../crypto/crypto-api.ts';
import { hexToUint8ArrayWithCheck, uint8ArrayToBase64, uint8ArrayToHex } from '../crypto/hex.ts';
import {
    createKeyPair,
    createSignKeyPair,
    createSymmetricKey,
    ensurePublicKey,
    ensurePublicSignKey,
    ensureSecretKey,
    ensureSecretSignKey,
    wipe,
    type KeyPair,
    type SignKeyPair,
    type SymmetricKey,
} from '../crypto/keys.ts';
import { ensureSecret } from '../crypto/secret.ts';
import { symmetricDecryptWithEmbeddedNonce, symmetricEncryptAndEmbedNonce } from '../crypto/symmetric.ts';
import type { SHA256Hash, SHA256IdHash, Typed } from '../hashes.ts';
import type { Microdata } from '../microdata/microdata.ts';
import { ObjectWrites } from '../objects/object-writes.ts';
import { decodeReverseMap, reverseMapName } from '../objects/reverse-map.ts';
import { KeysRecipe, type Keys } from '../recipes/core-recipes.ts';
import { Sequence } from '../sequence.ts';
import type { StorageBackend, Write } from '../storage/storage-backend.ts';
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

/** Key pairs that exist already; both or none. */
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
    readonly storage: StorageBackend;
    readonly microdata: Microdata;
    /** Told when a store holds two complete sets of keys of one owner; the first one is used. */
    readonly onAmbiguousKeys?: (owner: KeyOwner, keys: readonly SHA256Hash<Keys>[]) => void;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const [ENCRYPT, SIGN] = ['encrypt', 'sign'] as const;

/**
 * The secret keys of all persons and instances that live on this device, under one master key, under one secret
 * (spec 31 §2, §3). Every change is one commit.
 */
export class KeyChain {
    readonly #storage: StorageBackend;
    readonly #microdata: Microdata;
    readonly #onAmbiguousKeys: KeyChainOptions['onAmbiguousKeys'];
    readonly #changes = new Sequence();
    #masterKey: SymmetricKey | undefined;

    constructor({ storage, microdata, onAmbiguousKeys }: KeyChainOptions) {
        this.#storage = storage;
        this.#microdata = microdata;
        this.#onAmbiguousKeys = onAmbiguousKeys;
    }

    get unlocked(): boolean {
        return this.#masterKey !== undefined;
    }

    /**
     * Opens the key chain, or creates one in a store that never had any.
     * @param writes takes the files of a new key chain instead of their own commit; until the caller has committed it,
     * the key chain exists in memory only, so that a failed commit must be followed by `lock()`
     * @throws WrongSecretError
     * @throws KeyChainError `KEYMKM-HASKEY` if it is open; `KEYCHAIN_INCOMPLETE` if the store has lost a file of it
     */
    unlockOrCreate(secret: string, writes?: ObjectWrites): Promise<'unlocked' | 'created'> {
        return this.#change(secret, async () => {
            if (await hasMasterKey(this.#storage)) {
                this.#masterKey = await openMasterKey(this.#storage, secret);
                return 'unlocked';
            }
            const masterKey = createSymmetricKey();
            const files = await sealMasterKey(masterKey, secret);
            if (writes === undefined) await this.#storage.commit(files);
            else writes.add(...files);
            this.#masterKey = masterKey;
            return 'created';
        });
    }

    /** Opens an existing key chain. @throws WrongSecretError @throws KeyChainError `KEYCHAIN_MISSING` and as above */
    unlock(secret: string): Promise<void> {
        return this.#change(secret, async () => {
            await hasMasterKey(this.#storage);
            this.#masterKey = await openMasterKey(this.#storage, secret);
        });
    }

    /** Wipes the master key. Each `CryptoApi` made before keeps working. */
    lock(): void {
        if (this.#masterKey !== undefined) wipe(this.#masterKey);
        this.#masterKey = undefined;
    }

    /**
     * Puts the same master key under another secret, with a new salt. One commit: after a crash either secret opens the
     * key chain, never none. Whether it is open does not change.
     * @throws WrongSecretError if the old secret is wrong
     */
    async changeSecret(oldSecret: string, newSecret: string): Promise<void> {
        ensureSecret(oldSecret);
        ensureSecret(newSecret);
        await cryptoReady();
        await this.#changes.run(async () => {
            await hasMasterKey(this.#storage);
            const masterKey = await openMasterKey(this.#storage, oldSecret);
            try {
                await this.#storage.commit(await sealMasterKey(masterKey, newSecret));
            } finally {
                wipe(masterKey);
            }
        });
    }

    /** Keys known of an owner, in the order in which they were stored here. Those of others are incomplete. */
    async getListOfKeys(owner: KeyOwner): Promise<KeysState[]> {
        const name = reverseMapName(owner, 'Object', 'Keys');
        const list = decodeReverseMap(name, await this.#storage.get('rmaps', name)) as SHA256Hash<Keys>[];
        const files = new Set(await this.#storage.keys('private'));
        return list.map(keys => {
            const complete = files.has(`${keys}.${ENCRYPT}`) && files.has(`${keys}.${SIGN}`);
            return { keys, complete, default: complete };
        });
    }

    async getListOfCompleteKeys(owner: KeyOwner): Promise<Omit<KeysState, 'complete'>[]> {
        const list = await this.getListOfKeys(owner);
        return list
            .filter(({ complete }) => complete)
            .map(({ keys, default: isDefault }) => ({ keys, default: isDefault }));
    }

    async getListOfIncompleteKeys(owner: KeyOwner): Promise<SHA256Hash<Keys>[]> {
        return (await this.getListOfKeys(owner)).filter(({ complete }) => !complete).map(({ keys }) => keys);
    }

    /** @throws KeyChainError `KEYCH-NODEFKEYS` if the owner is not of this device */
    async getDefaultKeys(owner: KeyOwner): Promise<SHA256Hash<Keys>> {
        const keys = await this.#defaultKeys(owner);
        if (keys === undefined)
            throw new KeyChainError('KEYCH-NODEFKEYS', `This device has no secret keys of ${owner.slice(0, 8)}…`);
        return keys;
    }

    async hasDefaultKeys(owner: KeyOwner): Promise<boolean> {
        return (await this.#defaultKeys(owner)) !== undefined;
    }

    /**
     * Creates the keys of an owner on this device: the `Keys` object, its reverse map and both secret keys in one commit.
     * @throws KeyChainError `KEYMKM-NOKEY` if the chain is locked; `KEYCH-HASDEFKEYS`; `KEYCH-CDK1` if only one pair is given
     */
    createDefaultKeys(owner: KeyOwner, given: GivenKeyPairs = {}): Promise<SHA256Hash<Keys>> {
        return this.#changes.run(async () => {
            if ((await this.#defaultKeys(owner)) !== undefined)
                throw new KeyChainError('KEYCH-HASDEFKEYS', `This device has keys of ${owner.slice(0, 8)}… already`);
            const writes = new ObjectWrites(this.#storage, this.#microdata);
            const keys = await this.addKeys(writes, owner, given);
            await this.#storage.commit(writes.writes);
            return keys;
        });
    }

    /** The keys of an owner on this device; given pairs are ignored if there are some. @throws KeyChainError as above */
    async createDefaultKeysIfNotExist(
        owner: KeyOwner,
        given: GivenKeyPairs = {},
    ): Promise<{ keys: SHA256Hash<Keys>; exists: boolean }> {
        ensureBothOrNone(given);
        const existing = await this.#defaultKeys(owner);
        if (existing !== undefined) return { keys: existing, exists: true };
        return { keys: await this.createDefaultKeys(owner, given), exists: false };
    }

    /** Adds new keys of an owner to writes that the caller commits. @throws KeyChainError `KEYMKM-NOKEY`, `KEYCH-CDK1` */
    async addKeys(writes: ObjectWrites, owner: KeyOwner, given: GivenKeyPairs = {}): Promise<SHA256Hash<Keys>> {
        ensureBothOrNone(given);
        const { encryption = createKeyPair(), sign = createSignKeyPair() } = given;
        const keys = await writes.object({
            $type$: 'Keys',
            owner,
            publicKey: uint8ArrayToHex(encryption.publicKey),
            publicSignKey: uint8ArrayToHex(sign.publicKey),
        } satisfies Keys);
        await writes.link(owner, 'Object', 'Keys', keys);
        const masterKey = this.#loaded('KEYMKM-NOKEY');
        writes.add(
            privateFile(`${keys}.${ENCRYPT}`, symmetricEncryptAndEmbedNonce(encryption.secretKey, masterKey)),
            privateFile(`${keys}.${SIGN}`, symmetricEncryptAndEmbedNonce(sign.secretKey, masterKey)),
        );
        return keys;
    }

    /** What signs and decrypts as a person or instance of this device. @throws KeyChainError `KEYCH-NODEFKEYS`, `KEYMKM-NOKEYDEC` */
    async createCryptoApiFromDefaultKeys(owner: KeyOwner): Promise<CryptoApi> {
        const hash = await this.getDefaultKeys(owner);
        const { publicKey, publicSignKey } = await this.#keysObject(hash);
        const { encryption, sign } = await this.#secretKeys(hash);
        return new CryptoApi(
            { publicKey: ensurePublicKey(hexToUint8ArrayWithCheck(publicKey)), secretKey: encryption },
            { publicKey: ensurePublicSignKey(hexToUint8ArrayWithCheck(publicSignKey)), secretKey: sign },
        );
    }

    /** For the owner to take them along. Never log or send what this returns. @throws KeyChainError as above */
    async getDefaultSecretKeysAsBase64(owner: KeyOwner): Promise<SecretKeysAsBase64> {
        const { encryption, sign } = await this.#secretKeys(await this.getDefaultKeys(owner));
        try {
            return {
                secretEncryptionKey: uint8ArrayToBase64(encryption),
                secretSignKey: uint8ArrayToBase64(sign),
            };
        } finally {
            wipe(encryption, sign);
        }
    }

    async #change<T>(secret: string, task: () => Promise<T>): Promise<T> {
        ensureSecret(secret);
        await cryptoReady();
        return this.#changes.run(() => {
            if (this.unlocked) throw new KeyChainError('KEYMKM-HASKEY', 'The key chain is unlocked already');
            return task();
        });
    }

    /** On one device an owner has one complete set; of more, the first one counts (spec 31 §3.2). */
    async #defaultKeys(owner: KeyOwner): Promise<SHA256Hash<Keys> | undefined> {
        const complete = (await this.getListOfCompleteKeys(owner)).map(({ keys }) => keys);
        if (complete.length > 1) this.#onAmbiguousKeys?.(owner, complete);
        return complete[0];
    }

    async #keysObject(hash: SHA256Hash<Keys>): Promise<Keys> {
        const bytes = await this.#storage.get('objects', hash);
        if (bytes === undefined)
            throw new KeyChainError('KEYS_NOT_FOUND', `The Keys object ${hash} is missing in the store`);
        return this.#microdata.parseAs(KeysRecipe, utf8.decode(bytes));
    }

    async #secretKeys(hash: SHA256Hash<Keys>) {
        return {
            encryption: ensureSecretKey(await this.#open(`${hash}.${ENCRYPT}`)),
            sign: ensureSecretSignKey(await this.#open(`${hash}.${SIGN}`)),
        };
    }

    async #open(name: string): Promise<Uint8Array> {
        const sealed = await this.#storage.get('private', name);
        if (sealed === undefined)
            throw new KeyChainError('KEYS_NOT_FOUND', `The key file ${name} is missing in the store`);
        return symmetricDecryptWithEmbeddedNonce(sealed, this.#loaded('KEYMKM-NOKEYDEC'));
    }

    #loaded(code: 'KEYMKM-NOKEY' | 'KEYMKM-NOKEYDEC'): SymmetricKey {
        if (this.#masterKey === undefined) throw new KeyChainError(code, 'The key chain is locked; unlock it first');
        return this.#masterKey;
    }
}

function privateFile(key: string, value: Uint8Array): Write {
    return { type: 'create', space: 'private', key, value };
}

function ensureBothOrNone({ encryption, sign }: GivenKeyPairs): void {
    if ((encryption === undefined) !== (sign === undefined))
        throw new KeyChainError('KEYCH-CDK1', 'Of encryption and sign key pair, give both or none');
}
