// Drives peers as processes of their own, for tests and scripts.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
/** Loading takes half the time with it. */
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/peer', import.meta.url));

/** File with the recipes of the types `InteropNote` and `InteropRecord`. */
export const INTEROP_RECIPES = fileURLToPath(new URL('../interop-recipes.json', import.meta.url));

/** The options of the command line. */
export interface PeerStart {
    readonly name: string;
    /** Default: `secret of NAME`. */
    readonly secret?: string;
    readonly email?: string;
    readonly dir?: string;
    /** Default: `INTEROP_RECIPES`. */
    readonly recipes?: string;
    readonly listen?: string;
    readonly commserver?: string;
    readonly advertise?: string;
    readonly expiry?: number;
    readonly reconnect?: number;
}

export interface PeerEvent {
    readonly event: string;
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly [field: string]: unknown;
}

export interface PeerInfo {
    readonly personId: string;
    readonly instanceId: string;
    readonly advertised: string | null;
    readonly [field: string]: unknown;
}

/** Milliseconds between two questions whether something has come. */
const POLL_MS = 50;

interface PeerAnswer {
    readonly id: number;
    readonly ok: boolean;
    readonly result?: unknown;
    readonly error?: Readonly<Record<'name' | 'code' | 'message', string>>;
}

/** A command was answered with an error. */
export class PeerCommandError extends Error {
    override readonly name = 'PeerCommandError';
    readonly code: string;

    constructor(command: string, { name, code, message }: NonNullable<PeerAnswer['error']>) {
        super(`${command}: ${name} ${code}: ${message}`);
        this.code = code;
    }
}

interface Pending {
    readonly command: string;
    readonly resolve: (result: unknown) => void;
    readonly reject: (error: Error) => void;
}

/** One peer; disposing of it kills it. */
export class PeerProcess implements AsyncDisposable {
    readonly child: ChildProcess;
    /** All so far, `ready` first. */
    readonly events: PeerEvent[] = [];
    /** Lines of stdout, as they are. */
    readonly lines: string[] = [];
    stderr = '';
    /** Exit code, or the signal that ended it. */
    readonly exit: Promise<number | NodeJS.Signals>;
    readonly #pending = new Map<number, Pending>();
    readonly #waiting = new Set<() => void>();
    #lastId = 0;
    /** Ended, and everything it has said is read. */
    #isGone = false;

