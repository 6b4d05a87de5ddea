// For tests: instances with people, in memory.
import {
    createChannelPair,
    generateIdentityRecord,
    MemoryBackend,
    OneInstance,
    publicIdentityRecord,
    uint8ArrayToHex,
    type OpenOptions,
    type PublicIdentityRecord,
    type StorageBackend,
} from '@refinio/one.core';
import { modelOptions } from '../model-options.ts';
import { LeuteModel, type LeuteOptions } from './leute-model.ts';

export interface TestPerson extends AsyncDisposable {
    readonly one: OneInstance;
    readonly leute: LeuteModel;
}

export async function openInstance(
    name: string,
    options: Partial<OpenOptions> & { readonly storage?: StorageBackend } = {},
): Promise<OneInstance> {
    return OneInstance.open({
        ...modelOptions,
        ...{ name: `${name} device`, email: `${name}@test`, secret: name },
        ...{ storage: new MemoryBackend(), encryptStorage: false },
        ...options,
    });
}

/** An instance with its LeuteModel. */
export async function testPerson(
    name: string,
    options: LeuteOptions & { storage?: StorageBackend } = {},
): Promise<TestPerson> {
    const { storage, ...rest } = options;
    const one = await openInstance(name, storage && { storage });
    const errors: unknown[] = [];
    const leute = new LeuteModel(one, {
        commServerUrl: 'wss://relay.test',
        onError: error => errors.push(error),
        ...rest,
    });
    await leute.init();
    return {
        one,
        leute,
        [Symbol.asyncDispose]: async () => {
            await leute.shutdown();
            await one[Symbol.asyncDispose]();
            if (errors.length > 0) throw new AggregateError(errors, `${name} has reported errors`);
        },
    };
}

/** Somebody of whom there is only the record. */
export function recordOf(name: string): PublicIdentityRecord {
    const names = { personEmail: `${name}@test`, instanceName: `${name} device`, url: 'wss://relay.test' };
    return publicIdentityRecord(generateIdentityRecord(names));
}

/** What an instance says of itself when it is paired. */
export async function ownRecord({ one }: TestPerson): Promise<PublicIdentityRecord> {
    using person = await one.keyChain.createCryptoApiFromDefaultKeys(one.owner);
    using instance = await one.keyChain.createCryptoApiFromDefaultKeys(one.id);
    return {
        ...{ type: 'public', personEmail: one.email, instanceName: one.name, url: 'wss://relay.test' },
        personKeyPublic: uint8ArrayToHex(person.publicEncryptionKey),
        personSignKeyPublic: uint8ArrayToHex(person.publicSignKey),
        instanceKeyPublic: uint8ArrayToHex(instance.publicEncryptionKey),
        instanceSignKeyPublic: uint8ArrayToHex(instance.publicSignKey),
    };
}

/** One pass of CHUM in both directions. */
export async function synchronize(a: TestPerson, b: TestPerson): Promise<void> {
    const [left, right] = createChannelPair();
    const sessions = [
        a.one.startChum({ channel: left, chumName: 'test', remoteInstanceName: b.one.name, remotePerson: b.one.owner }),
        b.one.startChum({
            channel: right,
            chumName: 'test',
            remoteInstanceName: a.one.name,
            remotePerson: a.one.owner,
        }),
    ];
    for (const session of sessions) {
        const { error, errors } = await session.ended;
        if (error !== undefined || errors.length > 0) throw new AggregateError([error, ...errors], 'CHUM has failed');
    }
    for (const { leute } of [a, b]) await leute.settled();
}
