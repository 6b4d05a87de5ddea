import { MemoryBackend, OneInstance, type StorageBackend } from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { ConnectionsModel, DirectListeners, InstanceInvitations, LeuteModel, modelOptions } from '@refinio/one.models';
import { dialWs, listenWs } from '@refinio/one.models/node';
import { Addresses, advertisedBefore, incomingOf } from './addresses.ts';
import { recipesWithFiles } from './blob-descriptor.ts';
import { describeError } from './describe-error.ts';
import type { PeerOptions } from './options.ts';
import type { Peer } from './peer.ts';
import { reportConnections, type Emit } from './report-events.ts';
import { StoredCounts } from './stored-counts.ts';

/** A running peer; disposing of it shuts it down in order. */
export type OpenPeer = Peer & AsyncDisposable;

/**
 * Opens the instance and everything it was told to listen to; communication servers are tried from then on.
 * @throws WrongSecretError, StorageError, ConnectionError `LISTEN_FAILED`; then nothing stays open
 */
export async function openPeer(options: PeerOptions, emit: Emit, end: AbortController): Promise<OpenPeer> {
    const load = performance.now();
    await using opened = new AsyncDisposableStack();
    const one = opened.use(await openInstance(options, emit));
    const counts = new StoredCounts(one.objects);
    const core = performance.now();
    const leute = opened.use(new LeuteModel(one, { commServerUrl: advertisedBefore(options) }));
    await leute.init();
    const connections = opened.use(
        new ConnectionsModel(one, leute, {
            dial: dialWs,
            direct: new DirectListeners(listenWs),
            invitations: new InstanceInvitations(one),
            // Also without any: `listen` and `connect-commserver` may add some.
            incomingConnectionConfigurations: incomingOf(options),
            pairingTokenExpirationDuration: options.expiryMs,
            ...(options.reconnectMs !== undefined && { reconnectDelay: options.reconnectMs }),
            onError: error => emit('connection-error', { ...describeError(error) }),
        }),
    );
    reportConnections(connections, emit);
    await connections.init();
    const addresses = await Addresses.create(connections, leute, options);
    const total = performance.now();
    const initMs = roundedTimes({ load, core: core - load, models: total - core, total });
    const parts = opened.move();
    return {
        ...{ one, leute, connections, addresses, counts, initMs, end },
        [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
}

function openInstance({ name, email, secret, dir, recipes }: PeerOptions, emit: Emit): Promise<OneInstance> {
    const onDamage = (error: unknown): void => emit('unhandled', { kind: 'storage', ...describeError(error) });
    const storage: StorageBackend | Promise<StorageBackend> =
        dir === undefined ? new MemoryBackend() : EmbeddedBackend.open(dir, { create: true, onDamage });
    return OneInstance.open({
        ...{ ...modelOptions, name, email, secret, storage },
        recipes: recipesWithFiles([...(modelOptions.recipes ?? []), ...recipes]),
    });
}

function roundedTimes<T extends Readonly<Record<string, number>>>(times: T): T {
    return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms)])) as T;
}
