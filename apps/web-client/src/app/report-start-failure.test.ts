import { afterEach, expect, jest, test } from '@jest/globals';
import { reportStartFailure } from './report-start-failure.ts';

const original = Object.getOwnPropertyDescriptor(globalThis, 'reportError');

afterEach(() => {
    if (original) Object.defineProperty(globalThis, 'reportError', original);
});

test('a failed start is said in the page and handed to the browser', () => {
    const reported = jest.fn();
    Object.defineProperty(globalThis, 'reportError', { value: reported, configurable: true });
    document.body.innerHTML = '<app-root><p>Starting…</p></app-root>';
    const error = new Error('no such provider');

    reportStartFailure(error, document);

    expect(document.querySelector('[role=alert]')?.textContent).toContain('could not start');
    expect(document.body.textContent).not.toContain('Starting…');
    expect(reported).toHaveBeenCalledWith(error);
});
