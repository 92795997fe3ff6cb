// Runs cases side by side, a few at a time, and reports what differs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';
import { unlessCode } from '../../../src/sys/errno.js';
import { noNamespaces } from '../../support/netns-bed.js';
import { noTools } from '../../support/probes.js';
import { differences, story } from './differences.js';
import { playBoth } from './play.js';
import { makeTools, type Tools } from './tools.js';
import type { CheckCase } from './types.js';
import { Worlds } from './world.js';

/** Cases mostly wait. */
const SIDE_BY_SIDE = 4;
const NS_PER_MS = 1_000_000;

/** `name`: short, of letters; namespaces are named after it. */
export function compareCases(name: string, cases: readonly CheckCase[]): void {
  const skip = noNamespaces() || noTools('keepalived', 'cc', 'openssl');
  const free: Worlds[] = [];
  let all: readonly Worlds[] = [];
  let folder = '';
  let tools: Tools | undefined;
  // While cases run this process must not be busy: it takes the time of what happens.
  before(() => {
    if (skip !== false) return;
    folder = mkdtempSync(join(tmpdir(), 'weir-checks-'));
    tools = makeTools(folder);
    all = Array.from({ length: Math.min(SIDE_BY_SIDE, cases.length) }, (_, index) => new Worlds(`${name}${index}`));
    free.push(...all);
  });
  after(() => {
    if (skip !== false) return;
    for (const worlds of all) worlds.close();
    rmSync(folder, { recursive: true });
  });
  describe('checks beside keepalived', { skip, concurrency: SIDE_BY_SIDE }, () => {
    for (const checked of cases) {
      test(`${checked.name}: ${checked.what}`, async () => {
        const worlds = free.pop();
        assert.ok(worlds !== undefined && tools !== undefined);
        try {
          await compare(worlds, checked, tools);
        } finally {
          free.push(worlds);
        }
      });
    }
  });
}

/** Delays of cases are a second apart: on a machine that is later than this they look alike. */
const LATE_MAX_MS = 300;
/** The share of the time in which some process waited for a processor: beyond it the daemons may have been late, whether or not we were. */
const WAITED_MAX = 0.5;
/** A case is played again where the machine was late, and once more where it was not. */
const LATE_TRIES_MAX = 4;
const TRIES_MAX = 2;

interface Played {
  readonly found: readonly string[];
  readonly onTime: boolean;
  /** What differs where times are left out. */
  readonly loose: readonly string[];
  readonly text: string;
}

async function playOnce(worlds: Worlds, checked: CheckCase, tools: Tools): Promise<Played> {
  const lateness = monitorEventLoopDelay({ resolution: 10 });
  lateness.enable();
  const begun = performance.now();
  const waited = waitedMs();
  const { weir, debian, close } = await playBoth(worlds, checked, tools);
  lateness.disable();
  const waitedShare = (waitedMs() - waited) / (performance.now() - begun);
  const lateMs = Math.max(lateness.max / NS_PER_MS, ...[...weir.lines, ...debian.lines].map(lateTimer));
  try {
    return {
      found: differences(checked, weir, debian, { racing: checked.racing === true, moments: true }),
      onTime: lateMs <= LATE_MAX_MS && waitedShare <= WAITED_MAX,
      loose: differences(checked, weir, debian, { racing: true, moments: false }),
      text: `late by ${Math.round(lateMs)} ms, processes waited in ${Math.round(100 * waitedShare)} % of the time\n${story(weir)}${story(debian)}`,
    };
  } finally {
    close();
  }
}

/** For how long processes have waited since the boot (PSI); 0 where the kernel does not count it. */
function waitedMs(): number {
  const text = unlessCode(() => readFileSync('/proc/pressure/cpu', 'utf8'), ['ENOENT', 'EOPNOTSUPP'], '');
  return Number(/^some .*\btotal=(\d+)$/m.exec(text)?.[1] ?? 0) / 1000;
}

/** What keepalived reports of itself, ms. */
const lateTimer = (line: string): number => Number(/^A thread timer expired ([\d.]+) seconds ago/.exec(line)?.[1] ?? 0) * 1000;

/** Where the machine was never on time, the moments are left out: what was decided must be the same once. */
async function compare(worlds: Worlds, checked: CheckCase, tools: Tools): Promise<void> {
  let late = 0;
  let punctual = 0;
  let alike = false;
  for (;;) {
    const { found, onTime, loose, text } = await playOnce(worlds, checked, tools);
    if (found.length === 0) return;
    if (onTime) punctual += 1;
    else late += 1;
    const last = punctual === TRIES_MAX || late === LATE_TRIES_MAX;
    if (!onTime && loose.length === 0) alike = true;
    if (last && !onTime && alike) return;
    assert.ok(!last, `${found.join('\n')}\n${text}`);
  }
}
