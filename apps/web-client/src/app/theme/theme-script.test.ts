import { beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { THEME_ATTRIBUTE, THEME_KEY } from './theme.ts';

/** Runs public/theme.js as the page does: as a classic script, before anything else. */
function runThemeScript(): void {
    const script = document.createElement('script');
    script.textContent = readFileSync('public/theme.js', 'utf8');
    document.head.append(script);
    script.remove();
}

function shownTheme(): string | null {
    return document.documentElement.getAttribute(THEME_ATTRIBUTE);
}

describe('theme.js', () => {
    beforeEach(() => {
        localStorage.clear();
        document.documentElement.removeAttribute(THEME_ATTRIBUTE);
    });

    test.each(['light', 'dark'])('shows the remembered theme before the application runs: %s', theme => {
        localStorage.setItem(THEME_KEY, theme);
        runThemeScript();
        expect(shownTheme()).toBe(theme);
    });

    test('follows the system when nothing is remembered', () => {
        runThemeScript();
        expect(shownTheme()).toBeNull();
    });

    test('ignores what is not a theme', () => {
        localStorage.setItem(THEME_KEY, 'purple');
        runThemeScript();
        expect(shownTheme()).toBeNull();
    });
});
