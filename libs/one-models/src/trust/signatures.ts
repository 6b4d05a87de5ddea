// Signatures of objects (spec 32-B.2). The message is the text of the hash; whose key it was, only the evaluation of
// trust can say.
import {
    ensureHash,
    ensurePublicSignKey,
    getAllEntries,
    hashSignatureVerify,
    hexToUint8ArrayWithCheck,
    signHash,
    type ObjectReader,
    type ObjectTransaction,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
    type Typed,
} from '@refinio/one.core';
import { SignatureRecipe, type Signature } from '../recipes/trust-recipes.ts';
import { readAs, storeObject } from '../typed-objects.ts';
import { findObject } from './find-object.ts';
import type { Signer } from './signer.ts';

/** An object with its name. */
export interface Named<T> {
    readonly obj: T;
    readonly hash: SHA256Hash<T>;
}

const HEX_KEY = /^[0-9a-f]{64}$/;

/** Stores the signature of an object. Signing the same again gives the same object. */
export async function signIn(objects: ObjectTransaction, dataHash: string, signer: Signer): Promise<Named<Signature>> {
    const data = ensureHash<Typed>(dataHash);
    const signature = signHash(data, bytes => signer.sign(bytes));
    const obj: Signature = { $type$: 'Signature', issuer: signer.issuer, data, signature };
    return { obj, hash: await storeObject(objects, obj) };
}

/**
 * What claims to be signatures of an object, in the order of storing. Those that cannot be read are left out.
 * @param most that are read
 */
export async function getSignatures(
    objects: ObjectReader,
    dataHash: string,
    issuer?: SHA256IdHash<Person>,
    most = Infinity,
): Promise<Named<Signature>[]> {
    const entries = (await getAllEntries(objects, dataHash, 'Signature')).slice(0, most);
    return signaturesOf(dataHash, issuer, entries, hash => findObject(objects, SignatureRecipe, hash));
}

/** `getSignatures` where one that is missing would open something. @throws as `readAs` for each that cannot be read */
export async function getSignaturesOrThrow(
    objects: ObjectReader,
    dataHash: string,
    issuer: SHA256IdHash<Person>,
): Promise<Named<Signature>[]> {
    return signaturesOf(dataHash, issuer, await getAllEntries(objects, dataHash, 'Signature'), hash =>
        readAs(objects, SignatureRecipe, hash),
    );
}

async function signaturesOf(
    dataHash: string,
    issuer: SHA256IdHash<Person> | undefined,
    entries: readonly string[],
    read: (hash: string) => Promise<Signature | undefined>,
): Promise<Named<Signature>[]> {
    const signatures: Named<Signature>[] = [];
    for (const entry of entries) {
        const obj = await read(entry);
        if (obj === undefined || obj.data !== (dataHash as unknown)) continue;
        if (issuer === undefined || obj.issuer === issuer) signatures.push({ obj, hash: ensureHash(entry) });
    }
    return signatures;
}

/** Whether a text is a key as `SignKey` and `Keys` hold it. Upper case is none: a key must not have two names. */
export function isHexKey(text: string): boolean {
    return HEX_KEY.test(text);
}

/**
 * Whether a key made a signature. One that is malformed was made by none.
 * @param hexKey 64 lower case hexadecimal digits
 */
export function verifies({ data, signature }: Signature, hexKey: string): boolean {
    if (!isHexKey(hexKey)) return false;
    return hashSignatureVerify(data, signature, ensurePublicSignKey(hexToUint8ArrayWithCheck(hexKey)));
}
