// The page in Chromium over a table in memory: 1,000 services of ten servers each are there, of whose rows only those in view are in the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySources, oneService } from '../support/api.js';
import { ip } from '../support/ip.js';
import { skipWithoutChromium } from './browser.js';
import { onPage } from './served-page.js';

const [SERVICES, SERVERS_EACH, ROWS_MAX] = [1000, 10, 80] as const;

const services = Array.from({ length: SERVICES }, (_, service) => ({
  ...oneService,
  spec: {
    ...oneService.spec,
    key: { kind: 'address' as const, protocol: 'tcp' as const, address: ip(`10.1.${service >> 8}.${service & 255}`), port: 80 },
  },
  destinations: Array.from({ length: SERVERS_EACH }, (__, server) => ({
    ...oneService.destinations[0]!,
    spec: { ...oneService.destinations[0]!.spec, address: ip(`10.2.${server}.1`), port: 8000 + service },
  })),
}));
const table = { ...memorySources.table(), services };

test('ten thousand servers are a few rows of the page, to the last of them', { skip: skipWithoutChromium, timeout: 60_000 }, async (t) => {
  await onPage({ ...memorySources, table: () => table }, 'services', async (open) => {
    const page = await open();
    await page.waitForSelector('tr.server');
    const painted = await page.evaluate('performance.now()');
    t.diagnostic(`${Math.round(Number(painted))} ms from the start of the page to its rows`);
    assert.ok(Number(await page.evaluate("document.querySelectorAll('tbody tr').length")) <= ROWS_MAX);
    assert.equal(
      await page.evaluate("document.querySelector('table').getAttribute('aria-rowcount')"),
      String(SERVICES * (SERVERS_EACH + 1) + 1),
    );
    await page.evaluate("document.querySelector('.scroll').scrollTo(0, 1e9)");
    await page.locator('tr.server', { hasText: `10.2.${SERVERS_EACH - 1}.1:${8000 + SERVICES - 1}` }).waitFor();
    assert.ok(Number(await page.evaluate("document.querySelectorAll('tbody tr').length")) <= ROWS_MAX);
  });
});
