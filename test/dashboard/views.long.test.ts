// The dashboard in Chromium against a lab's director with traffic: every view in both colour schemes, by axe and by a picture; a server that fails and comes
// back; the keyboard alone; and that no other page reaches it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { skipWithoutNetns } from '../lab/weir-lab.js';
import { root } from '../support/project.js';
import { type Dashboard, openBrowser, openDashboard, skipWithoutChromium, violations } from './browser.js';

const VIEWS = ['', 'services', 'vrrp', 'checks', 'drains', 'connections', 'drops', 'changes', 'doctor'] as const;
const SCHEMES = ['light', 'dark'] as const;
const SIZE = { width: 1440, height: 1000 } as const;
const pictures = join(root, 'build/dashboard');
const skip = skipWithoutNetns() || skipWithoutChromium;

const weir = (...words: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'weir', ...words], { encoding: 'utf8' });
  assert.equal(status, 0, `weir ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};
/** Other labs that stand beside it have hosts of these names, too. */
const LAB = 'dashboard';
const onHost = (host: string, ...command: readonly string[]): string => weir('lab', 'enter', '--run', LAB, host, ...command);
const onServer = (command: string): string => onHost('web1', 'sh', '-c', command);
const REJECT = 'INPUT -p tcp -s 192.168.99.5 -j REJECT --reject-with tcp-reset';

let browser: Browser | undefined;
let dashboard: Dashboard | undefined;

async function openPage(scheme: (typeof SCHEMES)[number] = 'light'): Promise<Page> {
  assert.ok(browser !== undefined && dashboard !== undefined);
  const page = await browser.newPage({ viewport: SIZE, colorScheme: scheme });
  await page.goto(dashboard.address);
  await page.waitForSelector('nav');
  return page;
}

const show = async (page: Page, view: string): Promise<void> => {
  await page.evaluate((hash) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = `#/${hash}`;
  }, view);
  await page.waitForSelector(`nav a[href="#/${view}"][aria-current]`);
  await page.waitForSelector('main .scroll, main .empty, main .findings li');
};

before(
  async () => {
    if (skip !== false) return;
    mkdirSync(pictures, { recursive: true });
    const { stdout, status } = spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'weir', 'lab', LAB, '--keep'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
    const socket = /^weir dashboard --socket (\S+)$/m.exec(stdout)?.[1] ?? '';
    dashboard = await openDashboard(socket);
    browser = await openBrowser();
  },
  { timeout: 120_000 },
);

after(async () => {
  await browser?.close();
  dashboard?.process.kill();
  if (skip === false) weir('lab', 'down', LAB);
});

for (const scheme of SCHEMES)
  test(`every view passes axe in the ${scheme} scheme, with nothing in the browser's log`, { skip, timeout: 180_000 }, async () => {
    const page = await openPage(scheme);
    const logged: string[] = [];
    page.on('console', (message) => message.type() === 'error' && logged.push(message.text()));
    page.on('pageerror', (error) => logged.push(String(error)));
    for (const view of VIEWS) {
      await show(page, view);
      await page.waitForTimeout(view === '' || view === 'doctor' ? 6000 : 500);
      await page.screenshot({ path: join(pictures, `${view === '' ? 'now' : view}-${scheme}.png`), fullPage: true });
      assert.deepEqual(await violations(page), [], view);
    }
    assert.deepEqual(logged, []);
    await page.close();
  });

/** Not that at port 8080. */
const SERVER = /192\.168\.99\.11:80(?!\d)/;

test('a server that fails changes its row within 2 s of the health check, and again when it is back', {
  skip,
  timeout: 60_000,
}, async () => {
  const page = await openPage();
  await show(page, 'services');
  const row = page.locator('tr.server', { hasText: SERVER }).first();
  await row.getByText('UP').waitFor();
  onServer(`iptables -A ${REJECT}`);
  for (;;) {
    const health = onHost('lvs1', 'weir', 'api', 'GET', '/v1/checks');
    if (/"server":"192.168.99.11:80","up":false/.test(health)) break;
  }
  await row.getByText('DOWN').waitFor({ timeout: 2000 });
  onServer(`iptables -D ${REJECT}`);
  await row.getByText('UP').waitFor({ timeout: 10_000 });
  await page.close();
});

test('a server is drained by a click, after its plan, and gets its weight back by another', { skip, timeout: 60_000 }, async () => {
  const page = await openPage();
  await show(page, 'services');
  await page.locator('tr.server', { hasText: SERVER }).getByRole('button', { name: 'Drain' }).first().click();
  await page.getByText('of the weights').waitFor();
  await page.screenshot({ path: join(pictures, 'drain-light.png') });
  assert.deepEqual(await violations(page), []);
  assert.equal(onHost('lvs1', 'weir', 'drain', 'list').trim(), 'no drains');
  await page.getByRole('button', { name: 'Drain', exact: true }).click();
  await page.locator('tr.server.draining', { hasText: SERVER }).first().waitFor();
  await show(page, 'drains');
  await page.getByRole('button', { name: /Give the weights back/ }).click();
  await page.getByText('cancelled').waitFor();
  await show(page, 'services');
  await page.locator('tr.server.up', { hasText: SERVER }).first().waitFor();
  await page.close();
});

test('by the keyboard alone: to the content, to a view, to an order of rows', { skip, timeout: 60_000 }, async () => {
  const page = await openPage();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.textContent.trim()'), 'To the content');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('nav a[href="#/services"][aria-current]');
  await page.waitForSelector('thead button');
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.textContent.trim()')) === 'Server') break;
  }
  await page.keyboard.press('Enter');
  await page.waitForSelector('th[aria-sort=descending]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('th[aria-sort=ascending]');
  await page.close();
});

test('without the key, by another name of the host, or from another page there is nothing', { skip, timeout: 30_000 }, async () => {
  assert.ok(dashboard !== undefined);
  const { origin, port } = new URL(dashboard.address);
  assert.equal((await fetch(origin)).status, 401);
  assert.equal((await fetch(`${origin}/?key=wrong`)).status, 401);
  const cookie = (await fetch(dashboard.address, { redirect: 'manual' })).headers.get('set-cookie') ?? '';
  assert.match(cookie, /^weir-\d+=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/);
  const headers = { cookie: cookie.split(';')[0] ?? '' };
  assert.equal((await fetch(`${origin}/v1`, { headers })).status, 200);
  assert.equal((await fetch(`${origin}/v1`, { headers: { ...headers, origin: 'http://example.com' } })).status, 403);
  assert.equal(
    spawnSync(
      'curl',
      ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Host: evil.example', '-b', headers.cookie, `http://127.0.0.1:${port}/v1`],
      { encoding: 'utf8' },
    ).stdout,
    '421',
  );
});
