export { EmbeddedBackend, type EmbeddedBackendOptions } from './embedded-backend.ts';
