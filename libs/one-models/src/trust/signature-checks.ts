import type { ObjectEvent, ObjectReader, Person, SHA256IdHash } from '@refinio/one.core';
import { MAX_TRUST_CACHE } from '../limits.ts';
import { getSignaturesOrThrow, verifies } from './signatures.ts';

/**
 * Which keys have signed what, kept for as long as there is room: a signature never becomes another one, only new ones
 * come. So a statement that nobody has signed, or only with a wrong key, costs something once, however often trust is
 * decided anew.
 */
export class SignatureChecks {
    readonly #objects: ObjectReader;
    /** By what is signed; then by issuer and key. */
    readonly #checked = new Map<string, Map<string, boolean>>();
    #count = 0;

    constructor(objects: ObjectReader) {
        this.#objects = objects;
    }

    /** To be told of everything that is stored. */
    onStored(event: ObjectEvent): void {
        if (event.type !== 'unversioned' || event.obj.$type$ !== 'Signature') return;
        // Whoever is just reading writes to what is not kept any more.
        this.#checked.delete(String(event.obj['data']));
    }

    /**
     * Those of some keys with which an issuer has signed something.
     * @throws as `readAs` if a signature cannot be read
     */
    async keysThatSigned(
        dataHash: string,
        issuer: SHA256IdHash<Person>,
        keys: readonly string[],
    ): Promise<readonly string[]> {
        const checked = this.#of(dataHash);
        const open = keys.filter(key => !checked.has(`${issuer}.${key}`));
        if (open.length > 0) {
            const signatures = await getSignaturesOrThrow(this.#objects, dataHash, issuer);
            for (const key of open)
                checked.set(
                    `${issuer}.${key}`,
                    signatures.some(({ obj }) => verifies(obj, key)),
                );
            this.#count += open.length;
        }
        return keys.filter(key => checked.get(`${issuer}.${key}`) === true);
    }

    #of(dataHash: string): Map<string, boolean> {
        if (this.#count > MAX_TRUST_CACHE) {
            this.#checked.clear();
            this.#count = 0;
        }
        const checked = this.#checked.get(dataHash) ?? new Map<string, boolean>();
        this.#checked.set(dataHash, checked);
        return checked;
    }
}
