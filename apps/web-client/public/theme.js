// Applies the remembered theme before the first paint. A file of its own, because the content security policy allows
// no inline script; the same key and attribute as in src/app/theme/theme.ts (a test compares them).
try {
    const choice = globalThis.localStorage.getItem('lama-theme');
    if (choice === 'light' || choice === 'dark') globalThis.document.documentElement.dataset.theme = choice;
} catch {
    // The browser forbids storage: nothing can have been remembered, the page follows the system.
}
