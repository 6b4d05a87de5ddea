import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { FETCH } from '../browser.ts';
import { POLL_INTERVAL_MS, REQUEST_TIMEOUT_MS } from './limits.ts';
import { StatusCard } from './status-card.ts';

/** A service that each test lets answer as it likes; it records what it was asked. */
class FakeService {
    readonly signals: AbortSignal[] = [];
    answer: () => Promise<Response> = () => this.never();

    readonly fetch: typeof fetch = (url, init) => {
        expect(url).toBe('/api/v1/status');
        const signal = init?.signal;
        if (!signal) throw new Error('Asked without a signal: the request could not be ended.');
        this.signals.push(signal);
        return Promise.race([this.answer(), rejectedOnAbort(signal)]);
    };

    get requests(): number {
        return this.signals.length;
    }

    answers(archive: { state: string; reason?: string }): void {
        this.answerText(JSON.stringify({ version: '0.1.0', archive }));
    }

    answerText(text: string, status = 200): void {
        // jsdom has no Response; this is the part that we use.
        const response = { ok: status < 400, status, text: () => Promise.resolve(text) } as Response;
        this.answer = () => Promise.resolve(response);
    }

    fails(): void {
        this.answer = () => Promise.reject(new TypeError('Failed to fetch'));
    }

    hangs(): void {
        this.answer = () => this.never();
    }

    never(): Promise<Response> {
        return new Promise(() => undefined);
    }
}

function rejectedOnAbort(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

let service: FakeService;
let fixture: ComponentFixture<StatusCard>;

async function showCard(): Promise<void> {
    fixture = TestBed.createComponent(StatusCard);
    await settled();
}

/** Lets answers arrive and the page follow. */
async function settled(): Promise<void> {
    await pass(0);
}

async function pass(milliseconds: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(milliseconds);
    fixture.detectChanges();
}

function words(place: 'This device' | 'Your archive'): string {
    const items = [...(fixture.nativeElement as HTMLElement).querySelectorAll('li')];
    const item = items.find(li => li.querySelector('h3')?.textContent === place);
    return [...(item?.querySelectorAll('p') ?? [])].map(p => p.textContent.trim()).join(' | ');
}

function tone(place: 'This device' | 'Your archive'): string | undefined {
    const index = place === 'This device' ? 0 : 1;
    return (fixture.nativeElement as HTMLElement).querySelectorAll('li')[index]?.dataset['tone'];
}

async function becomes(visibility: DocumentVisibilityState): Promise<void> {
    jest.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility);
    document.dispatchEvent(new Event('visibilitychange'));
    await settled();
}

async function goes(connection: 'online' | 'offline'): Promise<void> {
    jest.spyOn(navigator, 'onLine', 'get').mockReturnValue(connection === 'online');
    window.dispatchEvent(new Event(connection));
    await settled();
}

