// The part `checks`: what a health check costs, how punctual checks are and leave VRRP, and how soon a file is applied; beside Debian's
// keepalived, before which a library stands in for the kernel's IPVS.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeTools } from '../test/interop/checks/tools.js';
import { removals, timeToApply } from './checks-apply.js';
import { bareConnects } from './checks-bare.js';
import { ChecksBed, PROBE_PORT, places } from './checks-bed.js';
import { ADVERT_INTERVAL_S, type Checked, manyChecks, PROBE_INTERVAL_S, SERVERS } from './checks-config.js';
import { compileTools, dropTools } from './compile.js';
import { median } from './median.js';
import { nodeStart } from './node-start.js';
import type { Options } from './options.js';
import { PacketTimes } from './packet-times.js';
import { requireInstalled } from './processes.js';
import type { Row } from './report.js';
import { printedRows, rowOf } from './row-of.js';
import type { DaemonName } from './vrrp-pair.js';
import { now, until } from './wait.js';

const SLICES = 5;
const row = rowOf('checks');

/** The value that 99 % of them do not exceed. NaN for none. */
const percentile99 = (samples: readonly number[]): number =>
  [...samples].sort((a, b) => a - b)[Math.ceil(samples.length * 0.99) - 1] ?? Number.NaN;

interface Measured {
  /** Seconds of the checker's CPU by check, one for each slice of the time. */
  readonly costs: readonly number[];
  readonly perSecond: number;
  /** Of the checks that were captured, seconds. */
  readonly late: readonly number[];
  /** Of VRRP's adverts. */
  readonly advertsLate: readonly number[];
  readonly failures: number;
  /** Sockets in TIME_WAIT at the end. */
  readonly waiting: number;
  readonly load: number;
}

async function slices(bed: ChecksBed, seconds: number): Promise<Pick<Measured, 'costs' | 'perSecond'>> {
  const costs: number[] = [];
  const [began, first] = [now(), bed.attempts()];
  for (let slice = 0; slice < SLICES; slice += 1) {
    const [cpu, attempts] = [bed.cpu(), bed.attempts()];
    await delay((seconds * 1000) / SLICES);
    costs.push((bed.cpu() - cpu) / (bed.attempts() - attempts));
  }
  return { costs, perSecond: (bed.attempts() - first) / (now() - began) };
}

async function measure(maker: DaemonName, kind: Checked, shim: string, seconds: number): Promise<Measured> {
  const bed = new ChecksBed(maker, shim, `c${kind}${maker.slice(0, 1)}`);
  const [syns, adverts] = [
    new PacketTimes(bed.namespace, 'lo', `tcp[13] & 18 == 2 and dst port ${PROBE_PORT}`),
    new PacketTimes(bed.namespace, 'eth0', 'ip proto 112'),
  ];
  try {
    await bed.serve();
    bed.start(manyChecks(kind, maker === 'weir'), ...(maker === 'weir' ? [] : ['-C']));
    const all = places.length * SERVERS[kind];
    await until('every server was checked', () => bed.hasChecker() && bed.attempts() >= 2 * all, 120, 200);
    await syns.listening();
    await adverts.listening();
    const begun = bed.log.length;
    const [from, rates] = [now(), await slices(bed, seconds)];
    return {
      ...rates,
      late: syns.gaps(from).map((gap) => gap - PROBE_INTERVAL_S),
      advertsLate: adverts.gaps(from).map((gap) => gap - ADVERT_INTERVAL_S),
      failures: [...bed.log.slice(begun).matchAll(/failed|Removing|not made|cannot/gi)].length,
      waiting: bed.waiting(),
      load: ChecksBed.load(),
    };
  } finally {
    await Promise.all([syns.close(), adverts.close()]);
    await bed.close();
  }
}

const NAMES: Readonly<Record<Checked, string>> = { tcp: 'TCP_CHECK', http: 'HTTP_GET' };

/** `bare`: seconds of CPU by connection of a loop in C. */
function bareRows(bare: readonly number[], weir: Measured): readonly Row[] {
  const microseconds = (costs: readonly number[]): readonly number[] => costs.map((cost) => cost * 1e6);
  return [
    row('a bare connect in C, CPU of one', microseconds(bare), 'us'),
    row('TCP_CHECK, CPU of one, weir beside it', microseconds(weir.costs), 'us', {
      ratio: median(weir.costs) / median(bare),
      basis: 'of a bare connect',
      gate: { kind: 'at-most', limit: COST_OF_BARE_MAX },
    }),
  ];
}

