export { CommitUnfinishedError, FileBackend } from './file-backend.ts';
export { FileSettingsStore } from './file-settings-store.ts';