describe('status card', () => {
    beforeEach(() => {
        jest.useFakeTimers();
        jest.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible');
        service = new FakeService();
        TestBed.configureTestingModule({ providers: [{ provide: FETCH, useValue: service.fetch }] });
    });
    afterEach(() => {
        TestBed.resetTestingModule();
        jest.restoreAllMocks();
        jest.useRealTimers();
    });

    describe('shows', () => {
        test('that it waits for the first answer', async () => {
            await showCard();
            expect(words('Your archive')).toBe('Asking | Waiting for the first answer, 5 seconds at most.');
            expect(tone('Your archive')).toBe('quiet');
        });

        test('an archive that is ready', async () => {
            service.answers({ state: 'ready' });
            await showCard();
            expect(words('Your archive')).toBe('Ready | Your archive is running and answers.');
            expect(tone('Your archive')).toBe('good');
        });

        test('an archive that is degraded, and why', async () => {
            service.answers({ state: 'degraded', reason: 'Redis does not answer.' });
            await showCard();
            expect(words('Your archive')).toBe(
                'Limited | Your archive is running, but not everything works. | Redis does not answer.',
            );
            expect(tone('Your archive')).toBe('warning');
        });

        test('an archive that is unreachable, and why', async () => {
            service.answers({ state: 'unreachable', reason: 'Connection refused.' });
            await showCard();
            expect(words('Your archive')).toBe(
                'Not reachable | The service in front of your archive answers, but the archive itself does not. | ' +
                    'Connection refused.',
            );
            expect(tone('Your archive')).toBe('bad');
        });

        test('a service that cannot be reached', async () => {
            service.fails();
            await showCard();
            expect(words('Your archive')).toBe(
                'No answer | The service in front of your archive cannot be reached. Check that it is running.',
            );
            expect(tone('Your archive')).toBe('bad');
        });

        test('a service that does not answer in time, after 5 seconds', async () => {
            await showCard();
            await pass(REQUEST_TIMEOUT_MS - 1);
            expect(words('Your archive')).toContain('Asking');
            await pass(1);
            expect(words('Your archive')).toBe(
                'No answer | The service in front of your archive did not answer within 5 seconds.',
            );
        });

        test('a service that answers with an error', async () => {
            service.answerText('{}', 503);
            await showCard();
            expect(words('Your archive')).toBe(
                'No answer | The service in front of your archive answered with error 503.',
            );
        });

        test('a service that answers something else', async () => {
            service.answerText('{"hello": "world"}');
            await showCard();
            expect(words('Your archive')).toContain('gave an answer that this page does not understand');
        });

        test('a reason as text, never as markup', async () => {
            service.answers({ state: 'degraded', reason: '<img src=x onerror=alert(1)>' });
            await showCard();
            expect(words('Your archive')).toContain('<img src=x onerror=alert(1)>');
            expect((fixture.nativeElement as HTMLElement).querySelector('img')).toBeNull();
        });

        test('whether this device has a network connection', async () => {
            await showCard();
            expect(words('This device')).toBe('Online | This browser has a network connection.');
            await goes('offline');
            expect(words('This device')).toBe('Offline | This browser has no network connection right now.');
            await goes('online');
            expect(words('This device')).toContain('Online');
        });

        test('changes politely to screen readers, but not the time of the last check', async () => {
            service.answers({ state: 'ready' });
            await showCard();
            const page = fixture.nativeElement as HTMLElement;
            expect(page.querySelector('[aria-live=polite]')?.textContent).toContain('Ready');
            expect(page.querySelector('time')?.closest('[aria-live]')).toBeNull();
            expect(page.querySelector('time')?.dateTime).toBe(new Date().toISOString());
        });

        test('the same elements when nothing changed, so that nothing is announced twice', async () => {
            service.answers({ state: 'ready' });
            await showCard();
            const region = (fixture.nativeElement as HTMLElement).querySelector('[aria-live=polite]');
            if (!region) throw new Error('There is no live region.');
            const changes: MutationRecord[] = [];
            new MutationObserver(records => changes.push(...records)).observe(region, {
                subtree: true,
                childList: true,
                characterData: true,
                attributes: true,
            });
            await pass(POLL_INTERVAL_MS);
            expect(service.requests).toBe(2);
            expect(changes).toEqual([]);
            service.fails();
            await pass(POLL_INTERVAL_MS);
            expect(changes).not.toEqual([]);
        });
    });

    describe('asks', () => {
        test('again 10 seconds after each answer or failure, and shows the new state', async () => {
            service.answers({ state: 'ready' });
            await showCard();
            await pass(POLL_INTERVAL_MS - 1);
            expect(service.requests).toBe(1);
            service.fails();
            await pass(1);
            expect(service.requests).toBe(2);
            expect(words('Your archive')).toContain('No answer');
            service.answers({ state: 'ready' });
            await pass(POLL_INTERVAL_MS);
            expect(service.requests).toBe(3);
            expect(words('Your archive')).toContain('Ready');
        });

        test('keeps showing the last state while it asks again', async () => {
            service.answers({ state: 'ready' });
            await showCard();
            service.hangs();
            await pass(POLL_INTERVAL_MS);
            expect(service.requests).toBe(2);
            expect(words('Your archive')).toContain('Ready');
        });

        test('not while the page is hidden, and at once when it is seen again', async () => {
            service.answers({ state: 'ready' });
            await showCard();
            await becomes('hidden');
            await pass(10 * POLL_INTERVAL_MS);
            expect(service.requests).toBe(1);
            await becomes('visible');
            expect(service.requests).toBe(2);
            await pass(POLL_INTERVAL_MS);
            expect(service.requests).toBe(3);
        });

        test('not when it is opened in the background', async () => {
            jest.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
            await showCard();
            await pass(10 * POLL_INTERVAL_MS);
            expect(service.requests).toBe(0);
        });

        test('at once when the connection comes back, ending the request that hangs', async () => {
            await showCard();
            await goes('offline');
            await goes('online');
            expect(service.signals.map(signal => signal.aborted)).toEqual([true, true, false]);
        });

        test('only once at a time, however often it is woken', async () => {
            await showCard();
            for (let i = 0; i < 5; i++) await goes('online');
            expect(service.signals.filter(signal => !signal.aborted)).toHaveLength(1);
            service.answers({ state: 'ready' });
            await goes('online');
            const before = service.requests;
            await pass(POLL_INTERVAL_MS);
            expect(service.requests).toBe(before + 1);
        });

        test('no more after it is gone, and ends the request under way', async () => {
            await showCard();
            fixture.destroy();
            expect(service.signals[0]?.aborted).toBe(true);
            await jest.advanceTimersByTimeAsync(10 * POLL_INTERVAL_MS);
            document.dispatchEvent(new Event('visibilitychange'));
            window.dispatchEvent(new Event('online'));
            expect(service.requests).toBe(1);
        });
    });
});