function rowsOf(kind: Checked, weir: Measured, keepalived: Measured): readonly Row[] {
  const name = NAMES[kind];
  const aim = places.length * SERVERS[kind];
  const microseconds = ({ costs }: Measured): readonly number[] => costs.map((cost) => cost * 1e6);
  const milliseconds = (late: readonly number[]): number => percentile99(late) * 1000;
  const noted = ({ perSecond, waiting, load }: Measured): string =>
    `${Math.round(perSecond)} checks/s; ${waiting} in TIME_WAIT; load ${load.toFixed(1)}`;
  const worst = Math.max(...weir.advertsLate) * 1000;
  return [
    row(`${name}, CPU of one, keepalived`, microseconds(keepalived), 'us', { note: noted(keepalived) }),
    row(`${name}, CPU of one, weir`, microseconds(weir), 'us', {
      ratio: median(weir.costs) / median(keepalived.costs),
      basis: 'of keepalived',
      gate: { kind: 'at-most', limit: COST_OF_KEEPALIVED_MAX[kind] },
      note: noted(weir),
    }),
    row(
      `${name}, ${aim} a second, weir`,
      weir.costs.map((cost) => cost * aim * 100),
      '% of a core',
      { gate: { kind: 'at-most', limit: 70 } },
    ),
    row(`${name}, failures among ${aim} a second`, [weir.failures], '', { gate: { kind: 'at-most', limit: 0 } }),
    row(`${name}, late, 99 % of checks, keepalived`, [milliseconds(keepalived.late)], 'ms'),
    row(`${name}, late, 99 % of checks, weir`, [milliseconds(weir.late)], 'ms', {
      gate: { kind: 'at-most', limit: 50 },
      note: `${weir.late.length} checks`,
    }),
    row(`${name}, VRRP's adverts late meanwhile, 99 %`, [milliseconds(weir.advertsLate)], 'ms', {
      gate: { kind: 'at-most', limit: 50 },
      note: `worst ${worst.toFixed(1)} ms of ${weir.advertsLate.length}`,
    }),
  ];
}

/** How many times the kernel's CPU for a connection a check by TCP may cost. */
const COST_OF_BARE_MAX = 2;
/** How many times keepalived's CPU a check may cost. */
const COST_OF_KEEPALIVED_MAX: Readonly<Record<Checked, number>> = { tcp: 2.5, http: 2 };

async function applied(shim: string, quick: boolean): Promise<readonly Row[]> {
  const times = quick ? 1 : 5;
  const node = Array.from({ length: times }, nodeStart);
  const weir = await timeToApply(shim, times);
  return [
    row("start to end, node -e ''", node, 's'),
    row('1,000 x 10 servers: start to all in the table, weir', weir, 's', {
      ratio: median(weir) / median(node),
      basis: "of node -e ''",
      gate: { kind: 'at-most', limit: 100 },
    }),
  ];
}

async function removed(shim: string, quick: boolean): Promise<readonly Row[]> {
  const found = await removals(shim, quick ? 1 : 5);
  return [
    row(
      'a dead server, checked every second, is removed after, keepalived',
      found.map(({ keepalived }) => keepalived),
      's',
    ),
    row(
      'a dead server, checked every second, is removed after, weir',
      found.map(({ weir }) => weir),
      's',
    ),
    row(
      'the same, later than keepalived',
      found.map(({ weir, keepalived }) => weir - keepalived),
      's',
      { gate: { kind: 'at-most', limit: 1 } },
    ),
  ];
}

/** @throws Error where keepalived, nginx or tcpdump is missing */
export async function checks({ quick }: Options, print: (line: string) => void): Promise<readonly Row[]> {
  requireInstalled('keepalived', 'nginx', 'tcpdump');
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-shim-'));
  const tools = compileTools('connects');
  const seconds = quick ? 3 : 15;
  const { rows, add } = printedRows(print);
  try {
    const shim = makeTools(folder).ipvs;
    for (const kind of ['tcp', 'http'] as const) {
      const keepalived = await measure('keepalived', kind, shim, seconds);
      const weir = await measure('weir', kind, shim, seconds);
      add(rowsOf(kind, weir, keepalived));
      if (kind === 'tcp') add(bareRows(await bareConnects(tools, SLICES, seconds / SLICES), weir));
    }
    add(await applied(shim, quick));
    add(await removed(shim, quick));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    dropTools(tools);
  }
  return rows;
}
