// What every backend has to do, as cases without a test runner: the tests run them against real engines, in Node and in a
// browser; who writes a backend of their own can run them, too.
import { blobs } from './acceptance/blobs.ts';
import type { AcceptanceOptions, StorageUnderTest } from './acceptance/case.ts';
import { life } from './acceptance/life.ts';
import { lists } from './acceptance/lists.ts';
import { values } from './acceptance/values.ts';

export type { AcceptanceOptions, StorageUnderTest } from './acceptance/case.ts';
export { contentsOf, keysOf } from './acceptance/contents.ts';
export { FaultyBackend, type Faults } from './faulty-backend.ts';

export interface AcceptanceCase {
    readonly name: string;
    /** Fails by throwing. */
    readonly run: () => Promise<void>;
}

/** @param create a new place for each case */
export function storageAcceptance(
    create: () => Promise<StorageUnderTest>,
    options: AcceptanceOptions = {},
): AcceptanceCase[] {
    return Object.entries({ ...values, ...lists, ...blobs, ...(options.durable === false ? {} : life) }).map(
        ([name, test]) => ({
            name,
            run: async () => {
                await using place = await create();
                await test(place, options);
            },
        }),
    );
}
