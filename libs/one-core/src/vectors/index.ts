export { expectEqual, expectError } from './expectations.ts';
export { decodeTagged, encodeTagged } from './tagged-values.ts';
export {
    runVectorSuite,
    unknownSections,
    type VectorCase,
    type VectorResult,
    type VectorSuite,
} from './vector-suite.ts';
export { vectorSuites } from './suites.ts';
