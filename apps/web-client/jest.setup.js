import { setupZonelessTestEnv } from 'jest-preset-angular/setup-env/zoneless/index.mjs';

// Tests that need no page run in the `node` environment, where Angular's test bed has nothing to stand on.
if ('document' in globalThis) setupZonelessTestEnv({ errorOnUnknownElements: true, errorOnUnknownProperties: true });
