// The importing side of the benchmark, in a process of its own. It is told what to do, and tells what it took.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OneInstance } from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { NoteRecipe } from './notes.ts';
import { dialChannel } from './encrypted-channel.ts';

export interface PeerOptions {
    readonly folder: string;
    readonly url: string;
    /** Of the listener there, hexadecimal. */
    readonly key: string;
    /** ID hash of the person on the other side. */
    readonly remotePerson: string;
}

/** What one session was. */
export interface PeerReport {
    readonly ms: number;
    readonly stored: number;
    readonly errors: number;
    readonly requests: number;
    readonly bytes: number;
    readonly memoryMB: number;
    readonly cpuMs: number;
}

type Command = { readonly type: 'pass' | 'connect' | 'disconnect' } | { readonly type: 'stop' };

/** The other process, seen from here. */
export class PeerProcess {
    readonly #child: ChildProcess;

    private constructor(child: ChildProcess) {
        this.#child = child;
    }

    static async start(options: PeerOptions): Promise<PeerProcess> {
        const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], {
            execArgv: ['--conditions=@one/source', '--no-warnings'],
        });
        await once(child, 'message');
        return new PeerProcess(child);
    }

    /** One pass over a connection of its own. */
    async pass(): Promise<PeerReport> {
        return (await this.#ask({ type: 'pass' })) as PeerReport;
    }

    /** Stays connected; `onVersion` is called with the text and the arrival (nanoseconds of this machine) of each new version. */
    async connect(onVersion: (text: string, at: bigint) => void): Promise<void> {
        this.#child.on('message', (message: { text?: string; at?: string }) => {
            if (message.text !== undefined) onVersion(message.text, BigInt(message.at ?? 0));
        });
        await this.#ask({ type: 'connect' });
    }

    async disconnect(): Promise<PeerReport> {
        return (await this.#ask({ type: 'disconnect' })) as PeerReport;
    }

    async stop(): Promise<void> {
        this.#child.send({ type: 'stop' } satisfies Command);
        await once(this.#child, 'exit');
    }

    async #ask(command: Command): Promise<unknown> {
        const answer = new Promise<unknown>(resolve => {
            const listen = (message: { done?: unknown }): void => {
                if (message.done === undefined) return;
                this.#child.off('message', listen);
                resolve(message.done);
            };
            this.#child.on('message', listen);
        });
        this.#child.send(command);
        return answer;
    }
}

async function run({ folder, url, key, remotePerson }: PeerOptions): Promise<void> {
    const one = await OneInstance.open({
        ...{ name: 'b', email: 'b@example.org', secret: 's', recipes: [NoteRecipe] },
        storage: EmbeddedBackend.open(folder, { create: true }),
    });
    one.objects.events.listen(event => {
        if (event.type !== 'versioned' || event.obj.$type$ !== 'Note') return;
        process.send?.({ text: String(event.obj['text']), at: String(process.hrtime.bigint()) });
    });
    const begin = async (keepRunning: boolean) => {
        const channel = await dialChannel(url, key);
        const start = { at: performance.now(), cpu: process.cpuUsage() };
        const names = { chumName: 'bench', remoteInstanceName: 'a', remotePerson };
        const session = one.startChum({ ...names, channel, keepRunning });
        let memory = 0;
        const timer = setInterval(() => (memory = Math.max(memory, process.memoryUsage().rss)), 50);
        return {
            session,
            report: async (): Promise<PeerReport> => {
                const { stored, errors, error } = await session.ended;
                clearInterval(timer);
                if (error instanceof Error) process.stderr.write(`${error.message}\n`);
                const { user, system } = process.cpuUsage(start.cpu);
                return {
                    ms: performance.now() - start.at,
                    ...{ stored, errors: errors.length },
                    requests: session.status.statistics.requestsSentTotal,
                    bytes: session.status.bytesReceived,
                    memoryMB: Math.round(Math.max(memory, process.memoryUsage().rss) / 2 ** 20),
                    cpuMs: (user + system) / 1000,
                };
            },
        };
    };
    let current: Awaited<ReturnType<typeof begin>> | undefined;
    const obey = async ({ type }: Command): Promise<void> => {
        if (type === 'stop') {
            await one[Symbol.asyncDispose]();
            process.disconnect?.();
        } else if (type === 'pass') process.send?.({ done: await (await begin(false)).report() });
        else if (type === 'connect') {
            current = await begin(true);
            process.send?.({ done: true });
        } else {
            current?.session.close();
            process.send?.({ done: await current?.report() });
        }
    };
    process.on('message', command => void obey(command as Command));
    process.send?.({ ready: true });
}

const [, script, argument] = process.argv;
if (script === fileURLToPath(import.meta.url) && argument !== undefined) await run(JSON.parse(argument) as PeerOptions);
