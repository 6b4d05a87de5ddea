// models.json (spec 60): what an instance stores of people, step by step, object by object. Channels and chats follow with their
// chapters; then a step that is not known will be a failure.
import {
    contentTypeOfText,
    createAccess,
    hashText,
    type ObjectTransaction,
    type OneInstance,
    signHash,
    type PublicIdentityRecord,
    type SHA256Hash,
    type SHA256IdHash,
    type Typed,
} from '@refinio/one.core';
import { expectEqual, type VectorCase, type VectorSuite } from '@refinio/one.core/vectors';
import { AddressBook } from '../leute/address-book.ts';
import { storeContactIdentity, trustProfile } from '../leute/contact-identity.ts';
import { firstStart, ownReachable } from '../leute/first-start.ts';
import { addMembers, createGroupIn, GroupModel } from '../leute/group-model.ts';
import { ProfileModel } from '../leute/profile-model.ts';
import { SomeoneModel } from '../leute/someone-model.ts';
import { DEFAULT_PROFILE, EVERYONE, EVERYONE_ID } from '../leute/well-known.ts';
import type { Profile, Someone } from '../recipes/people-recipes.ts';
import { SignatureRecipe, type Signature } from '../recipes/trust-recipes.ts';
import { createSigner, type Signer } from '../trust/signer.ts';
import type { Version } from '../typed-objects.ts';
import { createAlice, type AliceVectors } from './alice.ts';
import { deployedLicenses } from './deployed-licenses.ts';

interface Created {
    readonly kind: 'obj' | 'id' | 'blob';
    readonly type?: string;
    readonly hash: string;
    /** Of a License only its name is recorded. */
    readonly microdata?: string;
}

interface StepVectors {
    readonly step: string;
    readonly input?: {
        readonly identity?: PublicIdentityRecord;
        readonly objects?: readonly Typed[];
        readonly imageBlobText?: string;
    };
    readonly result?: Readonly<Record<string, string>>;
    readonly created: readonly Created[];
}

interface ModelVectors {
    readonly inputs: { readonly commServerUrl: string; readonly alice: AliceVectors };
    readonly steps: readonly StepVectors[];
    readonly wellKnownIds: readonly { readonly obj: Typed; readonly idMicrodata: string; readonly idHash: string }[];
}

const LICENSE = /(itemprop="license" data-type="obj">)[0-9a-f]{64}/;
const SOMEONE_ID = '0123456789abcdefghijklmnopqrstuv';
/** Not recorded: the graph of versions, what an instance says of its recipes, and texts of licenses, which are our own. */
const LEFT_OUT = /^(?:VersionNode\w+|Recipe(?: \[ID\])?|License|Instance)$/;

export const modelsSuite: VectorSuite = {
    file: 'models.json',
    cases: json => {
        const vectors = json as ModelVectors;
        const run = new Recording(vectors);
        return [
            ...vectors.steps
                .filter(({ step }) => step in actions)
                .map((step): VectorCase => ({ name: `people/${step.step}`, run: () => run.check(step) })),
            ...vectors.wellKnownIds.map(({ obj, idMicrodata, idHash }) => ({
                name: `id/${idMicrodata.replaceAll(/<[^>]*>/g, ' ').trim()}`,
                run: () => run.checkId(obj, idMicrodata, idHash),
            })),
        ];
    },
};

/** What the steps hand on. */
interface Scene {
    readonly one: OneInstance;
    readonly url: string;
    readonly alice: Signer;
    own?: ProfileModel;
    bob?: Version<Profile>;
    someone?: SHA256IdHash<Someone>;
    friends?: GroupModel;
}

type Action = (scene: Scene, step: StepVectors) => Promise<Readonly<Record<string, string | undefined>> | undefined>;

const actions: Readonly<Record<string, Action>> = {
    'first-start': async ({ one, url, alice }) => {
        const reachable = await ownReachable(one, url);
        await one.objects.transact(async objects => {
            await firstStart(objects, reachable, alice);
            await withBook(objects, async book => book.addGroup(await createGroupIn(objects, EVERYONE)));
            await addMembers(objects, EVERYONE_ID, [one.owner]);
        });
        return { personId: one.owner, instanceId: one.id };
    },
    'descriptions-and-endpoints': async ({ one }, { input }) => {
        await one.blobs.store([new TextEncoder().encode(input?.imageBlobText)]);
        for (const object of input?.objects ?? []) await one.objects.storeUnversionedObject(object);
        return undefined;
    },
    'profile-name': async scene => {
        const id = { profileId: DEFAULT_PROFILE, personId: scene.one.owner, owner: scene.one.owner };
        const own = await ProfileModel.create(scene.one, id);
        own.name = 'Alice';
        await own.save();
        scene.own = own;
        return { profileHash: own.loadedVersion };
    },
    'contact-identity': async (scene, { input }) => {
        const { identity } = input ?? {};
        if (identity === undefined) throw new Error('the step has no identity');
        scene.bob = await scene.one.objects.transact(objects => storeContactIdentity(objects, identity, scene.alice));
        const { obj, hash, idHash } = scene.bob;
        return { personId: obj.personId, profileIdHash: idHash, profileHash: hash };
    },
    'contact-trust': async ({ one, alice, bob }) => {
        await one.objects.transact(objects => trustProfile(objects, known(bob), alice));
        return undefined;
    },
    'contact-someone': async scene => {
        const { obj, idHash } = known(scene.bob);
        await scene.one.objects.transact(objects =>
            withBook(objects, async book => {
                scene.someone = (await book.addContact(obj.personId, idHash, SOMEONE_ID)).idHash;
            }),
        );
        return { someoneIdHash: scene.someone };
    },
    'contact-own-profile': async ({ one, bob, someone }) => {
        const model = await SomeoneModel.load(one, known(someone));
        const id = { profileId: DEFAULT_PROFILE, personId: known(bob).obj.personId, owner: one.owner };
        const profile = await model.createProfile(id, [], [{ $type$: 'PersonName', name: 'Bobby' }]);
        return { profileIdHash: profile.idHash, profileHash: profile.loadedVersion };
    },
    group: async scene => {
        const { one, bob } = scene;
        const group = await one.objects.transact(async objects => {
            const created = await createGroupIn(objects, 'friends');
            await withBook(objects, book => book.addGroup(created));
            return created;
        });
        scene.friends = await GroupModel.load(one, group);
        scene.friends.persons = [one.owner, known(bob).obj.personId];
        await scene.friends.save();
        return { groupIdHash: group };
    },
    'group-profile': async ({ one, friends }) => {
        const group = known(friends);
        const { hash } = await one.blobs.store([new TextEncoder().encode('group picture')]);
        group.name = 'My friends';
        group.picture = hash as GroupModel['picture'];
        await group.save();
        return undefined;
    },
    'share-profile': async ({ one, own, bob }) => {
        const person = [known(bob).obj.personId];
        await createAccess(one.objects, [{ id: known(own).idHash, person, mode: 'add' }]);
        return undefined;
    },
    'share-profile-add': async ({ one, own, friends }) => {
        const group = [known(friends).idHash];
        await createAccess(one.objects, [{ id: known(own).idHash, person: [one.owner], group, mode: 'add' }]);
        return undefined;
    },
    'share-profile-replace': async ({ one, own, bob }) => {
        const person = [known(bob).obj.personId];
        await createAccess(one.objects, [{ id: known(own).idHash, person, mode: 'replace' }]);
        return undefined;
    },
};

