import { once } from 'node:events';
import { connect } from 'node:net';

/** A Redis of our own, with the settings that BullMQ needs: append-only file, no eviction. */
export interface RedisServer {
    /** Connection URL with password; a secret. */
    readonly url: string;
    readonly port: number;
    readonly origin: 'container' | 'process';
    /** Ends it as a power cut would; the data folder stays. */
    kill(): Promise<void>;
    /** Starts it again on the same port with the same data. */
    restart(): Promise<void>;
    /** Ends it in order and, unless the data folder was given, forgets its data. */
    stop(): Promise<void>;
}

/** What a Redis is started with. */
export interface RedisStart {
    readonly dataDir: string;
    readonly port: number;
    readonly password: string;
    /** Called when the server ends without having been asked to, with the reason in words. */
    readonly onLost: (reason: string) => void;
}

/** The text of redis.conf. Handed over by stdin or as a file: an argument would show the password to every user. */
export function redisConfiguration(
    listen: { readonly bind: string; readonly port: number; readonly dir: string },
    password: string,
): string {
    return [
        `bind ${listen.bind}`,
        `port ${listen.port}`,
        `dir "${listen.dir}"`,
        `requirepass ${password}`,
        'appendonly yes',
        'appendfsync everysec',
        'save ""',
        'maxmemory-policy noeviction',
        '',
    ].join('\n');
}

/** Whether the server answers commands: it listens before it has read its data. */
export async function answersPing(host: string, port: number, password: string): Promise<boolean> {
    const socket = connect(port, host);
    try {
        await once(socket, 'connect');
        socket.write(`AUTH ${password}\r\nPING\r\n`);
        let answer = '';
        for await (const chunk of socket) {
            answer += String(chunk);
            if (answer.includes('+PONG')) return true;
            if (answer.includes('-')) return false;
        }
        return false;
    } catch {
        // Nobody listens yet.
        return false;
    } finally {
        socket.destroy();
    }
}
