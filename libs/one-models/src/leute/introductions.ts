// Contacts that come with profiles that others pass on. A hostile peer can make up any number of persons, and send
// profiles of them; and each of those can connect, and introduce others. So every contact that was introduced counts
// for the one whom I have met myself.
//
//   state/introducer.<person>      ID hash of the one through whom the person became a contact
//   state/introduced.<introducer>  how many contacts came through somebody
//
// Contacts that are removed go on counting: otherwise they would come again as others.
import {
    ensureIdHash,
    shownBy,
    type ObjectTransaction,
    type Person,
    type SHA256IdHash,
    type StorageReader,
} from '@refinio/one.core';
import { MAX_INTRODUCED } from '../limits.ts';
import type { Profile } from '../recipes/people-recipes.ts';
import { newestVersions } from '../trust/newest-versions.ts';
import type { Owners } from './hearsay.ts';
import { LeuteError } from './leute-error.ts';

type PersonId = SHA256IdHash<Person>;

const introducerKey = (person: PersonId): string => `introducer.${person}`;
const introducedKey = (introducer: PersonId): string => `introduced.${introducer}`;

export class Introductions {
    readonly #owners: Owners;
    readonly #onRefused: (error: LeuteError) => void;
    /** Of whom it was told that nobody else becomes a contact through them. */
    readonly #told = new Set<PersonId>();

    /** @param onRefused told once of everybody who has introduced too many */
    constructor(owners: Owners, onRefused: (error: LeuteError) => void) {
        this.#owners = owners;
        this.#onRefused = onRefused;
    }

    /**
     * Whether a person may become a contact because of a profile. What I have written, or one of my devices has sent,
     * or the person itself, always does.
     */
    async admit(objects: ObjectTransaction, person: PersonId, profile: SHA256IdHash<Profile>): Promise<boolean> {
        const { transaction } = objects;
        const senders = new Set<PersonId>();
        for (const version of await newestVersions(objects, profile)) {
            const each = (await shownBy(transaction, version)) as readonly PersonId[];
            // What nobody has sent was written here.
            if (each.length === 0) return true;
            for (const sender of each) senders.add(sender);
        }
        if (senders.has(person)) return true;
        for (const sender of senders) if (await this.#owners.isMine(sender)) return true;
        for (const sender of senders) {
            const introducer = (await introducerOf(transaction, sender)) ?? sender;
            const count = Number(await textOf(transaction, introducedKey(introducer)));
            if (count >= MAX_INTRODUCED) {
                this.#tell(introducer);
                continue;
            }
            transaction.put('state', introducedKey(introducer), utf8.encode(String(count + 1)));
            transaction.put('state', introducerKey(person), utf8.encode(introducer));
            return true;
        }
        return false;
    }

    #tell(introducer: PersonId): void {
        if (this.#told.has(introducer)) return;
        this.#told.add(introducer);
        const message = `The contact ${introducer.slice(0, 8)}… has passed on more than ${MAX_INTRODUCED} persons: others are stored, but become no contacts`;
        this.#onRefused(new LeuteError('TOO_MANY_INTRODUCED', message));
    }
}

/** When I have met a person, whom it introduces counts for itself. */
export async function forgetIntroducer({ transaction }: ObjectTransaction, person: PersonId): Promise<void> {
    if ((await introducerOf(transaction, person)) !== undefined) transaction.delete('state', introducerKey(person));
}

async function introducerOf(reader: Pick<StorageReader, 'get'>, person: PersonId): Promise<PersonId | undefined> {
    const introducer = await textOf(reader, introducerKey(person));
    return introducer === '' ? undefined : ensureIdHash<Person>(introducer);
}

async function textOf(reader: Pick<StorageReader, 'get'>, key: string): Promise<string> {
    return new TextDecoder().decode(await reader.get('state', key));
}

const utf8 = new TextEncoder();
