export { FileBackend } from './file-backend.ts';
export type { FileBackendOptions } from './file-backend.ts';
export { FileSettingsStore } from './file-settings-store.ts';
export { FolderInUseError, lockFolder } from './folder-lock.ts';