    private constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
        this.child = spawn(process.execPath, ['--conditions=@one/source', main, ...args], {
            stdio: ['pipe', 'pipe', 'pipe'],
            // Nothing that a developer has set.
            env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compileCache, ...env },
        });
        this.exit = once(this.child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
        void this.exit.then(() => this.#gone());
        this.child.stdin?.on('error', () => undefined);
        this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
        if (this.child.stdout) createInterface(this.child.stdout).on('line', line => this.#read(line));
    }

    /** Resolves when it is ready. @throws Error with what it has said, if it ends before */
    static async start(options: PeerStart): Promise<PeerProcess> {
        const values = { secret: `secret of ${options.name}`, recipes: INTEROP_RECIPES, ...options };
        const peer = PeerProcess.spawn(Object.entries(values).map(([name, value]) => `--${name}=${value}`));
        await peer.event('ready');
        return peer;
    }

    /** With the arguments as they are. */
    static spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}): PeerProcess {
        return new PeerProcess(args, env);
    }

    /** As it was when it got ready. */
    get info(): PeerInfo {
        const [ready] = this.events;
        if (ready?.event !== 'ready') throw new TypeError('The first line of a peer is the event "ready".');
        return ready as unknown as PeerInfo;
    }

    /** @throws PeerCommandError; Error if the peer is gone */
    request<Result = Readonly<Record<string, unknown>>>(command: string, args: object = {}): Promise<Result> {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        const id = ++this.#lastId;
        this.#pending.set(id, { command, resolve, reject });
        this.write(JSON.stringify({ id, cmd: command, ...args }));
        if (this.#isGone) this.#gone();
        // What a command answers is what the protocol says.
        return promise as Promise<Result>;
    }

    /** Sends a line as it is. */
    write(line: string): void {
        this.child.stdin?.write(`${line}\n`);
    }

    /** The first event of a name, also one that has happened already. @throws Error if the peer ends before */
    async event(name: string, matches: (event: PeerEvent) => boolean = () => true): Promise<PeerEvent> {
        for (;;) {
            const found = this.eventsOf(name).find(matches);
            if (found !== undefined) return found;
            if (this.#isGone) throw new Error(`The peer has ended without the event "${name}".\n${this.stderr}`);
            await new Promise<void>(resolve => this.#waiting.add(resolve));
        }
    }

    eventsOf(name: string): PeerEvent[] {
        return this.events.filter(({ event }) => event === name);
    }

    /** Shut down in order. @returns the exit code */
    async quit(): Promise<number | NodeJS.Signals> {
        await this.request('quit');
        return this.exit;
    }

    /** Ends it at once, as a crash does. */
    async kill(): Promise<void> {
        this.child.kill('SIGKILL');
        await this.exit;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.kill();
    }

    #read(line: string): void {
        this.lines.push(line);
        const message = JSON.parse(line) as PeerEvent | PeerAnswer;
        if (isEvent(message)) this.events.push(message);
        else this.#answer(message);
        this.#wake();
    }

    #answer(answer: PeerAnswer): void {
        const pending = this.#pending.get(answer.id);
        this.#pending.delete(answer.id);
        if (answer.error === undefined) pending?.resolve(answer.result);
        else pending?.reject(new PeerCommandError(pending.command, answer.error));
    }

    #gone(): void {
        this.#isGone = true;
        for (const { command, reject } of this.#pending.values())
            reject(new Error(`The peer has ended without an answer to "${command}".\n${this.stderr}`));
        this.#pending.clear();
        this.#wake();
    }

    #wake(): void {
        for (const resolve of this.#waiting) resolve();
        this.#waiting.clear();
    }
}

/** Makes two peers known to each other; `inviter` has to have an address. Resolves when both know it. */
export async function pair(inviter: PeerProcess, invitee: PeerProcess): Promise<void> {
    const invitation = await inviter.request('create-invitation');
    const { token } = invitation;
    await invitee.request('accept-invitation', { invitation });
    await inviter.event('pairing-success', event => event['token'] === token);
}

/** Resolves when both have begun to synchronize with each other since they were started. */
export async function synchronizing(one: PeerProcess, other: PeerProcess): Promise<void> {
    const begun = (from: PeerProcess, to: PeerProcess): Promise<PeerEvent> =>
        from.event('protocol-start', ({ remotePersonId }) => remotePersonId === to.info.personId);
    await Promise.all([begun(one, other), begun(other, one)]);
}

/** Objects of a type that were stored since the peer was started. */
export async function countOf(peer: PeerProcess, type: string): Promise<number> {
    return (await peer.request<Record<string, { readonly count: number }>>('counts'))[type]?.count ?? 0;
}

/** Stores some notes at one peer, grants them to the other, and waits until all of them have come. */
export async function sendNotes(from: PeerProcess, to: PeerProcess, count: number): Promise<void> {
    const text = `of ${from.info.personId} at ${Date.now()}`;
    const send = async (seq: number): Promise<unknown> => {
        const { hash } = await from.request('store-unversioned', { obj: { $type$: 'InteropNote', seq, text } });
        await from.request('grant-access', { hash, persons: [to.info.personId] });
        return hash;
    };
    const hashes = await Promise.all(Array.from({ length: count }, (_, seq) => send(seq)));
    await arrived(to, hashes);
}

/** Resolves when a peer has all these objects; what it stores itself meanwhile makes no difference. */
export async function arrived(peer: PeerProcess, hashes: readonly unknown[]): Promise<void> {
    for (;;) {
        const { present } = await peer.request<{ readonly present: readonly boolean[] }>('has', { hashes });
        if (!present.includes(false)) return;
        await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
}

function isEvent(message: PeerEvent | PeerAnswer): message is PeerEvent {
    return 'event' in message;
}
