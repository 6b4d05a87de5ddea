// The container engine of this machine, or of another one: whether there is any, and where what runs in it is reached.
import { setTimeout as sleep } from 'node:timers/promises';
import { GenericContainer, getContainerRuntimeClient, type ContainerRuntimeClient } from 'testcontainers';

/** An engine whose socket takes connections and says nothing counts as none. */
const ENGINE_ANSWER_MS = 5_000;

/** The container engine that answers here; undefined where there is none. */
export function findContainerEngine(): Promise<ContainerRuntimeClient | undefined> {
    const answer = getContainerRuntimeClient().catch(() => undefined);
    return Promise.race([answer, sleep(ENGINE_ANSWER_MS, undefined, { ref: false })]);
}

/** Whether it runs on this machine, and so can mount its folders. */
export function isLocal({ info }: ContainerRuntimeClient): boolean {
    return info.containerRuntime.host === 'localhost';
}

/** Address of the published ports. */
export function hostOf(engine: ContainerRuntimeClient): string {
    return isLocal(engine) ? '127.0.0.1' : engine.info.containerRuntime.host;
}

/** A container that is to be started; with an engine of this machine, its ports are published on the loopback address only. */
export function newContainer(engine: ContainerRuntimeClient, image: string): GenericContainer {
    return isLocal(engine) ? new LoopbackContainer(image) : new GenericContainer(image);
}

/** Publishes its ports on 127.0.0.1 instead of on all addresses of the machine. */
class LoopbackContainer extends GenericContainer {
    protected override beforeContainerCreated(): Promise<void> {
        const bindings = (this.hostConfig.PortBindings ?? {}) as Record<string, { HostIp?: string }[]>;
        for (const binding of Object.values(bindings).flat()) binding.HostIp = '127.0.0.1';
        return Promise.resolve();
    }
}
