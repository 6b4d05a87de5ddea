export { PostgresBackend } from './postgres-backend.ts';
export type { PostgresOptions } from './postgres-backend.ts';
