// For tests: somebody with the keys of one instance asks another one for all that it can think of. What it gets is looked at by
// the audited channel of who answers.
import type { RequestChannel } from '../request-channel.ts';
import { services } from '../services.ts';
import type { Random } from './random.ts';

/** Most milliseconds between what a spy hears of and its questions. */
const PAUSE = 20_000;

/** @param secrets hashes that it has guessed */
export async function askForEverything(spy: RequestChannel, secrets: readonly string[], random: Random): Promise<void> {
    const list = async (service: number, args: readonly string[]): Promise<string[]> =>
        String(await spy.request(service, args).catch(() => '')).match(/[0-9a-f]{64}/g) ?? [];
    const wanted = new Set([...secrets, ...(await list(services.accessibleRoots, []))]);
    for (const hash of [...wanted])
        for (const service of [services.objectChildren, services.idObjectChildren])
            for (const child of await list(service, [hash])) wanted.add(child);
    // Meanwhile it may be revoked.
    await new Promise(resolve => setTimeout(resolve, random.int(PAUSE)));
    for (const hash of wanted) {
        for (const service of [services.objectChildren, services.object, services.idObject])
            await spy.request(service, [hash]).catch(() => undefined);
        const sink = { write: () => Promise.resolve() };
        await spy.requestStream(services.blob, [hash], sink).catch(() => undefined);
    }
}
