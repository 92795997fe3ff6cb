// Columns in Chromium, of an API whose answers are known: the last check, failed checks, the highest rate, what is left of a drain, and an hour ago.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { TrafficHistory } from '../../src/api/events/traffic-history.js';
import type { ApiSources } from '../../src/api/sources.js';
import type { PublishedServerAttempts } from '../../src/host/published-attempts.js';
import type { Override } from '../../src/model/drain/override.js';
import type { Stats } from '../../src/model/service.js';
import type { DaemonStatus } from '../../src/report/status/status.js';
import { memorySources, oneDrain, oneService } from '../support/api.js';
import { ip } from '../support/ip.js';
import { root } from '../support/project.js';
import { skipWithoutChromium, violations } from './browser.js';
import { onPage } from './served-page.js';

const VIRTUAL = '[192.0.2.1]:tcp:80';
const [UP, REFUSED, DRAINED, OUT] = ['10.0.0.2:8080', '10.0.0.3:8080', '10.0.0.4:8080', '10.0.0.5:8080'] as const;
const NOW = Date.now();
const BEFORE = new Date(NOW - 90_000).toISOString();
const pictures = join(root, 'build/dashboard');

/** It may be raised by a test. */
let rate = 250n;

const stats = (): Stats => ({ ...oneService.stats, connRate: rate, inByteRate: 1_500_000n });

function destination(server: string, held: boolean) {
  const [first] = oneService.destinations;
  const entry = { ...first!, spec: { ...first!.spec, address: ip(server.replace(/:\d+$/, '')) }, stats: stats() };
  return held ? { ...entry, held: { released: true } } : entry;
}

const real = (server: string, up: boolean) => ({
  server,
  up,
  since: BEFORE,
  weight: 3,
  checks: 1,
  unchecked: 0,
  timesDown: up ? 0 : 2,
  downUs: up ? 0 : 30_000_000,
  failed: up ? [] : [{ check: 'TCP_CHECK', reason: 'connection refused', since: BEFORE }],
  notMade: [],
});

const daemon = {
  pid: 1,
  program: 'weir',
  file: 'keepalived.conf',
  since: null,
  instances: null,
  health: [
    {
      name: VIRTUAL,
      quorumUp: true,
      quorum: 1,
      weight: 3,
      sorry: false,
      suspended: false,
      servers: [real(UP, true), real(REFUSED, false), real(DRAINED, true), real(OUT, false)],
    },
  ],
  bfd: null,
  otherBuild: false,
} satisfies DaemonStatus;

const attempts = (server: string, failure: number, last: Partial<PublishedServerAttempts['last']>): PublishedServerAttempts => ({
  virtual: VIRTUAL,
  server,
  results: { success: 100, failure, 'not-made': 0, abandoned: 0 },
  last: { check: 'TCP_CHECK', result: 'success', text: '', atUs: NOW * 1000, tookUs: 3100, ...last },
});

/** An hour and a minute, in the last minute of which came ten times as much as an hour before. */
function anHour(): TrafficHistory {
  const history = new TrafficHistory();
  let conns = 0n;
  for (let minute = 0; minute <= 61; minute++) {
    conns += minute === 61 ? 6000n : 600n;
    const totals = { ...oneService.stats, conns, inPackets: conns * 10n, inBytes: conns * 1000n };
    history.add({ atMs: NOW - (61 - minute) * 60_000, totals, dropped: 0n });
  }
  return history;
}

const drains = [
  {
    ...oneDrain,
    target: DRAINED,
    deadlineUs: 250_000_000,
    remaining: { open: 12, over: 3, byState: { ESTABLISHED: 12, FIN_WAIT: 3 }, persistent: 0, idleMaxS: 4 },
    openAtStart: 20,
  },
];

const overrides: readonly Override[] = [
  {
    target: UP,
    state: 'ready',
    weight: 2,
    reason: 'new disks',
    owner: 'root',
    since: BEFORE,
    untilUs: 7_200_000_000,
  },
];

const sources: ApiSources = {
  ...memorySources,
  now: () => NOW,
  monotonicUs: () => 0,
  daemons: () => [daemon],
  attempts: () => [
    attempts(UP, 4, {}),
    attempts(REFUSED, 17, { result: 'failure', text: 'connection refused', tookUs: 400 }),
    attempts(OUT, 9, { check: 'HTTP_GET', result: 'failure', text: 'timeout', tookUs: 2_000_000 }),
  ],
  drainRecord: () => ({ format: 1, next: 2, drains, overrides }),
  table() {
    const destinations = [destination(UP, false), destination(REFUSED, false), destination(DRAINED, true)];
    return { ...memorySources.table(), services: [{ ...oneService, stats: stats(), destinations }] };
  },
  history: anHour(),
};

