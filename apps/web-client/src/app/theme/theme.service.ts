import { DOCUMENT, inject, Service, signal } from '@angular/core';
import { listenUntilDestroyed, WINDOW } from '../browser.ts';
import { parseTheme, type Theme, THEME_ATTRIBUTE, THEME_KEY } from './theme.ts';

/** The theme of the page: chosen here, remembered in this browser, the same in all its tabs. */
@Service()
export class ThemeService {
    readonly #window = inject(WINDOW);
    readonly #root = inject(DOCUMENT).documentElement;
    readonly #theme = signal<Theme>(this.#remembered());
    readonly #isRemembered = signal(true);

    /** The current choice. */
    readonly theme = this.#theme.asReadonly();
    /** False when the browser refused to store the last choice: it holds until the page is closed. */
    readonly isRemembered = this.#isRemembered.asReadonly();

    constructor() {
        this.#apply(this.#theme());
        listenUntilDestroyed(this.#window, 'storage', event => {
            // `key` is null when another tab cleared everything.
            if (event instanceof StorageEvent && (event.key === THEME_KEY || event.key === null)) {
                this.#apply(parseTheme(event.newValue));
            }
        });
    }

    /** Shows the page in this theme from now on. */
    choose(theme: Theme): void {
        this.#apply(theme);
        this.#isRemembered.set(this.#remember(theme));
    }

    #apply(theme: Theme): void {
        this.#theme.set(theme);
        if (theme === 'system') this.#root.removeAttribute(THEME_ATTRIBUTE);
        else this.#root.setAttribute(THEME_ATTRIBUTE, theme);
    }

    #remembered(): Theme {
        try {
            return parseTheme(this.#window.localStorage.getItem(THEME_KEY));
        } catch {
            // The browser forbids storage, so nothing can have been remembered; `choose` reports it when it matters.
            return 'system';
        }
    }

    #remember(theme: Theme): boolean {
        try {
            if (theme === 'system') this.#window.localStorage.removeItem(THEME_KEY);
            else this.#window.localStorage.setItem(THEME_KEY, theme);
            return true;
        } catch {
            // Forbidden or full; told to the person through `isRemembered`.
            return false;
        }
    }
}
