// The group of everybody whose ID was ever seen (spec 60 §7.4). What is granted to it is told to all of them: it is off unless asked for.
import {
    JournalFollower,
    type JournalEntry,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { EVERYONE_QUIET_MS } from '../limits.ts';
import { addMembers } from './group-model.ts';
import { EVERYONE_ID } from './well-known.ts';

const PERSON_FRAME = '<div data-id-object="true" itemscope itemtype="//refin.io/Person">';

/** Adds persons some time after the last one has come, so that many become members with one version of the group. */
export function followPersons(one: OneInstance, onError: (error: unknown) => void): JournalFollower {
    const handle = async (objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> => {
        const persons: SHA256IdHash<Person>[] = [];
        for (const { kind, hash } of entries.flatMap(({ records }) => records))
            if (kind === 'idObject' && (await objects.findText(hash))?.startsWith(PERSON_FRAME) === true)
                persons.push(hash as SHA256IdHash<Person>);
        if (persons.length > 0) await addMembers(objects, EVERYONE_ID, persons);
    };
    return JournalFollower.start({
        objects: one.objects,
        name: 'everyone',
        handle,
        onError,
        quietMs: EVERYONE_QUIET_MS,
    });
}
