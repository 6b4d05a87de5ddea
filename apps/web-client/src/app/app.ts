import { Component } from '@angular/core';
import { APP_VERSION } from './app-version.ts';
import { Logo } from './brand/logo.ts';
import { StatusCard } from './status/status-card.ts';
import { ThemeToggle } from './theme/theme-toggle.ts';

/** The page: who we are, what it does, and how the places of one's data are. It shows nothing that does not exist. */
@Component({
    selector: 'app-root',
    imports: [Logo, StatusCard, ThemeToggle],
    templateUrl: './app.html',
    styleUrl: './app.css',
})
export class App {
    protected readonly version = APP_VERSION;

    /** Moves the focus itself: a link to `#main` would leave the current path because of `<base href>`. */
    protected skipTo(main: HTMLElement, event: Event): void {
        event.preventDefault();
        main.focus();
    }
}
