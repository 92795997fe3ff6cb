// A browser without a screen, and the pages that it opens of weir dashboard.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { read, root } from '../support/project.js';

const CHROMIUM = '/usr/bin/chromium';

/** `false`, or why no browser test can run here. */
export const skipWithoutChromium: string | false = existsSync(CHROMIUM) ? false : 'probe chromium: it is not installed';

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });

export interface Dashboard {
  /** With its key. */
  readonly address: string;
  readonly process: ChildProcess;
}

/** weir dashboard for a socket of the API, once it has printed its address. */
export function openDashboard(socket: string): Promise<Dashboard> {
  const words = ['weir', 'dashboard', '--listen', '127.0.0.1:0', '--socket', socket];
  const child = spawn(process.execPath, [join(root, 'dist/weir.cjs'), ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((done, fail) => {
    let printed = '';
    let errors = '';
    child.stderr.on('data', (piece) => (errors += piece));
    child.stdout.on('data', (piece) => {
      printed += piece;
      if (printed.endsWith('\n')) done({ address: printed.trim(), process: child });
    });
    child.once('exit', (status) => fail(new Error(`weir dashboard ended (${status}): ${errors}`)));
  });
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds against a page. Its script is executed by the debugger, which no policy of the page stops. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(read('node_modules/axe-core/axe.min.js'));
  const found = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as readonly Violation[];
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = '' }) => `${id}: ${html}: ${failureSummary}`));
}
