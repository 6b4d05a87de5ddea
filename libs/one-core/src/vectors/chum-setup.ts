// What the instances of recorded CHUM connections had stored before, or stored while they were connected.
import { createAccess } from '../access/create-access.ts';
import { CHUNK_HEADER } from '../chum/messages.ts';
import type { TestPeer } from '../chum/test-peer.ts';
import { concat } from '../crypto/keys.ts';
import { beginningOf, expectFrame, placeOf, type Frame, type Message } from './chum-frames.ts';
import { expectEqual } from './expectations.ts';
import { decodeTagged } from './tagged-values.ts';

export interface Setup {
    readonly side: string;
    readonly whileConnected?: boolean;
    readonly time?: number;
    readonly store?: Readonly<Record<string, unknown>> & { readonly $type$: string };
    readonly blob?: string;
    readonly length?: number;
    readonly clob?: string;
    readonly utf8Length?: number;
    readonly access?: Grant & { readonly object: string };
    readonly idAccess?: Grant & { readonly id: string };
    /** Hash of an object that nobody may read any more. */
    readonly revoke?: string;
    readonly hash?: string;
    readonly idHash?: string;
}
/** By names. */
interface Grant {
    readonly person?: readonly string[];
    readonly group?: readonly string[];
}

export const setupParts = [
    ...['side', 'whileConnected', 'time', 'store', 'blob', 'length', 'clob', 'utf8Length', 'access', 'idAccess'],
    ...['revoke', 'hash', 'idHash'],
];
/** When what has no time of its own was stored. */
export const FIRST_TIME = 1_700_000_000_000;
const CHARACTERS = 'üß€𝄞';

/** Stores what a recording says, and looks whether it gets the same name. @param persons ID hashes by names */
export async function runSetup(peer: TestPeer, persons: Readonly<Record<string, string>>, step: Setup): Promise<void> {
    const { objects, blobs } = peer;
    const { store, blob, clob, access, idAccess, revoke } = step;
    peer.time = step.time ?? peer.time;
    const idsOf = (names: readonly string[] = []): string[] => names.map(name => persons[name] ?? name);
    if (store !== undefined) {
        const { person } = store as Grant;
        const object = decodeTagged({ ...store, ...(person && { person: idsOf(person) }) }) as { $type$: string };
        const isVersioned = objects.microdata.recipes.isVersioned(object.$type$);
        const stored = isVersioned
            ? await objects.storeVersionedObject(object)
            : await objects.storeUnversionedObject(object);
        expectEqual(stored.hash, step.hash, 'hash of a stored object');
        if (step.idHash !== undefined) expectEqual('idHash' in stored && stored.idHash, step.idHash, 'its ID hash');
    } else if (blob ?? clob) {
        const stored = await blobs.store([bytesOf(step)]);
        expectEqual(stored.hash, blob ?? clob, 'hash of a BLOB or CLOB');
    } else if (access ?? idAccess) {
        const { person, group = [], ...target } = access ?? idAccess ?? {};
        const groups = group.map(name => objects.microdata.idHash({ $type$: 'Group', name } as { $type$: string }));
        const request = { ...target, person: idsOf(person), group: await Promise.all(groups), mode: 'add' } as const;
        const [granted] = await createAccess(objects, [request]);
        if (step.hash !== undefined) expectEqual(granted?.hash, step.hash, 'hash of a grant');
    } else if (revoke !== undefined) await createAccess(objects, [{ object: revoke, mode: 'replace' }]);
    else throw new Error(`Nobody knows how to store ${JSON.stringify(step)}.`);
}

/** The whole message that a cut frame is the beginning of: its content is that of a BLOB or CLOB. */
export async function wholeMessage(
    frame: Frame,
    { frames, setup }: { readonly frames: readonly Frame[]; readonly setup: readonly Setup[] },
): Promise<Message> {
    const { id } = placeOf(beginningOf(frame));
    const related = frames.filter(each => each.close === undefined && placeOf(beginningOf(each)).id === id);
    const request = related.find(({ dir }) => dir !== frame.dir)?.text;
    const content = setup.find(({ blob, clob }) => request?.includes(blob ?? clob ?? 'none') === true);
    if (content === undefined) throw new Error(`Nobody knows the content of frame ${frame.n}.`);
    const chunks = related.filter(({ dir }) => dir === frame.dir);
    const header = beginningOf(frame).slice(0, CHUNK_HEADER);
    const empty = (isFirst: boolean): Message => (typeof header === 'string' ? textChunk(id, '', isFirst) : header);
    const lengthOf = (chunk: Frame): number => (chunk.length ?? 0) - empty(chunk === chunks[0]).length;
    const start = chunks.slice(0, chunks.indexOf(frame)).reduce((sum, chunk) => sum + lengthOf(chunk), 0);
    const end = start + lengthOf(frame);
    const bytes = bytesOf(content);
    const message =
        typeof header === 'string'
            ? textChunk(id, new TextDecoder().decode(bytes).slice(start, end), start === 0)
            : concat(header, bytes.subarray(start, end));
    await expectFrame(message, frame, false);
    return message;
}

function textChunk(responseId: number, chunk: string, isFirst: boolean): string {
    return JSON.stringify({ responseId, type: 'stream', chunk, encoding: isFirst ? 'utf8' : '$__undefined$' });
}

/** Of a BLOB or CLOB, as the text of scenario 4 says. */
function bytesOf({ length, utf8Length }: Setup): Uint8Array<ArrayBuffer> {
    if (utf8Length === undefined) return Uint8Array.from({ length: length ?? 0 }, (_, i) => (i * 31) % 256);
    const encoder = new TextEncoder();
    return encoder.encode(CHARACTERS.repeat(utf8Length / encoder.encode(CHARACTERS).length));
}
