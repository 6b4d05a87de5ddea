import type { Person, SHA256IdHash } from '@refinio/one.core';

/** Who this instance knows. The answers change only with versions of `Leute`, `Someone` and `Profile`. */
export interface KnownPeople {
    /** The person of my main profile: the only one that grants rights (spec 32-C.3). */
    mainIdentity(): Promise<SHA256IdHash<Person>>;
    ownIdentities(): Promise<ReadonlySet<SHA256IdHash<Person>>>;
    /** Whether a person is listed in a someone that is me or a contact. Keys of nobody else count (spec 32-C.1). */
    isKnown(person: SHA256IdHash<Person>): Promise<boolean>;
}
