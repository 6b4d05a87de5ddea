import { KeysRecipe, personIdHash, type Keys, type ObjectReader, type PublicIdentityRecord } from '@refinio/one.core';
import { readAs } from '../typed-objects.ts';
import type { Endpoints } from './endpoints.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import type { People } from './people.ts';

export interface ImportContactOptions {
    /** Also of persons who are known with other keys: only after people have compared them. Default: not. */
    readonly replaceKeys?: boolean;
}

/**
 * Whoever claims the e-mail of somebody is not that person (spec 50 §6).
 * @throws LeuteError `PERSON_IS_ME`; `KEYS_DIFFER` for a person who is known with other keys
 */
export async function ensureNotSomebodyElse(
    objects: ObjectReader,
    people: People,
    endpoints: Endpoints,
    record: PublicIdentityRecord,
    { replaceKeys = false }: ImportContactOptions,
): Promise<void> {
    const person = await personIdHash(record.personEmail);
    if ((await people.ownIdentities()).has(person))
        throw new LeuteError('PERSON_IS_ME', 'This is the identity of yourself, or of another device with your person');
    if (replaceKeys) return;
    const known: Keys[] = [];
    for (const { personId, personKeys } of await endpoints.ofPerson(person)) {
        if (personId !== person) continue;
        const keys = await readAs(objects, KeysRecipe, personKeys).catch(ignoreBroken);
        if (keys !== undefined && keys.owner === (person as unknown)) known.push(keys);
    }
    const { personKeyPublic, personSignKeyPublic } = record;
    const isSame = ({ publicKey, publicSignKey }: Keys): boolean =>
        publicKey === personKeyPublic && publicSignKey === personSignKeyPublic;
    if (known.length > 0 && !known.some(isSame))
        throw new LeuteError(
            'KEYS_DIFFER',
            `The person ${person.slice(0, 8)}… is known with other keys: somebody else may claim to be this person`,
        );
}
