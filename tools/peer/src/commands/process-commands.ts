import { command, type Commands } from './command.ts';

const startedAt = performance.now();

export const processCommands: Commands = {
    stats: command({
        args: {},
        result: '{rss, maxRss, cpuUserMs, cpuSystemMs, uptimeMs}',
        about: 'sizes in bytes',
        run: () => {
            const { user, system } = process.cpuUsage();
            return {
                rss: process.memoryUsage.rss(),
                maxRss: process.resourceUsage().maxRSS * 1024,
                cpuUserMs: Math.round(user / 1000),
                cpuSystemMs: Math.round(system / 1000),
                uptimeMs: Math.round(performance.now() - startedAt),
            };
        },
    }),
    ping: command({ args: {}, result: '{}', run: () => ({}) }),
    quit: command({
        args: {},
        result: '{}',
        about: 'shuts down in order',
        run: ({ end }) => {
            end.abort();
            return {};
        },
    }),
};
