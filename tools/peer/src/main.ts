// A peer driven by JSON lines: requests on stdin, answers and events on stdout, everything else on stderr. Ends when
// stdin closes.
import { once } from 'node:events';
import { OneError } from '@refinio/one.core';
import { commandsOf } from './commands/all-commands.ts';
import { info } from './commands/identity-commands.ts';
import { EventLines } from './event-lines.ts';
import { helpText } from './help.ts';
import { openPeer } from './open-peer.ts';
import { readOptions, type PeerOptions } from './options.ts';
import { reportUnhandled, type Emit } from './report-events.ts';
import { serveLines } from './serve-lines.ts';

/** Milliseconds that commands under way have to end by themselves, and all of the shut-down. */
const GRACE_MS = 1_000;
const STOP_MS = 10_000;

const options = readOptions(process.argv.slice(2), process.env, helpText);
if ('text' in options) {
    (options.exitCode === 0 ? process.stdout : process.stderr).write(options.text);
    process.exitCode = options.exitCode;
} else
    try {
        await run(options);
    } catch (error) {
        const text = error instanceof OneError ? error.message : error instanceof Error ? error.stack : String(error);
        process.stderr.write(`The peer cannot run: ${text ?? ''}\n`);
        process.exitCode = 1;
    }
process.stdin.destroy();

async function run(options: PeerOptions): Promise<void> {
    const end = new AbortController();
    const stop = (): void => end.abort();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    // Whoever reads the answers is gone.
    process.stdout.on('error', stop);
    end.signal.addEventListener('abort', () => {
        setTimeout(() => process.exit(1), STOP_MS).unref();
    });
    const events = new EventLines(process.stdout);
    const emit: Emit = (event, fields) => events.emit(event, fields);
    reportUnhandled(process, emit);
    await using peer = await openPeer(options, emit, end);
    events.ready(await info(peer));
    const served = serveLines(process.stdin, process.stdout, commandsOf(peer), end);
    await Promise.race([served, aborted(end.signal)]);
    await atMost(GRACE_MS, served);
    // What waits for others is answered with their end.
    await peer[Symbol.asyncDispose]();
    await served;
}

async function aborted(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await once(signal, 'abort');
}

async function atMost(ms: number, task: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, ms);
    await Promise.race([task, late.promise]);
    clearTimeout(timer);
}
