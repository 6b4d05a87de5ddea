// The folder of an instance as an original installation has written it (spec 20), opened as one of ours.
import {
    base64ToUint8Array,
    copyStore,
    MemoryBackend,
    OneInstance,
    PackedBackend,
    type OpenOptions,
    type Write,
} from '@refinio/one.core';

export interface OriginalFolder {
    readonly options: { readonly email: string; readonly instanceName: string; readonly secret: string };
    /** Path → base64. */
    readonly files: Readonly<Record<string, string>>;
    readonly expected: {
        readonly personIdHash: string;
        readonly instanceIdHash: string;
        readonly rootKeys: readonly string[];
        readonly note: { readonly currentHash: string; readonly firstVersionHash: string };
        readonly bob: {
            readonly personIdHash: string;
            readonly profileIdHash: string;
            readonly profileHash: string;
            readonly publicSignKeyHex: string;
        };
        readonly certificates: Readonly<Record<string, string>>;
        readonly trust: Readonly<Record<'note1AffirmedBy' | 'note2SignedBy' | 'note2AffirmedBy', string[]>> &
            Readonly<Record<'aliceKeyTrusted' | 'bobKeyTrusted', boolean>>;
    };
}

/** @param isWanted whether a reverse map is taken over */
export async function openOriginalFolder(
    { options, files }: OriginalFolder,
    openOptions: Partial<OpenOptions>,
    isWanted: (reverseMap: string) => boolean = () => true,
): Promise<OneInstance> {
    const recorded = new MemoryBackend();
    await recorded.commit(Object.entries(files).flatMap(([path, content]) => writesOf(path, content, isWanted)));
    const storage = new MemoryBackend();
    await copyStore(recorded, new PackedBackend(storage));
    const { email, secret, instanceName: name } = options;
    return OneInstance.open({
        ...{ email, secret, name, storage },
        create: false,
        encryptStorage: false,
        ...openOptions,
    });
}

function writesOf(path: string, content: string, isWanted: (reverseMap: string) => boolean): Write[] {
    const [, space, key = ''] = path.split('/');
    const value = base64ToUint8Array(content);
    if (space === 'objects' || space === 'vheads' || space === 'private') return [{ type: 'put', space, key, value }];
    if (space !== 'rmaps' || !isWanted(key)) return [];
    const entries = new TextDecoder().decode(value).trim().split('\n');
    const encoder = new TextEncoder();
    return entries.map((entry, number) => ({ type: 'append', space, key, number, value: encoder.encode(entry) }));
}
