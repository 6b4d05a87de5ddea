/**
 * The application could not start, so it cannot show its own error: says so in the page and hands the error to the
 * browser's error reporting (console, `error` event).
 */
export function reportStartFailure(error: unknown, document: Document): void {
    const message = document.createElement('p');
    message.className = 'starting';
    message.setAttribute('role', 'alert');
    message.textContent = 'LAMA Federation could not start. Reload the page; your data is not affected.';
    document.querySelector('app-root')?.replaceChildren(message);
    globalThis.reportError(error);
}
