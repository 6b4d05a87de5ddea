import type {
    BLOB,
    Group,
    ObjectReader,
    ObjectTransaction,
    OneInstance,
    Person,
    SHA256Hash,
    SHA256IdHash,
} from '@refinio/one.core';
import { createRandomString, GroupRecipe } from '@refinio/one.core';
import { OneEvent } from '../one-event.ts';
import { GroupProfileRecipe, type GroupProfile } from '../recipes/people-recipes.ts';
import { currentAs, storeChange } from '../typed-objects.ts';
import { LeuteError } from './leute-error.ts';
import { NO_PICTURE } from './well-known.ts';

const NAME_LENGTH = 32;
const UNNAMED = 'unnamed group';

/** Whether a person is a device that was revoked. */
export type IsRevoked = (person: SHA256IdHash<Person>) => Promise<boolean>;

/** Who came and who went; undefined for nobody. */
export type MembersChanged = [
    added: readonly SHA256IdHash<Person>[] | undefined,
    removed: readonly SHA256IdHash<Person>[] | undefined,
];

/**
 * A named set of persons, and how it is shown (spec 60 §7). Neither is ever shared. What is changed is kept here until
 * `save`, which changes nothing else.
 */
export class GroupModel {
    readonly idHash: SHA256IdHash<Group>;
    /** Told after `save`. */
    readonly onUpdated = new OneEvent<MembersChanged>();
    /** As it is shown. */
    name = '';
    /** Hash of the BLOB of its picture. */
    picture: SHA256Hash<BLOB> | undefined;
    persons: SHA256IdHash<Person>[] = [];
    readonly #one: OneInstance;
    readonly #isRevoked: IsRevoked;
    #internalName = '';
    /** Name and picture when they were loaded. */
    #shown: readonly [name: string, picture: SHA256Hash<BLOB> | undefined] = ['', undefined];
    #members: readonly SHA256IdHash<Person>[] = [];

    private constructor(one: OneInstance, idHash: SHA256IdHash<Group>, isRevoked: IsRevoked) {
        this.#one = one;
        this.idHash = idHash;
        this.#isRevoked = isRevoked;
    }

    /** @param isRevoked tells who must not become a member @throws LeuteError `GROUP_MISSING` */
    static async load(
        one: OneInstance,
        idHash: SHA256IdHash<Group>,
        isRevoked: IsRevoked = () => Promise.resolve(false),
    ): Promise<GroupModel> {
        const model = new GroupModel(one, idHash, isRevoked);
        await model.load();
        return model;
    }

    /** The name by which it is found. */
    get internalGroupName(): string {
        return this.#internalName;
    }

    /** What was changed and not saved is gone. @throws LeuteError `GROUP_MISSING` */
    async load(): Promise<void> {
        const { group, profile } = await currentGroup(this.#one.objects, this.idHash);
        this.#internalName = group.name;
        this.#members = group.person;
        this.persons = [...new Set(group.person)];
        this.name = profile.name;
        this.picture = profile.picture === NO_PICTURE ? undefined : profile.picture;
        this.#shown = [this.name, this.picture];
    }

    /** Loads what others have changed, and tells of it like `save`. What was changed here and not saved is gone. */
    async refresh(): Promise<void> {
        const before = this.#members;
        await this.load();
        const change = changeOf(before, this.#members);
        if (change.some(persons => persons !== undefined)) this.onUpdated.emit(...change);
    }

    /**
     * Changes what was changed here; what others have changed meanwhile stays.
     * @throws LeuteError `DEVICE_REVOKED`, and then nothing is stored
     */
    async save(): Promise<void> {
        const change = await this.#one.objects.transact(async objects => {
            const { group, profile } = await currentGroup(objects, this.idHash);
            const [name, picture] = this.#shown;
            await storeChange<GroupProfile>(objects, {
                ...profile,
                ...(this.name !== name && { name: this.name }),
                ...(this.picture !== picture && { picture: this.picture ?? NO_PICTURE }),
            });
            const removed = this.#members.filter(each => !this.persons.includes(each));
            const added = this.persons.filter(each => !this.#members.includes(each));
            for (const person of added)
                if (await this.#isRevoked(person))
                    throw new LeuteError('DEVICE_REVOKED', `The device ${person.slice(0, 8)}… was revoked`);
            return changeMembers(objects, group, { added, removed });
        });
        await this.load();
        this.onUpdated.emit(...change);
    }
}

/** The group of a name, made if it is not there (spec 60 §7.2). Leute is another matter. */
export async function createGroupIn(objects: ObjectTransaction, name?: string): Promise<SHA256IdHash<Group>> {
    const internalName = name ?? createRandomString(NAME_LENGTH);
    const empty = { $type$: 'Group', name: internalName, person: [] } as const satisfies Group;
    const group = await objects.microdata.idHash<Group>(empty);
    if ((await objects.head(group)) === undefined) await storeChange<Group>(objects, empty);
    const profile = { $type$: 'GroupProfile', group } as const;
    if ((await objects.head(await objects.microdata.idHash(profile))) === undefined)
        await storeChange<GroupProfile>(objects, { ...profile, name: name ?? UNNAMED, picture: NO_PICTURE });
    return group;
}

/** Each person once. */
export async function addMembers(
    objects: ObjectTransaction,
    idHash: SHA256IdHash<Group>,
    persons: readonly SHA256IdHash<Person>[],
): Promise<MembersChanged> {
    return changeMembersIn(objects, idHash, { added: persons, removed: [] });
}

type MemberChange = Readonly<Record<'added' | 'removed', readonly SHA256IdHash<Person>[]>>;

export async function changeMembersIn(
    objects: ObjectTransaction,
    idHash: SHA256IdHash<Group>,
    change: MemberChange,
): Promise<MembersChanged> {
    return changeMembers(objects, (await currentGroup(objects, idHash)).group, change);
}

async function changeMembers(
    objects: ObjectTransaction,
    group: Group,
    { added, removed }: MemberChange,
): Promise<MembersChanged> {
    const isRemoved = new Set(removed);
    const person = [...new Set([...group.person.filter(each => !isRemoved.has(each)), ...added])];
    if (person.length !== group.person.length || person.some((each, i) => each !== group.person[i]))
        await storeChange<Group>(objects, { ...group, person });
    return changeOf(group.person, person);
}

function changeOf(before: readonly SHA256IdHash<Person>[], after: readonly SHA256IdHash<Person>[]): MembersChanged {
    const [was, is] = [new Set(before), new Set(after)];
    const [came, went] = [after.filter(each => !was.has(each)), before.filter(each => !is.has(each))];
    return [came.length > 0 ? came : undefined, went.length > 0 ? went : undefined];
}

export async function currentGroup(objects: ObjectReader, idHash: SHA256IdHash<Group>) {
    const group = (await currentAs(objects, GroupRecipe, idHash))?.obj;
    if (group === undefined) throw new LeuteError('GROUP_MISSING', `There is no group ${idHash.slice(0, 8)}…`);
    const id = { $type$: 'GroupProfile', group: idHash } as const;
    const profile = (await currentAs(objects, GroupProfileRecipe, await objects.microdata.idHash(id)))?.obj;
    return { group, profile: profile ?? { ...id, name: group.name, picture: NO_PICTURE } };
}
