// Identity records (spec 31 §9): JSON that carries the keys of one person and one instance, all as hexadecimal text. For
// pairing, for importing contacts, and for creating an instance with keys that exist already.
import { hexToUint8ArrayWithCheck, isHexString, uint8ArrayToHex } from '../crypto/hex.ts';
import {
    createKeyPair,
    createSignKeyPair,
    ensureSecretKey,
    ensureSecretSignKey,
    equalSecrets,
    keyPairOf,
    signKeyPairOf,
    wipe,
    type KeyPair,
    type SignKeyPair,
} from '../crypto/keys.ts';
import { createRandomString } from '../crypto/random.ts';
import { sign, signatureVerify } from '../crypto/sign.ts';
import { OneError } from '../errors.ts';
import type { NewIdentity } from './create-identity.ts';
import { ensureInstanceName } from './instance-ids.ts';

const publicKeys = ['personKeyPublic', 'personSignKeyPublic', 'instanceKeyPublic', 'instanceSignKeyPublic'] as const;
const secretKeys = ['personKeySecret', 'personSignKeySecret', 'instanceKeySecret', 'instanceSignKeySecret'] as const;

interface Names {
    readonly personEmail: string;
    readonly instanceName: string;
    /** Where the instance can be reached. */
    readonly url?: string;
}

/** What others may know. */
export type PublicIdentityRecord = Names & { readonly type: 'public' } & Readonly<
        Record<(typeof publicKeys)[number], string>
    >;

/** Holds secret keys: whoever has it is this person. Never log, queue or send it unsealed. */
export type SecretIdentityRecord = Names & { readonly type: 'secret' } & Readonly<
        Record<(typeof publicKeys)[number] | (typeof secretKeys)[number], string>
    >;

/** A record is incomplete or its keys are none. The message names the field, never its content. */
export class InvalidIdentityRecordError extends OneError {
    readonly code = 'IDENTITY_RECORD_INVALID';

    constructor(field: string, reason: string, options?: ErrorOptions) {
        super(`The identity record cannot be used: ${field} ${reason}.`, options);
    }
}

/** A new identity with random keys; names that are not given are random, too. @throws InvalidInstanceNameError */
export function generateIdentityRecord({
    personEmail = createRandomString(),
    instanceName = createRandomString(),
    url,
}: Partial<Names> = {}): SecretIdentityRecord {
    ensureInstanceName(instanceName, personEmail);
    const [person, personSign, instance, instanceSign] = [
        createKeyPair(),
        createSignKeyPair(),
        createKeyPair(),
        createSignKeyPair(),
    ];
    const record: SecretIdentityRecord = {
        type: 'secret',
        personEmail,
        instanceName,
        personKeyPublic: uint8ArrayToHex(person.publicKey),
        personKeySecret: uint8ArrayToHex(person.secretKey),
        personSignKeyPublic: uint8ArrayToHex(personSign.publicKey),
        personSignKeySecret: uint8ArrayToHex(personSign.secretKey),
        instanceKeyPublic: uint8ArrayToHex(instance.publicKey),
        instanceKeySecret: uint8ArrayToHex(instance.secretKey),
        instanceSignKeyPublic: uint8ArrayToHex(instanceSign.publicKey),
        instanceSignKeySecret: uint8ArrayToHex(instanceSign.secretKey),
        ...(url !== undefined && { url }),
    };
    // The record is made of texts, which nobody can wipe; these copies can be.
    wipe(person.secretKey, personSign.secretKey, instance.secretKey, instanceSign.secretKey);
    return record;
}

/** The part of a record that others may know. */
export function publicIdentityRecord(record: SecretIdentityRecord | PublicIdentityRecord): PublicIdentityRecord {
    const { personEmail, instanceName, url } = record;
    const { personKeyPublic, personSignKeyPublic, instanceKeyPublic, instanceSignKeyPublic } = record;
    return {
        type: 'public',
        personEmail,
        instanceName,
        personKeyPublic,
        personSignKeyPublic,
        instanceKeyPublic,
        instanceSignKeyPublic,
        ...(url !== undefined && { url }),
    };
}

