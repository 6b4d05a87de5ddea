import { inject, Service, signal } from '@angular/core';
import { listenUntilDestroyed, WINDOW } from '../browser.ts';

/** Whether this device has a network connection, as far as the browser knows. */
@Service()
export class Connectivity {
    readonly #window = inject(WINDOW);
    readonly #online = signal(this.#window.navigator.onLine);

    readonly online = this.#online.asReadonly();

    constructor() {
        for (const type of ['online', 'offline']) {
            listenUntilDestroyed(this.#window, type, () => this.#online.set(this.#window.navigator.onLine));
        }
    }
}
