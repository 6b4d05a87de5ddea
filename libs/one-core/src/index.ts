export { OneError } from './errors.ts';
export { ensureHash, ensureIdHash, InvalidHashError, isHash } from './hashes.ts';
export type { BLOB, CLOB, SHA256Hash, SHA256IdHash, Typed } from './hashes.ts';
export { hashBytes, hashText } from './crypto/hash.ts';

export * from './recipes/core-recipes.ts';
export { defineRecipe } from './recipes/grammar.ts';
export type {
    ItemType,
    ItemTypeDefinition,
    ItemTypeName,
    Recipe,
    RecipeDefinition,
    Rule,
    RuleDefinition,
} from './recipes/grammar.ts';
export { mergeAlgorithm, type MergedKind } from './recipes/merge-algorithm.ts';
export type { IdObjectOf, ObjectOf, Stringifiable } from './recipes/object-of.ts';
export { InvalidRecipeError, RecipeRegistryError } from './recipes/recipe-errors.ts';
export { recipeHazards, type RecipeHazard } from './recipes/recipe-hazards.ts';
export { RecipeRegistry } from './recipes/recipe-registry.ts';
export { validateRecipe } from './recipes/validate-recipe.ts';

export { stringifyCanonical } from './microdata/canonical-json.ts';
export { contentTypeOfBytes, contentTypeOfText } from './microdata/content-type.ts';
export { MicrodataError, ObjectRefusedError } from './microdata/microdata-errors.ts';
export { Microdata, type AnyObject, type WriteOptions } from './microdata/microdata.ts';
export { parseTolerant } from './microdata/tolerant.ts';

export { cryptoReady } from '#platform/primitives';
export * from './crypto/box.ts';
export { CryptoApi } from './crypto/crypto-api.ts';
export { CryptoError, type CryptoErrorCode } from './crypto/crypto-errors.ts';
export {
    base64ToUint8Array,
    hexToUint8Array,
    hexToUint8ArrayWithCheck,
    isHexString,
    uint8ArrayToBase64,
    uint8ArrayToHex,
} from './crypto/hex.ts';
export {
    createKeyPair,
    createRandomNonce,
    createRandomSalt,
    createSignKeyPair,
    createSymmetricKey,
    ensureNonce,
    ensurePublicKey,
    ensurePublicSignKey,
    ensureSalt,
    ensureSecretKey,
    ensureSecretSignKey,
    ensureSymmetricKey,
    equalSecrets,
    keyPairOf,
    signKeyPairOf,
    wipe,
} from './crypto/keys.ts';
export type {
    KeyPair,
    Nonce,
    PublicKey,
    PublicSignKey,
    Salt,
    SecretKey,
    SecretSignKey,
    SignKeyPair,
    SymmetricKey,
} from './crypto/keys.ts';
export { createRandomSHA256Hash, createRandomString } from './crypto/random.ts';
export { deriveSymmetricKeyFromSecret } from './crypto/secret.ts';
export { hashSignatureVerify, sign, signatureVerify, signHash } from './crypto/sign.ts';
export * from './crypto/symmetric.ts';
export { SymmetricCryptoApi, SymmetricCryptoApiWithKeys } from './crypto/symmetric-crypto-api.ts';

export { KeyChainError, WrongSecretError } from './keychain/key-chain-errors.ts';
export { KeyChain } from './keychain/key-chain.ts';
export type {
    AddKeys,
    GivenKeyPairs,
    KeyChainOptions,
    KeyOwner,
    KeysState,
    SecretKeysAsBase64,
} from './keychain/key-chain.ts';

export { OneInstance, type OpenOptions, type StartChumOptions } from './instance/one-instance.ts';
export type { VerifyProblem, VerifyReport } from './instance/verify.ts';
export { createIdentity, IdentityExistsError } from './instance/create-identity.ts';
export type { NewIdentity } from './instance/create-identity.ts';
export {
    generateIdentityRecord,
    identityOf,
    InvalidIdentityRecordError,
    parseIdentityRecord,
    publicIdentityRecord,
} from './instance/identity-record.ts';
export type { PublicIdentityRecord, SecretIdentityRecord } from './instance/identity-record.ts';
export {
    ensureInstanceName,
    instanceIdHash,
    InvalidInstanceNameError,
    personIdHash,
    storageLocationHash,
} from './instance/instance-ids.ts';
export { IdentityError, LocalIdentities, type InstanceOfPerson } from './instance/local-identities.ts';

