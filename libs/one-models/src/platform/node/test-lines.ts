// For tests: TCP lines that can be cut at any byte, or become slow.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class TestLine implements AsyncDisposable {
    /** Each connection from now on is cut after so many bytes, counted in both directions. */
    cutAfter = Infinity;
    /** Connections that were cut. */
    cuts = 0;
    /** Connections that are open. */
    readonly open = new Set<Socket>();
    readonly #server: Server;
    readonly #target: number;

    private constructor(target: number) {
        this.#target = target;
        this.#server = createServer(socket => this.#accept(socket));
    }

    static async start(targetUrl: string): Promise<TestLine> {
        const line = new TestLine(Number(new URL(targetUrl).port));
        line.#server.listen(0, '127.0.0.1');
        await once(line.#server, 'listening');
        return line;
    }

    get url(): string {
        return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    cutAll(): void {
        for (const socket of this.open) socket.resetAndDestroy();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.cutAll();
        this.#server.close();
        await once(this.#server, 'close');
    }

    #accept(near: Socket): void {
        const far = connect(this.#target, '127.0.0.1');
        const limit = this.cutAfter;
        let bytes = 0;
        this.open.add(near);
        for (const [from, to] of [
            [near, far],
            [far, near],
        ] as const) {
            from.on('data', (data: Buffer) => {
                const rest = limit - bytes;
                bytes += data.length;
                if (bytes < limit) {
                    to.write(data);
                    return;
                }
                this.cuts++;
                to.write(data.subarray(0, rest), () => {
                    near.resetAndDestroy();
                    far.resetAndDestroy();
                });
            });
            from.on('error', () => undefined);
            from.on('close', () => {
                to.destroy();
                this.open.delete(near);
            });
        }
    }
}
