// A peer driven by JSON lines: requests on stdin, answers and events on stdout, everything else on stderr. Ends when
// stdin closes. Commands that need a ONE instance join as the libraries that provide it do.
import { stringifyTagged } from './tagged-json.ts';
import { serveLines } from './serve-lines.ts';

const end = new AbortController();
const startedAt = performance.now();

const commands = {
    ping: () => ({}),
    info: () => ({ implementation: 'lama-federation', pid: process.pid }),
    stats: () => {
        const { user, system } = process.cpuUsage();
        return {
            rss: process.memoryUsage.rss(),
            maxRss: process.resourceUsage().maxRSS * 1024,
            cpuUserMs: Math.round(user / 1000),
            cpuSystemMs: Math.round(system / 1000),
            uptimeMs: Math.round(performance.now() - startedAt),
        };
    },
    quit: () => {
        end.abort();
        return {};
    },
};

process.stdout.write(`${stringifyTagged({ event: 'ready', at: Date.now(), ...commands.info() })}\n`);
await serveLines(process.stdin, process.stdout, commands, end.signal);
process.stdin.destroy();
