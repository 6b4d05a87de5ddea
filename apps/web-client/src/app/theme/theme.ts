/** What a person can choose; `system` follows the operating system. In the order in which the toggle offers them. */
export const THEMES = ['system', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];

/** Where the choice is remembered; absent for `system`. public/theme.js reads it before the first paint. */
export const THEME_KEY = 'lama-theme';

/** Attribute of the root element that styles.scss looks at; absent for `system`. public/theme.js sets it, too. */
export const THEME_ATTRIBUTE = 'data-theme';

/** Reads what was remembered; whatever is not one of ours means `system`. */
export function parseTheme(text: string | null): Theme {
    return THEMES.find(theme => theme === text) ?? 'system';
}

/** The theme that one press on the toggle leads to. */
export function themeAfter(theme: Theme): Theme {
    return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
}
