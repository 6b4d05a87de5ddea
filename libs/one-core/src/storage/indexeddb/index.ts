export { IndexedDbBackend } from './indexeddb-backend.ts';
export type { IndexedDbBackendOptions } from './indexeddb-backend.ts';
