import type { Suite } from './suite.ts';
import { core } from './suites/core.ts';

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [core];