export { Accessible, type AccessibleSummary } from './access/accessible.ts';
export { accessibleRoots, type AccessibleRoot, type ObjectFilter } from './access/accessible-roots.ts';
export { closureOf } from './access/closure.ts';
export { AccessRequestError, createAccess, createAccessIn } from './access/create-access.ts';
export type { AccessGuard, AccessRequest } from './access/create-access.ts';
export { readFeed, type FeedChange, type FeedEntry } from './access/feed.ts';

export { ChumError, type ChumErrorCode } from './chum/chum-errors.ts';
export { ChumSession, type ChumOptions, type ChumResult, type ChumStatus } from './chum/chum-session.ts';
export type { FailedRoot } from './chum/failed-roots.ts';
export type { ImportProgress } from './chum/importer.ts';
export { createChannelPair, type ChannelPairOptions } from './chum/memory-channel.ts';
export type { MessageChannel } from './chum/message-channel.ts';
export type { Statistics } from './chum/request-channel.ts';
export { RequestError, type RequestErrorCode } from './chum/request-errors.ts';
export { shownBy } from './chum/shown.ts';
export type { AcceptObject, IncomingObject } from './chum/tree-import.ts';
export type { AcceptVersion, IncomingVersion } from './chum/version-import.ts';

export { Blobs, BlobWriter, type BlobReader, type BlobResult } from './objects/blobs.ts';
export type { JournalEntry, JournalRecord } from './objects/journal.ts';
export { FollowerStoppedError, JournalFollower, type FollowerOptions } from './objects/journal-follower.ts';
export type { ObjectEvent } from './objects/object-events.ts';
export { ignoreBroken, ObjectStoreError } from './objects/object-errors.ts';
export type { ObjectReader } from './objects/object-reader.ts';
export type { Link } from './objects/links.ts';
export { ObjectStore, type ObjectStoreOptions } from './objects/object-store.ts';
export {
    ObjectTransaction,
    type StoreAs,
    type UnversionedResult,
    type VersionedResult,
} from './objects/object-transaction.ts';
export {
    getAllEntries,
    getAllIdObjectEntries,
    getOnlyLatestReferencingObjsHash,
    getOnlyLatestReferencingObjsHashAndId,
    type LatestEntry,
} from './objects/reverse-map-queries.ts';
export {
    importFetched,
    nodesToMerge,
    type FetchedNodes,
    type MergeChoice,
    type VersionImporter,
} from './versions/fetched-nodes.ts';
export { MergeError } from './versions/merge-errors.ts';
export type { ListedNode } from './versions/version-nodes.ts';
export { ReverseMapDamagedError, ReverseMapEnabledError, type ReverseMapTypes } from './objects/reverse-map.ts';

export { LocalSettingsStore, SettingsError } from './settings/settings-store.ts';
export type { SettingsStore, TextStorage } from './settings/settings-store.ts';

export { MemoryBackend } from './storage/memory/memory-backend.ts';
export { StorageCipher, StorageCipherError } from './storage/original-browser/storage-cipher.ts';
export type { StorageKeyRecords } from './storage/original-browser/storage-cipher.ts';
export { EncryptedBackend } from './storage/encrypted/encrypted-backend.ts';
export { PackedBackend } from './storage/packed-backend.ts';
export { copyInstance, type LayerOptions } from './instance/storage-layers.ts';
export { copyStore, type CopyProgress, type CopySource } from './storage/copy-store.ts';
export type { BlobFileReader, BlobFiles, BlobFileWriter } from './storage/blob-files.ts';
export { checkWrites, ensureStorageKey, listSpaces, spaces, valueSpaces } from './storage/storage-backend.ts';
export type {
    Append,
    ListEntry,
    ListRange,
    ListSpace,
    Space,
    StorageBackend,
    StorageReader,
    ValueSpace,
    Write,
} from './storage/storage-backend.ts';
export {
    InvalidStorageKeyError,
    StorageError,
    StorageKeyExistsError,
    TransactionTooLargeError,
    type StorageErrorCode,
} from './storage/storage-errors.ts';
export { Store, type StoreReader, type Transaction } from './storage/store.ts';
export { systemTimer, Waiter, type Timer } from './waiter.ts';
export { Slots } from './slots.ts';
