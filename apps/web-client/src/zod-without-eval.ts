// Tells zod not to compile schemas with `new Function`: the content security policy forbids it, and already the probe
// whether it works is reported as a violation. Zod reads the setting when a schema is built, so this file is listed
// as a polyfill: polyfills run before the first line of the application, however the bundler splits it.
import { config } from 'zod';

config({ jitless: true });
