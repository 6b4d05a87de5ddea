import type { VectorSuite } from '@refinio/one.core/vectors';
import { connectionsSuite } from './connections-suite.ts';
import { modelsSuite } from './models-suite.ts';
import { originalPeopleSuite } from './original-people-suite.ts';
import { relaySuite } from './relay-suite.ts';

/** Vector suites of this library. */
export const vectorSuites: readonly VectorSuite[] = [connectionsSuite, modelsSuite, originalPeopleSuite, relaySuite];
