export { OriginalBrowserSource, originalDatabaseName } from './original-browser-source.ts';
export type { OriginalBrowserOptions } from './original-browser-source.ts';
