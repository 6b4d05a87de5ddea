import { beforeEach, describe, expect, test } from '@jest/globals';
import { TestBed } from '@angular/core/testing';
import { APP_VERSION } from './app-version.ts';
import { App } from './app.ts';
import { FETCH } from './browser.ts';

describe('the page', () => {
    let page: HTMLElement;

    beforeEach(async () => {
        localStorage.clear();
        TestBed.configureTestingModule({
            providers: [{ provide: FETCH, useValue: () => new Promise(() => undefined) }],
        });
        const fixture = TestBed.createComponent(App);
        await fixture.whenStable();
        page = fixture.nativeElement as HTMLElement;
        document.body.append(page);
    });

    test('says who we are and what it is for', () => {
        expect(page.querySelector('header')?.textContent).toContain('LAMA Federation');
        expect(page.querySelector('h1')?.textContent).toBe('One life, many devices.');
        expect(page.querySelector('h2')?.textContent).toBe('Where your data can be right now');
    });

    test('offers nothing that does not exist: its only controls are skip link, theme and licence', () => {
        const controls = [...page.querySelectorAll('a, button, input, select, textarea, [role=button]')];
        expect(controls.map(control => control.getAttribute('aria-label') ?? control.textContent)).toEqual([
            'Skip to content',
            'Theme: as the system. Switch to light',
            'Apache License 2.0',
        ]);
    });

    test('tells its version and licence', () => {
        expect(page.querySelector('footer')?.textContent).toContain(APP_VERSION);
        expect(page.querySelector<HTMLAnchorElement>('footer a')?.href).toContain('apache.org/licenses/LICENSE-2.0');
    });

    test('the skip link moves the focus and does not leave the page', () => {
        const click = new MouseEvent('click', { bubbles: true, cancelable: true });
        page.querySelector('a[href="#main"]')?.dispatchEvent(click);
        expect(document.activeElement).toBe(page.querySelector('main'));
        expect(click.defaultPrevented).toBe(true);
    });
});
