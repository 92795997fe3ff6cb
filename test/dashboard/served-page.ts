// The dashboard's page in Chromium, over an API whose sources a test fills by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { closeAll, nodeServer, requestListener } from '../../src/api/http/node-server.js';
import { routes } from '../../src/api/routes/routes.js';
import type { ApiSources, DashboardFile } from '../../src/api/sources.js';
import { artifact } from '../../src/sys/artifact.js';
import { writer } from '../support/api.js';
import { openBrowser } from './browser.js';

/** How a page looks to its browser. */
export interface Looks {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
}

/** Opens a view; no mistake of the API or of the page's script is left. */
export async function onPage(
  sources: ApiSources,
  view: string,
  work: (open: (looks?: Looks) => Promise<Page>) => Promise<void>,
): Promise<void> {
  const mistakes: unknown[] = [];
  const withFiles = { ...sources, dashboard: (file: DashboardFile) => readFileSync(artifact(file), 'utf8') };
  const listener = requestListener({ routes, sources: withFiles, callerOf: () => writer, onMistake: (error) => void mistakes.push(error) });
  const server = nodeServer<Server>(createServer, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await openBrowser();
  try {
    await work(async ({ width = 1440, scheme = 'light' } = {}) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
      page.on('pageerror', (error) => mistakes.push(error));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/#/${view}`);
      return page;
    });
    assert.deepEqual(mistakes, []);
  } finally {
    await browser.close();
    await closeAll([server]);
  }
}
