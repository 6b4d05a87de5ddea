// What is in a store.
import { isListSpace, spaces, type Space, type StorageBackend, type StorageReader } from '../storage-backend.ts';

const decoder = new TextDecoder();

/** Everything in a store but the lists of reverse maps' numbers: `space/key` → text, or texts with their numbers. */
export async function contentsOf(reader: StorageReader): Promise<Record<string, string>> {
    const contents: Record<string, string> = {};
    for (const space of spaces)
        for (const key of await keysOf(reader, space))
            contents[`${space}/${key}`] = isListSpace(space)
                ? (await reader.list(space, key)).map(entry => entryText(space, entry)).join()
                : decoder.decode(await reader.get(space, key));
    return contents;
}

export async function keysOf(reader: Pick<StorageReader, 'keys'>, space: Space): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of reader.keys(space)) keys.push(key);
    return keys.sort();
}

function entryText(space: Space, { number, value }: { number: number; value: Uint8Array }): string {
    return space === 'rmaps' ? decoder.decode(value) : `${number}=${decoder.decode(value)}`;
}

/** All BLOBs. */
export async function namesOf(backend: StorageBackend): Promise<string[]> {
    const names: string[] = [];
    for await (const name of backend.blobs.names()) names.push(name);
    return names.sort();
}
