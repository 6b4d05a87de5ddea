// For tests: stands between an honest exporter and an importer, and changes answers. What is answered for a poisoned hash is never
// the truth; all others pass as they are.
import { concat } from '../../crypto/keys.ts';
import { CHUNK_HEADER, createChunk } from '../messages.ts';
import type { MessageChannel } from '../message-channel.ts';
import { services } from '../services.ts';
import type { Random } from './random.ts';

/** Something that the exporter does not have. */
export interface Forgery {
    readonly text: string;
    /** JSON. */
    readonly children: string;
}

export interface TamperingOptions {
    readonly random: Random;
    /** Hashes about which nothing true is said, or nothing at all. */
    readonly poisoned: ReadonlySet<string>;
    readonly forged: ReadonlyMap<string, Forgery>;
    /** Entries of the root list become others. */
    readonly roots: (entries: unknown[]) => unknown;
    /** Texts of true objects, to be given for others. */
    readonly texts: readonly string[];
    /** Hashes that stand in false lists. */
    readonly hashes: readonly string[];
    /** Whether some answers never come. */
    readonly isSilent: boolean;
    /** Answers after which the connection ends; undefined for never. */
    readonly closesAfter: number | undefined;
}

interface Asked {
    readonly serviceId: number;
    readonly hash: string;
    readonly encoding: unknown;
    /** Chunks of a stream so far. */
    readonly chunks: Uint8Array[];
}

type Message = string | Uint8Array;
type Child = Readonly<Record<string, unknown>>;

const kinds = ['object', 'id', 'blob', 'clob'];
/** Chunks of a stream that does not end. */
const ENDLESS = 200;

export class TamperingRelay {
    readonly #options: TamperingOptions;
    readonly #random: Random;
    readonly #exporter: MessageChannel;
    readonly #importer: MessageChannel;
    readonly #asked = new Map<number, Asked>();
    #answers = 0;

    /** @param exporter its far end @param importer its far end */
    constructor(exporter: MessageChannel, importer: MessageChannel, options: TamperingOptions) {
        this.#options = options;
        this.#random = options.random;
        this.#exporter = exporter;
        this.#importer = importer;
        importer.listen(message => this.#fromImporter(message));
        exporter.listen(message => this.#fromExporter(message));
        void importer.closed.then(() => exporter.close());
        void exporter.closed.then(() => importer.close());
    }

    #fromImporter(message: Message): void {
        if (typeof message !== 'string') return;
        const { type, requestId, serviceId, args } = JSON.parse(message) as {
            type: string;
            requestId: number;
            serviceId: number;
            args?: unknown[];
        };
        if (type === 'request') {
            const [hash, encoding] = args ?? [];
            this.#asked.set(requestId, { serviceId, hash: String(hash), encoding, chunks: [] });
            const forgery = this.#options.forged.get(String(hash));
            if (forgery !== undefined) {
                this.#answerForged(requestId, forgery);
                return;
            }
        }
        this.#exporter.send(message);
    }

    #answerForged(responseId: number, { text, children }: Forgery): void {
        const asked = this.#asked.get(responseId);
        if (asked?.serviceId === services.blob) {
            this.#send({ responseId, type: 'stream', chunk: text, encoding: 'utf8' });
            this.#send({ responseId, type: 'stream-end' });
            return;
        }
        const isList = asked?.serviceId === services.objectChildren || asked?.serviceId === services.idObjectChildren;
        this.#send({ responseId, type: 'data', data: isList ? children : text });
    }

    #fromExporter(message: Message): void {
        if (this.#answers++ === this.#options.closesAfter) {
            this.#importer.close();
            return;
        }
        if (typeof message !== 'string') {
            this.#chunk(message);
            return;
        }
        const answer = JSON.parse(message) as { responseId?: number; type: string; data?: unknown; chunk?: string };
        const { responseId } = answer;
        const asked = responseId === undefined ? undefined : this.#asked.get(responseId);
        if (responseId === undefined || asked === undefined) {
            this.#importer.send(message);
            return;
        }
        if (this.#random.once(20)) this.#babble(responseId);
        if (asked.serviceId === services.accessibleRoots && answer.type === 'data') {
            const data = this.#options.roots(JSON.parse(String(answer.data)) as unknown[]);
            this.#send({ ...answer, data });
        } else if (!this.#options.poisoned.has(asked.hash)) this.#importer.send(message);
        else if (answer.type === 'stream') asked.chunks.push(new TextEncoder().encode(answer.chunk));
        else if (this.#options.isSilent && this.#random.once(4)) return;
        else if (asked.serviceId === services.blob) this.#stream(responseId, asked);
        else this.#value(responseId, asked.serviceId, answer.data);
    }

    #chunk(message: Uint8Array): void {
        const responseId = new DataView(message.buffer, message.byteOffset).getFloat64(0, true);
        const asked = this.#asked.get(responseId);
        if (asked !== undefined && this.#options.poisoned.has(asked.hash))
            asked.chunks.push(message.slice(CHUNK_HEADER));
        else this.#importer.send(message);
    }

    #send(message: object): void {
        this.#importer.send(JSON.stringify(message));
    }

    /** What nobody asked for. */
    #babble(responseId: number): void {
        const noises: readonly (() => void)[] = [
            () => this.#importer.send('no JSON'),
            () => this.#importer.send('[]'),
            () => this.#importer.send(new Uint8Array(this.#random.int(8))),
            () => this.#importer.send(binary(responseId + 1000, [this.#random.bytes(9)])),
            () => this.#send({ responseId: responseId + 1000, type: 'data', data: 1 }),
            () => this.#send({ responseId: 'x', type: 'data', data: 1 }),
            () => this.#send({ requestId: 0, type: 'request', serviceId: services.newAccessibleRoot, args: [] }),
            () => this.#send({ requestId: 0, type: 'request', serviceId: 99, args: [] }),
            () => this.#send({ requestId: 0, type: 'write-stream-error' }),
        ];
        this.#random.pick(noises)?.();
    }

