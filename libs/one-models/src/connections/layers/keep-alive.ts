// Signs of life (spec 50 §3.3):
//
//   nothing sent for 20 s       send the text `keepalive`; the peer swallows it
//   nothing received for 25 s   terminate
//   a text that begins so       escaped (escaping.ts)
import { systemTimer, type Timer } from '@refinio/one.core';
import type { Message } from '../message.ts';
import { escapeText, unescapeText } from './escaping.ts';
import type { Layer, LayerPlace } from './layer.ts';

const KEEP_ALIVE = 'keepalive';
const CONTROLS = [KEEP_ALIVE];
const SEND_AFTER_MS = 20_000;
const SILENCE_MS = 25_000;

export class KeepAlive implements Layer {
    readonly #place: LayerPlace;
    readonly #timer: Timer;
    #stopSending: () => void;
    #stopWatching: () => void;

    constructor(place: LayerPlace, timer: Timer = systemTimer) {
        this.#place = place;
        this.#timer = timer;
        this.#stopSending = this.#waitToSend();
        this.#stopWatching = this.#watch();
    }

    outgoing(message: Message): Message[] {
        this.#stopSending();
        this.#stopSending = this.#waitToSend();
        return [typeof message === 'string' ? escapeText(message, CONTROLS) : message];
    }

    incoming(message: Message): Message | undefined {
        this.#stopWatching();
        this.#stopWatching = this.#watch();
        if (message === KEEP_ALIVE) return undefined;
        return typeof message === 'string' ? unescapeText(message, CONTROLS) : message;
    }

    end(): void {
        this.#stopSending();
        this.#stopWatching();
    }

    #waitToSend(): () => void {
        return this.#timer(() => {
            this.#stopSending = this.#waitToSend();
            this.#place.inject(KEEP_ALIVE);
        }, SEND_AFTER_MS);
    }

    #watch(): () => void {
        return this.#timer(() => {
            this.#stopWatching = this.#watch();
            // Then the silence is our own.
            if (!this.#place.isPaused) this.#place.terminate('Keepalive: No lifesign of the other side');
        }, SILENCE_MS);
    }
}
