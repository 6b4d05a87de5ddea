export { readinessSchema } from './contracts/readiness.ts';
export type { Readiness } from './contracts/readiness.ts';
export { archiveStatusSchema, systemStatusSchema } from './contracts/system-status.ts';
export type { ArchiveStatus, SystemStatus } from './contracts/system-status.ts';
export { archiveEmail, InvalidEmailError, newDeviceEmail, normalizeEmail } from './identity/instance-email.ts';
export { PROCESSES } from './processes.ts';
export type { ProcessDescription, ProcessName } from './processes.ts';
