import { DestroyRef, DOCUMENT, inject, InjectionToken } from '@angular/core';

/** The window of the page. */
export const WINDOW = new InjectionToken<Window>('window', {
    providedIn: 'root',
    factory: () => {
        const window = inject(DOCUMENT).defaultView;
        if (!window) throw new Error('The web client needs a page with a window.');
        return window;
    },
});

/** `fetch` of the browser; tests put their own in its place. */
export const FETCH = new InjectionToken<typeof fetch>('fetch', {
    providedIn: 'root',
    factory: () => globalThis.fetch.bind(globalThis),
});

/** Calls `listener` on `type` until the injector that it is called in is destroyed. Injection context only. */
export function listenUntilDestroyed(target: EventTarget, type: string, listener: (event: Event) => void): void {
    target.addEventListener(type, listener);
    inject(DestroyRef).onDestroy(() => target.removeEventListener(type, listener));
}
