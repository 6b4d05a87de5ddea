import type { AnyObject } from '../microdata/microdata.ts';
import type { StoreStatus } from './stored-text.ts';

/** What a store call has done (spec 20 §8). Events come after everything is durable. */
export type ObjectEvent =
    /** The head of an ID moved; `obj` is the resulting current version. `timestamp` in milliseconds, absent for local changes. */
    | {
          readonly type: 'versioned';
          readonly obj: AnyObject;
          readonly hash: string;
          readonly idHash: string;
          readonly status: 'new';
          readonly timestamp?: number | undefined;
      }
    /** An unversioned object was stored, version nodes included; also if it existed. */
    | { readonly type: 'unversioned'; readonly obj: AnyObject; readonly hash: string; readonly status: StoreStatus }
    /** An ID object was stored; also if it existed. */
    | { readonly type: 'id'; readonly idHash: string; readonly status: StoreStatus };

type Listener = (event: ObjectEvent) => void;

/** Tells listeners what was stored. One that fails is reported and does not keep the others from hearing. */
export class ObjectEvents {
    readonly #listeners = new Set<Listener>();
    readonly #onListenerError: (error: unknown) => void;

    constructor(onListenerError: (error: unknown) => void) {
        this.#onListenerError = onListenerError;
    }

    /** @returns ends the listening */
    listen(listener: Listener): () => void {
        const own: Listener = event => listener(event);
        this.#listeners.add(own);
        return () => void this.#listeners.delete(own);
    }

    emit(events: readonly ObjectEvent[]): void {
        for (const event of events)
            for (const listener of this.#listeners)
                try {
                    listener(event);
                } catch (error) {
                    this.#onListenerError(error);
                }
    }
}
