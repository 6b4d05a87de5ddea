// What runs for as long as a LeuteModel does: guards of what is granted and taken over, and followers of what is
// stored.
import {
    InstanceRecipe,
    type AccessRequest,
    type JournalFollower,
    type ObjectStore,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { createSigner } from '../trust/signer.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import { currentAs } from '../typed-objects.ts';
import { BookChanges, type BookChangesOptions } from './book-changes.ts';
import { followContacts } from './contact-follower.ts';
import type { TakenOver } from './contact-rules.ts';
import type { DeviceModel } from './device-model.ts';
import { followPersons } from './everyone-group.ts';
import { firstStart, ownReachable } from './first-start.ts';
import { createEveryoneIn } from './groups.ts';
import { ImportRules } from './import-rules.ts';
import { Introductions } from './introductions.ts';
import { LeuteError } from './leute-error.ts';
import { ensureShareable } from './shareable.ts';

export interface RunningLeuteOptions {
    readonly one: OneInstance;
    readonly devices: DeviceModel;
    readonly trust: TrustedKeys;
    readonly commServerUrl: string | undefined;
    readonly createEveryoneGroup: boolean;
    readonly onError: (error: unknown) => void;
    readonly tellChange: BookChangesOptions['tell'];
    readonly tellTakenOver: (taken: readonly TakenOver[]) => void;
}

/** Followers have one cursor per store, and events would come twice. */
const running = new WeakSet<ObjectStore>();

export class RunningLeute implements AsyncDisposable {
    readonly #options: RunningLeuteOptions;
    readonly #followers: JournalFollower[] = [];
    readonly #ends: (() => void)[] = [];
    #changes: BookChanges | undefined;

    private constructor(options: RunningLeuteOptions) {
        this.#options = options;
    }

    /** @throws LeuteError `LEUTE_NOT_READY`, `LEUTE_RUNNING`; KeyChainError */
    static async start(options: RunningLeuteOptions): Promise<RunningLeute> {
        const { objects } = options.one;
        if (running.has(objects))
            throw new LeuteError(
                'LEUTE_RUNNING',
                'Another LeuteModel of this instance runs: share it, or shut it down',
            );
        running.add(objects);
        const leute = new RunningLeute(options);
        leute.#ends.push(() => running.delete(objects));
        try {
            await leute.#store();
            leute.#guard();
            await leute.#follow();
        } catch (error) {
            await leute[Symbol.asyncDispose]();
            throw error;
        }
        return leute;
    }

    /** Waits until everything that is stored now was taken over and told, but for members of the group `everyone`. */
    async settled(): Promise<void> {
        for (const follower of this.#followers.slice(0, 2)) await follower.settled();
        await this.#changes?.settled();
    }

    /** The guards end last. */
    async [Symbol.asyncDispose](): Promise<void> {
        for (const follower of this.#followers.splice(0)) await follower[Symbol.asyncDispose]();
        await this.#changes?.[Symbol.asyncDispose]();
        for (const end of this.#ends.splice(0).reverse()) end();
    }

    async #store(): Promise<void> {
        const { one, commServerUrl, createEveryoneGroup } = this.#options;
        if (!(await isReady(one)))
            throw new LeuteError('LEUTE_NOT_READY', 'Open the instance with "modelOptions", so that it knows people');
        const reachable = await ownReachable(one, commServerUrl);
        using signer = await createSigner(one.keyChain, one.owner);
        await one.objects.transact(async objects => {
            await firstStart(objects, reachable, signer);
            if (createEveryoneGroup) await createEveryoneIn(objects, one);
        });
    }

    #guard(): void {
        const { one, devices: owners, trust } = this.#options;
        const rules = new ImportRules({ objects: one.objects, owners, trust });
        this.#ends.push(
            one.objects.guardAccess((objects, request) => this.#ensureGrantable(objects, request)),
            one.guardImports(version => rules.acceptsVersion(version)),
            one.guardImportedObjects(object => rules.acceptsObject(object)),
        );
    }

    async #follow(): Promise<void> {
        const { one, devices, createEveryoneGroup, onError, tellChange: tell, tellTakenOver } = this.#options;
        this.#changes = new BookChanges({ one, tell, onError });
        // What cannot be read refuses every grant; it does not keep the model from starting.
        await devices.takeBack().catch(onError);
        const introductions = new Introductions(devices, onError);
        this.#followers.push(followContacts({ one, introductions, onTakenOver: tellTakenOver, onError }));
        this.#followers.push(devices.follow(onError));
        if (createEveryoneGroup) this.#followers.push(followPersons(one, devices, onError));
    }

    async #ensureGrantable(objects: ObjectTransaction, request: AccessRequest): Promise<void> {
        const { one, devices } = this.#options;
        await ensureShareable(objects, request, {
            hasBlob: hash => one.blobs.has(hash),
            isForOwnDevices: each => devices.isForOwnDevices(each),
        });
        for (const person of request.person ?? [])
            if (await devices.isRevoked(person as SHA256IdHash<Person>))
                throw new LeuteError('DEVICE_REVOKED', `The device ${person.slice(0, 8)}… was revoked`);
    }
}

async function isReady({ objects, recipes, id }: OneInstance): Promise<boolean> {
    const instance = recipes.has('Leute') ? await currentAs(objects, InstanceRecipe, id) : undefined;
    const { enabledReverseMapTypes: maps, enabledReverseMapTypesForIdObjects: idMaps } = instance?.obj ?? {};
    return maps?.has('Someone') === true && maps.has('Signature') && idMaps?.has('Profile') === true;
}
