export { checkLogs, checkTables } from './level-files.ts';
export { EmbeddedBackend, type EmbeddedBackendOptions } from './embedded-backend.ts';