/** All steps one after the other in one instance, run when the first case asks for them. */
class Recording {
    readonly #vectors: ModelVectors;
    readonly #failures = new Map<string, unknown>();
    #run: Promise<Scene> | undefined;

    constructor(vectors: ModelVectors) {
        this.#vectors = vectors;
    }

    async check({ step }: StepVectors): Promise<void> {
        await this.#scene();
        if (this.#failures.has(step)) throw this.#failures.get(step);
    }

    async checkId(obj: Typed, idMicrodata: string, idHash: string): Promise<void> {
        const { one } = await this.#scene();
        expectEqual(await hashText(idMicrodata), idHash, 'hash');
        // Types of later chapters have no recipe yet.
        if (one.recipes.has(obj.$type$)) expectEqual(one.microdata.writeId(obj), idMicrodata, 'ID microdata');
    }

    #scene(): Promise<Scene> {
        this.#run ??= this.#play();
        return this.#run;
    }

    async #play(): Promise<Scene> {
        const { alice, commServerUrl: url } = this.#vectors.inputs;
        const one = await createAlice(alice);
        const scene: Scene = { one, url, alice: await createSigner(one.keyChain, one.owner) };
        // The identity is there before the first step, which tells of it.
        const before = new Set<string>();
        for (const step of this.#vectors.steps) {
            const action = actions[step.step];
            if (action === undefined) continue;
            try {
                const result = await action(scene, step);
                for (const [name, value] of Object.entries(result ?? {})) expectEqual(value, step.result?.[name], name);
                await this.#checkCreated(scene, step, before);
            } catch (error) {
                this.#failures.set(step.step, error);
            }
        }
        return scene;
    }

    async #checkCreated({ one, alice }: Scene, { created }: StepVectors, before: Set<string>): Promise<void> {
        const texts: string[] = [];
        for await (const hash of one.objects.store.keys('objects')) {
            if (before.has(hash)) continue;
            before.add(hash);
            if (created.some(each => each.kind === 'blob' && each.hash === hash)) continue;
            const text = await one.objects.text(hash);
            const type = contentTypeOfText(text);
            if (!LEFT_OUT.test(type)) texts.push(text);
        }
        const expected = created.flatMap(({ microdata, type }) =>
            microdata === undefined || type === 'License' ? [] : [microdata],
        );
        expectEqual((await asDeployed(one, alice, texts)).sort(), [...expected].sort(), 'objects');
        for (const { kind, hash, microdata } of created) {
            if (kind === 'blob') expectEqual(await one.blobs.has(hash), true, `BLOB ${hash}`);
            else if (microdata !== undefined) expectEqual(await hashText(microdata), hash, 'hash');
        }
    }
}

/** Our certificates as they are with the recorded licenses, and the signatures of them. */
async function asDeployed({ microdata }: OneInstance, alice: Signer, texts: readonly string[]): Promise<string[]> {
    const certificates = new Map<string, string>();
    for (const text of texts) {
        const license = deployedLicenses.get(contentTypeOfText(text));
        if (license !== undefined) certificates.set(text, text.replace(LICENSE, `$1${license}`));
    }
    const renamed = new Map<string, SHA256Hash>();
    for (const [ours, deployed] of certificates) renamed.set(await hashText(ours), await hashText(deployed));
    return texts.map(text => {
        if (contentTypeOfText(text) !== 'Signature') return certificates.get(text) ?? text;
        const signature = microdata.parseAs(SignatureRecipe, text);
        const data = renamed.get(signature.data);
        if (data === undefined) return text;
        return microdata.write({
            ...signature,
            data,
            signature: signHash(data, bytes => alice.sign(bytes)),
        } as Signature);
    });
}

async function withBook(objects: ObjectTransaction, change: (book: AddressBook) => unknown): Promise<void> {
    const book = await AddressBook.read(objects);
    await change(book);
    await book.store(objects);
}

/** What an earlier step has left. */
function known<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('an earlier step has failed');
    return value;
}
