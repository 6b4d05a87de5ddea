// The group of everybody whose ID was seen since it is there, and of all contacts of before (spec 60 §7.4). What is
// granted to it is told to all of them: it is off unless asked for.
import {
    JournalFollower,
    type JournalEntry,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { EVERYONE_QUIET_MS, MAX_EVERYONE } from '../limits.ts';
import { SomeoneRecipe } from '../recipes/people-recipes.ts';
import { currentAs } from '../typed-objects.ts';
import { AddressBook } from './address-book.ts';
import type { DeviceModel } from './device-model.ts';
import { addMembers, currentGroup } from './group-model.ts';
import { LeuteError } from './leute-error.ts';
import { EVERYONE_ID, ME_ID } from './well-known.ts';

const PERSON_FRAME = '<div data-id-object="true" itemscope itemtype="//refin.io/Person">';

/** Adds persons some time after the last one has come, so that many become members with one version of the group. */
export function followPersons(
    one: OneInstance,
    devices: Pick<DeviceModel, 'isRevoked'>,
    onError: (error: unknown) => void,
): JournalFollower {
    let isFull = false;
    const add = async (objects: ObjectTransaction, persons: readonly SHA256IdHash<Person>[]): Promise<void> => {
        const members: SHA256IdHash<Person>[] = [];
        for (const person of persons) if (!(await devices.isRevoked(person))) members.push(person);
        const { group } = await currentGroup(objects, EVERYONE_ID);
        const room = MAX_EVERYONE - group.person.length;
        const isMember = new Set(group.person);
        const added = members.filter(person => !isMember.has(person));
        if (added.length > room && !isFull) {
            isFull = true;
            onError(
                new LeuteError(
                    'GROUP_IS_FULL',
                    `The group of everybody has ${MAX_EVERYONE} members: others are left out`,
                ),
            );
        }
        if (room > 0 && added.length > 0) await addMembers(objects, EVERYONE_ID, added.slice(0, room));
    };
    const startAnew = async (
        objects: ObjectTransaction,
        _: readonly JournalEntry[],
        isFirst: boolean,
    ): Promise<void> => {
        if (!isFirst) return;
        const { others } = await AddressBook.read(objects);
        const known: SHA256IdHash<Person>[] = [];
        for (const id of [ME_ID, ...others])
            known.push(...((await currentAs(objects, SomeoneRecipe, id))?.obj.identities.keys() ?? []));
        await add(objects, known);
    };
    const handle = async (objects: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> => {
        const persons: SHA256IdHash<Person>[] = [];
        for (const { kind, hash } of entries.flatMap(({ records }) => records))
            if (kind === 'idObject' && (await objects.findText(hash))?.startsWith(PERSON_FRAME) === true)
                persons.push(hash as SHA256IdHash<Person>);
        await add(objects, persons);
    };
    return JournalFollower.start({
        objects: one.objects,
        name: 'everyone',
        handle,
        startAnew,
        onError,
        quietMs: EVERYONE_QUIET_MS,
    });
}