    /** Anything but the truth; instead of an object, an ID object, or a list of children. */
    #value(responseId: number, serviceId: number, truth: unknown): void {
        const isList = serviceId === services.objectChildren || serviceId === services.idObjectChildren;
        const lie = this.#random.once(2)
            ? isList
                ? this.#falseList(truth)
                : this.#falseText(truth)
            : this.#nonsense();
        if (lie === truth || this.#random.once(8)) {
            this.#refuse(responseId);
            return;
        }
        this.#send({ responseId, type: 'data', data: lie });
        // The truth comes too late.
        if (this.#random.once(3)) this.#send({ responseId, type: 'data', data: truth });
    }

    #nonsense(): unknown {
        const some = [0, null, true, {}, [], [[]], '$__undefined$', '', 'x', '{}', '[{}]', '[1', 'x'.repeat(100_000)];
        return this.#random.pick<unknown>(some);
    }

    #falseText(truth: unknown): unknown {
        const text = String(truth);
        const at = this.#random.int(text.length + 1);
        switch (this.#random.int(8)) {
            case 0:
                return text.slice(0, at);
            case 1:
                return `${text.slice(0, at)}x${text.slice(at + 1)}`;
            case 2:
                return `${text}\n`;
            case 3:
                return `\ufeff${text}`;
            default:
                return this.#random.pick(this.#options.texts);
        }
    }

    /** A list that may be right by chance, or in another order. */
    #falseList(truth: unknown): unknown {
        const list = parsedList(truth);
        const at = this.#random.int(list.length + 1);
        const kind = this.#random.pick(kinds);
        const hash = this.#random.once(3) ? this.#random.hash() : this.#random.pick(this.#options.hashes);
        const false_ = { type: kind, hash };
        const rest = list.filter((_, i) => i !== at);
        switch (this.#random.int(10)) {
            case 0:
                return '[]';
            case 1:
                return JSON.stringify(list.toReversed());
            case 2:
                return JSON.stringify(list.toSorted(() => this.#random.int(3) - 1));
            case 3:
                return JSON.stringify(rest);
            case 4:
                return JSON.stringify(list.toSpliced(at, 0, false_));
            case 5:
                return JSON.stringify([...rest, { ...list[at], type: kind }]);
            case 6:
                return JSON.stringify([...rest, { ...list[at], hash: `../${String(hash)}` }]);
            case 7:
                return JSON.stringify([...list, ...list]);
            case 8:
                return JSON.stringify([...list, ...Array.from({ length: 300 }, () => false_)]);
            default:
                return JSON.stringify([...list, 7]);
        }
    }

    #refuse(responseId: number): void {
        const error: unknown = this.#random.pick([
            { name: 'Error', message: 'x', code: 'CES-GO1' },
            { name: 'Error', message: 'x'.repeat(10_000), code: 'UNKNOWN-SERVICE' },
            { name: 1, message: {}, code: [] },
            'text',
            undefined,
        ]);
        const other = { responseId, type: this.#random.pick(['stream-error', 'stream-end', 'stream']), chunk: 'x' };
        this.#send(this.#random.once(3) ? other : { responseId, type: 'error', error });
    }

    /** Bytes that are not those of the hash, or in a form that is none. */
    #stream(responseId: number, { encoding, chunks }: Asked): void {
        const bytes = concat(...chunks);
        const isText = encoding === 'utf8';
        const all = isText ? text(responseId, new TextDecoder().decode(bytes)) : binary(responseId, chunks);
        const other = isText ? binary(responseId, [bytes]) : text(responseId, 'ü');
        const end = JSON.stringify({ responseId, type: 'stream-end' });
        const more = isText
            ? JSON.stringify({ responseId, type: 'stream', chunk: 'x', encoding: 'utf8' })
            : binary(responseId, [Uint8Array.of(1)]);
        const lies: readonly (readonly Message[])[] = [
            [end],
            [all, more, end],
            [more, all, end],
            [all, other, end],
            [other, all, end],
            [all, JSON.stringify({ responseId, type: 'stream-error', error: 'x' })],
            [JSON.stringify({ responseId, type: 'data', data: { hash: 'x', status: 'exists' } })],
            [JSON.stringify({ responseId, type: 'stream', chunk: 5, encoding: 'utf8' }), end],
            [JSON.stringify({ responseId, type: 'stream', chunk: '***', encoding: 'base64' }), end],
            [JSON.stringify({ responseId, type: 'stream', chunk: 'x', encoding: 'utf-16' }), end],
            [new Uint8Array(3), binary(responseId, []), more, end, all, end],
            ...(this.#options.isSilent ? [Array.from({ length: ENDLESS }, () => more), [all]] : []),
        ];
        const lie = this.#random.pick(lies) ?? [];
        // What is empty already is still the truth without its end.
        if (bytes.length === 0 && lie[0] === end) this.#refuse(responseId);
        else for (const message of lie) this.#importer.send(message);
    }
}

function binary(responseId: number, chunks: readonly Uint8Array[]): Uint8Array {
    const bytes = concat(...chunks);
    const message = createChunk(responseId, bytes.length);
    message.set(bytes, CHUNK_HEADER);
    return message;
}

function text(responseId: number, chunk: string): string {
    return JSON.stringify({ responseId, type: 'stream', chunk, encoding: 'utf8' });
}

function parsedList(truth: unknown): Child[] {
    try {
        return JSON.parse(String(truth)) as Child[];
    } catch {
        // The exporter has refused it.
        return [];
    }
}