/** The text of a server's cell below a heading. */
const cell = (page: Page, server: string, heading: string): Promise<string> =>
  page.evaluate(
    ([row, column]) => {
      interface Cells {
        readonly cells: ArrayLike<{ readonly textContent: string }>;
        readonly textContent: string;
      }
      const { document } = globalThis as unknown as { document: { querySelectorAll(selector: string): Iterable<Cells> } };
      const heads = [...document.querySelectorAll('thead tr:last-child')][0];
      const found = [...document.querySelectorAll('tbody tr.server')].find(({ textContent }) => textContent.startsWith(row));
      const at = Array.from(heads?.cells ?? []).findIndex(({ textContent }) => textContent.trim() === column);
      return found?.cells[at]?.textContent.trim().replace(/\s+/g, ' ') ?? `no ${column} of ${row}`;
    },
    [server, heading] as const,
  );

const skip = skipWithoutChromium;

test('Services: the last check, failed checks, the highest rate, and what is left of a drain', { skip, timeout: 60_000 }, async () => {
  rate = 250n;
  await onPage(sources, 'services', async (open) => {
    const page = await open({ width: 2200 });
    await page.getByText('12 left, 4m10s').waitFor();
    await page.getByText('HTTP_GET').waitFor();
    const column = (heading: string) => Promise.all([UP, REFUSED, DRAINED, OUT].map((server) => cell(page, server, heading)));
    assert.deepEqual(await column('LastChk'), [
      'TCP_CHECK 3.1 ms',
      'TCP_CHECK 0.4 ms: connection refused',
      'passed',
      'HTTP_GET 2000 ms: TCP_CHECK connection refused',
    ]);
    assert.deepEqual(await column('Chk fails'), ['4', '17', '', '9']);
    assert.deepEqual(await column('Weight'), ['3', '3', '0 / 3', '']);
    assert.deepEqual(await column('Drain'), [`Drain … ${UP}`, `Drain … ${REFUSED}`, '12 left, 4m10s', '']);
    assert.deepEqual(await column('CPS max'), ['250', '250', '250', '']);
    assert.deepEqual(await column('Conns'), ['9.22 E', '9.22 E', '9.22 E', '']);
    assert.deepEqual(await column('Downs'), ['0', '2', '0', '2']);
    rate = 7n;
    await page.locator('tr.server', { hasText: UP }).getByText('7', { exact: true }).waitFor({ timeout: 10_000 });
    assert.deepEqual([await cell(page, UP, 'CPS'), await cell(page, UP, 'CPS max')], ['7', '250']);
  });
});

test('Now and Drains: drains have their ids, overrides are no drains and have their reason, owner and end', {
  skip,
  timeout: 60_000,
}, async () => {
  await onPage(sources, '', async (open) => {
    const page = await open({ width: 1600 });
    await page.locator('tr.draining', { hasText: 'drain d1: 12 left, 4m10s' }).waitFor();
  });
  await onPage(sources, 'drains', async (open) => {
    const page = await open({ width: 1600 });
    const rowOf = async (target: string): Promise<string> =>
      (await page.locator('tbody tr', { hasText: target }).allInnerTexts()).join('; ').replace(/\s+/g, ' ');
    await page.getByText('new disks').waitFor();
    assert.match(await rowOf(DRAINED), /^d1 10\.0\.0\.4:8080 draining 12 3 /);
    assert.match(await rowOf(UP), /^10\.0\.0\.2:8080 weight 2 new disks root .* (2h0m|1h59m) left$/);
    assert.deepEqual(await violations(page), []);
  });
});

test('Now: the last minute stands beside that of an hour before', { skip, timeout: 60_000 }, async () => {
  await onPage(sources, '', async (open) => {
    const page = await open();
    await page.getByText('The last minute beside that of an hour before').waitFor();
    const rows = page.locator('table', { hasText: 'An hour before' }).locator('tbody tr');
    const texts = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
    assert.deepEqual(texts, [
      'New connections/s 100 10',
      'Packets in/s 1 k 100',
      'Bytes in/s 100 k 10 k',
      'Packets dropped or passed on/s 0 0',
    ]);
  });
});

for (const scheme of ['light', 'dark'] as const)
  test(`both pass axe in the ${scheme} scheme, and leave a picture`, { skip, timeout: 60_000 }, async () => {
    mkdirSync(pictures, { recursive: true });
    for (const [view, ready] of [
      ['services', '12 left, 4m10s'],
      ['', 'The last minute beside that of an hour before'],
    ] as const)
      await onPage(sources, view, async (open) => {
        const page = await open({ width: 1600, scheme });
        await page.getByText(ready).waitFor();
        await page.screenshot({ path: join(pictures, `columns-${view === '' ? 'now' : view}-${scheme}.png`), fullPage: true });
        assert.deepEqual(await violations(page), []);
      });
  });
