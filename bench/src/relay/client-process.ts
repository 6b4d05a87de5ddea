// Clients of a communication server, in a process of their own. It is told what to do, and tells what came of it.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a process of clients can be told, and what it answers. */
export interface ClientCommands {
    /** Keeps so many new keys registered, with one spare connection each; so many are under way at once. */
    register: { in: { count: number; atOnce: number }; out: { ms: number } };
    /** Is reachable under so many new keys; counts what comes, or sends it back. */
    accept: { in: { count: number; isEcho: boolean }; out: { keys: readonly string[] } };
    received: { in: object; out: { bytes: number } };
    /** Sends frames to each key for a time, as fast as they are taken. */
    flood: { in: { keys: readonly string[]; frameBytes: number; ms: number }; out: { cpuSeconds: number } };
    /** Sends frames one after the other and waits for each to come back. */
    pingPong: {
        in: { key: string; frameBytes: number; count: number; pauseMs: number };
        out: { ms: readonly number[] };
    };
}

export class ClientProcess {
    readonly #child: ChildProcess;

    private constructor(child: ChildProcess) {
        this.#child = child;
    }

    static async start(url: string): Promise<ClientProcess> {
        const child = fork(fileURLToPath(new URL('client.ts', import.meta.url)), [url], {
            execArgv: ['--conditions=@one/source', '--no-warnings'],
        });
        await answerOf(child);
        return new ClientProcess(child);
    }

    async ask<C extends keyof ClientCommands>(
        command: C,
        options: ClientCommands[C]['in'],
    ): Promise<ClientCommands[C]['out']> {
        const answer = answerOf(this.#child);
        this.#child.send({ command, options });
        return (await answer) as ClientCommands[C]['out'];
    }

    async stop(): Promise<void> {
        this.#child.kill('SIGKILL');
        await once(this.#child, 'exit');
    }
}

/** @throws Error if it ends instead; it has said why on stderr */
function answerOf(child: ChildProcess): Promise<unknown> {
    return new Promise((resolve, reject) => {
        const onExit = (): void => reject(new Error('The process of clients has ended.'));
        child.once('exit', onExit);
        child.once('message', message => {
            child.off('exit', onExit);
            resolve(message);
        });
    });
}
