import { Component, computed, inject, signal } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { Icon } from '../icon/icon.ts';
import { type IconName } from '../icon/icon-paths.ts';
import { type Theme, themeAfter } from './theme.ts';
import { ThemeService } from './theme.service.ts';

const NAMES: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' };
const ICONS: Readonly<Record<Theme, IconName>> = { system: 'system', light: 'sun', dark: 'moon' };

/** One button that goes through the themes. It shows the current one and says where a press leads. */
@Component({
    selector: 'lama-theme-toggle',
    imports: [Icon, MatIconButton],
    template: `
        <button matIconButton type="button" [attr.aria-label]="label()" (click)="next()">
            <lama-icon [name]="icon()" />
        </button>
        <span class="visually-hidden" aria-live="polite">{{ announcement() }}</span>
    `,
    styles: `
        :host {
            /* The picture, not the invisible edge of the button, stands at the edge of the page. */
            margin-inline-end: -0.625rem;
        }
        lama-icon {
            display: flex;
            inline-size: 1.5rem;
            block-size: 1.5rem;
        }
    `,
})
export class ThemeToggle {
    readonly #themes = inject(ThemeService);

    protected readonly icon = computed(() => ICONS[this.#themes.theme()]);
    protected readonly label = computed(() => {
        const theme = this.#themes.theme();
        return `Theme: ${NAMES[theme]}. Switch to ${NAMES[themeAfter(theme)]}`;
    });
    /** Screen readers do not reliably tell that the label of the focused button changed. */
    protected readonly announcement = signal('');

    protected next(): void {
        const theme = themeAfter(this.#themes.theme());
        this.#themes.choose(theme);
        const limit = this.#themes.isRemembered() ? '' : ', until this page is closed: the browser stores nothing';
        this.announcement.set(`Theme: ${NAMES[theme]}${limit}`);
    }
}