/** Proves that a value from outside is a record with keys of the right lengths. @throws InvalidIdentityRecordError */
export function parseIdentityRecord(value: unknown): SecretIdentityRecord | PublicIdentityRecord {
    const record = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
    const { type, url } = record;
    if (type !== 'public' && type !== 'secret') throw new InvalidIdentityRecordError('type', 'is "public" or "secret"');
    const text = (field: string): string => {
        const content = record[field];
        if (typeof content !== 'string') throw new InvalidIdentityRecordError(field, 'is missing');
        return content;
    };
    const key = (field: string): string => {
        keyBytes(field, text(field));
        return text(field).toLowerCase();
    };
    if (url !== undefined && typeof url !== 'string') throw new InvalidIdentityRecordError('url', 'is no text');
    const names = { personEmail: text('personEmail'), instanceName: text('instanceName') };
    const keysOf = <K extends string>(fields: readonly K[]) =>
        Object.fromEntries(fields.map(field => [field, key(field)])) as Record<K, string>;
    const where = url === undefined ? {} : { url };
    if (type === 'public') return { type, ...names, ...keysOf(publicKeys), ...where };
    return { type, ...names, ...keysOf(publicKeys), ...keysOf(secretKeys), ...where };
}

/**
 * How `createIdentity` makes this identity here; a public record gives the names only. The caller wipes the keys. In a browser
 * after `cryptoReady()`.
 * @throws InvalidIdentityRecordError if a public key does not belong to its secret one
 */
export function identityOf(
    record: SecretIdentityRecord | PublicIdentityRecord,
): Pick<NewIdentity, 'name' | 'email' | 'personKeys' | 'instanceKeys'> {
    const names = { name: record.instanceName, email: record.personEmail };
    if (record.type === 'public') return names;
    return {
        ...names,
        personKeys: { encryption: keyPair(record, 'personKey'), sign: signKeyPair(record, 'personSignKey') },
        instanceKeys: { encryption: keyPair(record, 'instanceKey'), sign: signKeyPair(record, 'instanceSignKey') },
    };
}

function keyPair(record: SecretIdentityRecord, name: 'personKey' | 'instanceKey'): KeyPair {
    const pair = keyPairOf(ensureSecretKey(keyBytes(`${name}Secret`, record[`${name}Secret`])));
    ensureBelongs(`${name}Public`, record[`${name}Public`], pair.publicKey);
    return pair;
}

function signKeyPair(record: SecretIdentityRecord, name: 'personSignKey' | 'instanceSignKey'): SignKeyPair {
    const pair = signKeyPairOf(ensureSecretSignKey(keyBytes(`${name}Secret`, record[`${name}Secret`])));
    ensureBelongs(`${name}Public`, record[`${name}Public`], pair.publicKey);
    // The public key is the second half of the secret one; only a signature shows whether the first half belongs to it.
    const probe = new Uint8Array(1);
    if (!signatureVerify(probe, sign(probe, pair.secretKey), pair.publicKey))
        throw new InvalidIdentityRecordError(`${name}Secret`, 'is damaged');
    return pair;
}

function ensureBelongs(field: string, hex: string, publicKey: Uint8Array): void {
    if (!equalSecrets(keyBytes(field, hex), publicKey))
        throw new InvalidIdentityRecordError(field, 'does not belong to its secret key');
}

/** Neither the text nor a cause that could hold it gets into the error. */
function keyBytes(field: string, hex: string): Uint8Array {
    const length = field.endsWith('SignKeySecret') ? 64 : 32;
    if (!isHexString(hex) || hex.length !== 2 * length)
        throw new InvalidIdentityRecordError(field, `is no key: ${2 * length} hexadecimal digits`);
    return hexToUint8ArrayWithCheck(hex);
}
