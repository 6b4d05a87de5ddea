export { OneError } from './errors.ts';
export { ensureHash, ensureIdHash, InvalidHashError, isHash } from './hashes.ts';
export type { SHA256Hash, SHA256IdHash } from './hashes.ts';
export { hashBytes, hashText } from './crypto/hash.ts';
