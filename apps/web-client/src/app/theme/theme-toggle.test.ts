import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { THEME_ATTRIBUTE, THEME_KEY } from './theme.ts';
import { ThemeToggle } from './theme-toggle.ts';

async function showToggle(): Promise<ComponentFixture<ThemeToggle>> {
    const fixture = TestBed.createComponent(ThemeToggle);
    await fixture.whenStable();
    return fixture;
}

function page(fixture: ComponentFixture<ThemeToggle>): HTMLElement {
    return fixture.nativeElement as HTMLElement;
}

async function press(fixture: ComponentFixture<ThemeToggle>): Promise<void> {
    page(fixture).querySelector('button')?.click();
    await fixture.whenStable();
}

function label(fixture: ComponentFixture<ThemeToggle>): string | null | undefined {
    return page(fixture).querySelector('button')?.getAttribute('aria-label');
}

function announcement(fixture: ComponentFixture<ThemeToggle>): string | null | undefined {
    return page(fixture).querySelector('[aria-live=polite]')?.textContent;
}

function shownTheme(): string | null {
    return document.documentElement.getAttribute(THEME_ATTRIBUTE);
}

describe('theme toggle', () => {
    beforeEach(() => localStorage.clear());
    afterEach(() => void jest.restoreAllMocks());

    test('follows the system until somebody chooses', async () => {
        const fixture = await showToggle();
        expect(shownTheme()).toBeNull();
        expect(label(fixture)).toBe('Theme: as the system. Switch to light');
        expect(announcement(fixture)).toBe('');
    });

    test('goes from system to light to dark and back, shows, remembers and announces each', async () => {
        const fixture = await showToggle();

        await press(fixture);
        expect([shownTheme(), localStorage.getItem(THEME_KEY)]).toEqual(['light', 'light']);
        expect(label(fixture)).toBe('Theme: light. Switch to dark');
        expect(announcement(fixture)).toBe('Theme: light');

        await press(fixture);
        expect([shownTheme(), localStorage.getItem(THEME_KEY)]).toEqual(['dark', 'dark']);
        expect(announcement(fixture)).toBe('Theme: dark');

        await press(fixture);
        expect([shownTheme(), localStorage.getItem(THEME_KEY)]).toEqual([null, null]);
        expect(announcement(fixture)).toBe('Theme: as the system');
    });

    test('starts with what was remembered', async () => {
        localStorage.setItem(THEME_KEY, 'dark');
        const fixture = await showToggle();
        expect(shownTheme()).toBe('dark');
        expect(label(fixture)).toBe('Theme: dark. Switch to as the system');
    });

    test('follows a choice made in another tab', async () => {
        const fixture = await showToggle();
        window.dispatchEvent(new StorageEvent('storage', { key: THEME_KEY, newValue: 'dark' }));
        await fixture.whenStable();
        expect(shownTheme()).toBe('dark');
        expect(label(fixture)).toContain('Theme: dark');
    });

    test('ignores what another tab stores elsewhere', async () => {
        await showToggle();
        window.dispatchEvent(new StorageEvent('storage', { key: 'other', newValue: 'dark' }));
        expect(shownTheme()).toBeNull();
    });

    test('works, and says that it will not last, where the browser forbids storage', async () => {
        const forbidden = () => {
            throw new DOMException('The operation is insecure.', 'SecurityError');
        };
        for (const method of ['getItem', 'setItem', 'removeItem'] as const) {
            jest.spyOn(Storage.prototype, method).mockImplementation(forbidden);
        }
        const fixture = await showToggle();
        await press(fixture);
        expect(shownTheme()).toBe('light');
        expect(announcement(fixture)).toBe('Theme: light, until this page is closed: the browser stores nothing');
    });
});
