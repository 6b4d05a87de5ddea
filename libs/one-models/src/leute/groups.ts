import type { Group, ObjectTransaction, OneInstance, SHA256IdHash } from '@refinio/one.core';
import { AddressBook } from './address-book.ts';
import { removeGroupGrants } from './device-grants.ts';
import { addMembers, createGroupIn, currentGroup, GroupModel, changeMembersIn, type IsRevoked } from './group-model.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import type { People } from './people.ts';
import { BLACKLIST_ID, EVERYONE, EVERYONE_ID, INITIALLY_DISABLED_ID, IOM_ID } from './well-known.ts';

/** Something else relies on them. */
const RESERVED: ReadonlySet<SHA256IdHash<Group>> = new Set([EVERYONE_ID, IOM_ID, BLACKLIST_ID, INITIALLY_DISABLED_ID]);

export interface GroupsOptions {
    readonly one: OneInstance;
    readonly people: People;
    readonly isRevoked: IsRevoked;
    readonly tell: (change: {
        readonly type: 'groupAdded' | 'groupRemoved';
        readonly group: SHA256IdHash<Group>;
    }) => void;
}

/** The groups that Leute lists. */
export class Groups {
    readonly #options: GroupsOptions;

    constructor(options: GroupsOptions) {
        this.#options = options;
    }

    async list(): Promise<GroupModel[]> {
        const { groups } = await this.#options.people.listed();
        const loading = groups.map(id => this.#load(id).catch(ignoreBroken));
        return (await Promise.all(loading)).filter(group => group !== undefined);
    }

    async create(name?: string): Promise<GroupModel> {
        const { one, tell } = this.#options;
        const { group, isNew } = await one.objects.transact(async objects => {
            const book = await AddressBook.read(objects);
            const id = await createGroupIn(objects, name);
            book.addGroup(id);
            return { group: id, isNew: await book.store(objects) };
        });
        if (isNew) tell({ type: 'groupAdded', group });
        return this.#load(group);
    }

    async remove(group: SHA256IdHash<Group>): Promise<void> {
        if (RESERVED.has(group))
            throw new LeuteError('GROUP_IS_RESERVED', 'This group cannot be removed: something else relies on it');
        const { one, tell } = this.#options;
        const isListed = await one.objects.transact(async objects => {
            const { group: current } = await currentGroup(objects, group);
            await removeGroupGrants(objects, group);
            await changeMembersIn(objects, group, { added: [], removed: current.person });
            const book = await AddressBook.read(objects);
            book.removeGroup(group);
            return book.store(objects);
        });
        if (isListed) tell({ type: 'groupRemoved', group });
    }

    #load(id: SHA256IdHash<Group>): Promise<GroupModel> {
        return GroupModel.load(this.#options.one, id, this.#options.isRevoked);
    }
}

/** The group of everybody, with its first member. */
export async function createEveryoneIn(
    objects: ObjectTransaction,
    { owner }: Pick<OneInstance, 'owner'>,
): Promise<void> {
    const group = await createGroupIn(objects, EVERYONE);
    const book = await AddressBook.read(objects);
    book.addGroup(group);
    await book.store(objects);
    await addMembers(objects, EVERYONE_ID, [owner]);
}
