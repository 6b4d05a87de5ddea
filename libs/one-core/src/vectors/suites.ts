import { accessSuite } from './access-suite.ts';
import { chumReactionsSuite } from './chum-reactions-suite.ts';
import { chumTranscriptsSuite } from './chum-transcripts-suite.ts';
import { cryptoSuite } from './crypto-suite.ts';
import { instanceFolderSuite } from './instance-folder-suite.ts';
import { objectsSuite } from './objects-suite.ts';
import { versionsSuite } from './versions-suite.ts';
import type { VectorSuite } from './vector-suite.ts';

/** Vector suites of this library. */
export const vectorSuites: readonly VectorSuite[] = [
    objectsSuite,
    cryptoSuite,
    instanceFolderSuite,
    versionsSuite,
    accessSuite,
    chumTranscriptsSuite,
    chumReactionsSuite,
];
