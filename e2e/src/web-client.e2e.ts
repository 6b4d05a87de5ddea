import { AxeBuilder } from '@axe-core/playwright';
import { PROCESSES } from '@lama/federation';
import { chromiumLaunchOptions, listeningProcess } from '@lama/testing';
import { expect, test as base, type Page } from '@playwright/test';
import { StartedSystem } from './support/started-system.ts';

/** One started system for all tests of this file, and a page that fails its test on any console error. */
const test = base.extend<{ page: Page }, { system: StartedSystem }>({
    launchOptions: [async ({}, use) => use(await chromiumLaunchOptions()), { scope: 'worker' }],
    system: [
        async ({}, use) => {
            await using system = await StartedSystem.ready({ args: ['--embedded'] });
            await use(system);
        },
        { scope: 'worker', timeout: 90_000 },
    ],
    page: async ({ page }, use) => {
        const complaints: string[] = [];
        page.on('console', message => {
            if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
        });
        page.on('pageerror', error => void complaints.push(String(error)));
        await use(page);
        expect(complaints).toEqual([]);
    },
});

test('shows who it is and how the archive is', async ({ page, system }) => {
    const response = await page.goto(system.url);
    expect(response?.headers()['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval';");
    await expect(page).toHaveTitle('LAMA Federation');
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('Your archive');
    await expect(page.getByRole('main')).toContainText(/ready/i);
});

test('tells when the archive is away, and when it is back', async ({ page, system }) => {
    const archive = await listeningProcess(PROCESSES['archive-node'].healthPort + system.portOffset);
    process.kill(archive?.pid ?? NaN, 'SIGSTOP');
    await page.goto(system.url);
    await expect(page.getByRole('main')).toContainText('Your archive does not answer.');
    process.kill(archive?.pid ?? NaN, 'SIGCONT');
    await expect(page.getByRole('main')).toContainText(/ready/i, { timeout: 20_000 });
});

test('every path of the client is the client, a missing file is not', async ({ page, system }) => {
    await page.goto(`${system.url}/some/page`);
    await expect(page).toHaveTitle('LAMA Federation');
    expect((await page.request.get(`${system.url}/missing.js`)).status()).toBe(404);
});

for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [320, 1280]) {
        test(`is accessible and fits ${width} px in ${colorScheme}`, async ({ page, system }) => {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await page.setViewportSize({ width, height: 800 });
            await page.goto(system.url);
            await expect(page.getByRole('main')).toContainText(/ready/i);
            const { violations } = await new AxeBuilder({ page }).analyze();
            expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }))).toEqual([]);
            expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        });
    }
}

test('the theme can be chosen with the keyboard and is remembered', async ({ page, system }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(system.url);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    const toggle = page.getByRole('button', { name: /theme|dark|light/i });
    await toggle.focus();
    for (let presses = 0; presses < 3 && (await background()) === light; presses++) await page.keyboard.press('Enter');
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await background()).toBe(dark);
});
