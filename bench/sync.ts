// Part 12: what it costs to keep the connections of two nodes the same, by weir's own stream and by the kernel's protocol, beside the copy of as many
// entries of a BPF map.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compileTools, dropTools } from './compile.js';
import { median } from './median.js';
import type { Options } from './options.js';
import { run } from './processes.js';
import type { Row } from './report.js';
import { printedRows, rowOf } from './row-of.js';
import { cpuOf, SyncPair } from './sync-pair.js';
import { now, until } from './wait.js';
import type { Wrapper } from './wrap.js';

const row = rowOf('sync');

/** A late joiner, news, a busy node, and what packets may pay for it. */
const GATES = { joinedPerSecond: 1_000_000, lagMs: 20, coresAtHundredThousand: 0.5, forwarding: 1.03 } as const;
const TICK_MS = 5;
const FLOW_BITS = 16;
/** Both processes have found each other, and their programs are loaded. */
const SETTLE_MS = 1500;
/** Connections, at flow numbers that no other part uses. */
const WARM_UP = 1000;
/** Then so long as many as are measured first: afterwards the code is compiled, and most pages of the tables and their copies are there. */
const WARM_SECONDS = 4;
/** This process gets a signal when a child stops or goes on, which would end a test run. */
const SIGNAL_MS = 50;
const JOIN_MAX_S = 600;
/** Nothing has come for so long: nothing more comes. */
const QUIET_MS = 3000;

/** Seconds that the reading and the writing of as many entries of a BPF hash take, in batches. */
function mapCopy(count: number): number {
  const tools = compileTools('map-copy');
  try {
    const [read = Number.NaN, written = Number.NaN] = run(undefined, [join(tools, 'map-copy'), String(count)])
      .split(' ')
      .map(Number);
    return read + written;
  } finally {
    dropTools(tools);
  }
}

interface Joined {
  /** From the first connection to the last. */
  readonly seconds: number;
  /** From the moment that both could reach each other. */
  readonly inAll: number;
  /** Core time of both sides from that moment on, seconds. */
  readonly sender: number;
  readonly receiver: number;
}

/** A second node with empty tables gets all. `begin`: makes both sides reach each other; their processes. */
async function joined({ second }: SyncPair, count: number, begin: () => readonly [number, number]): Promise<Joined> {
  const before = second.connections; // learning next hops has left some
  const began = now();
  const pids = begin();
  const cpu = pids.map(cpuOf);
  let first = 0;
  await until(
    `${count} connections at the second node, which has ${second.connections}`,
    () => {
      const { connections } = second;
      if (first === 0 && connections > before) first = now();
      return connections >= count;
    },
    JOIN_MAX_S,
    2,
  );
  const end = now();
  const [sender = Number.NaN, receiver = Number.NaN] = pids.map((pid, index) => (cpuOf(pid) - (cpu[index] ?? 0)) / 1e9);
  return { seconds: end - first, inAll: end - began, sender, receiver };
}

interface Loaded {
  /** Of the last connection of each tick, milliseconds. */
  readonly lags: readonly number[];
  readonly rate: number;
  /** Connections that did not come to the second node. */
  readonly lost: number;
  /** Cores. */
  readonly sender: number;
  readonly receiver: number;
}

/** So many new connections a second at the first node. `pids`: of both sides. */
async function loaded({ first, second }: SyncPair, pids: readonly number[], from: number, rate: number, seconds: number): Promise<Loaded> {
  const [before, there] = [pids.map(cpuOf), second.connections];
  const lags: number[] = [];
  const waiting: { readonly count: number; readonly at: number }[] = [];
  const began = performance.now();
  let done = 0;
  const look = (): void => {
    const came = second.connections - there;
    for (let one = waiting[0]; one !== undefined && one.count <= came; one = waiting[0]) {
      lags.push(performance.now() - one.at);
      waiting.shift();
    }
  };
  for (let tick = began; tick < began + seconds * 1000; tick = performance.now()) {
    const due = Math.min(Math.floor(((tick - began) / 1000) * rate) - done, rate / 20);
    if (due > 0) {
      first.establish(from + done, due);
      done += due;
      waiting.push({ count: done, at: performance.now() });
    }
    for (const next = performance.now() + TICK_MS; performance.now() < next; await delay(1)) look();
  }
  const took = (performance.now() - began) / 1000;
  for (let [came, at] = [-1, performance.now()]; waiting.length > 0 && performance.now() < at + QUIET_MS; await delay(1)) {
    look();
    if (second.connections !== came) [came, at] = [second.connections, performance.now()];
  }
  const [sender = 0, receiver = 0] = pids.map((pid, index) => (cpuOf(pid) - (before[index] ?? 0)) / 1e9 / took);
  return { lags: lags.sort((a, b) => a - b), rate: done / took, lost: there + done - second.connections, sender, receiver };
}

const percentile = (sorted: readonly number[], share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
const perConnection = (seconds: number, count: number): number => (seconds / count) * 1e6;

function newsRows({ lags, rate, lost, sender, receiver }: Loaded, wanted: number): readonly Row[] {
  const name = `${wanted} new connections/s`;
  const lagGate = wanted === 20_000 ? { gate: { kind: 'at-most', limit: GATES.lagMs } as const } : {};
  const cpuGate = wanted === 100_000 ? { gate: { kind: 'at-most', limit: GATES.coresAtHundredThousand } as const } : {};
  const note = `${Math.round(rate)}/s came about`;
  return [
    row(`${name}: lag, median`, [percentile(lags, 0.5)], 'ms', { note }),
    row(`${name}: lag, 99th`, [percentile(lags, 0.99)], 'ms', lagGate),
    row(`${name}: sender`, [sender], 'cores', cpuGate),
    row(`${name}: receiver`, [receiver], 'cores', cpuGate),
    row(`${name}: lost`, [lost], 'connections', { gate: { kind: 'at-most', limit: 0 } }),
  ];
}

function kernelNewsRows({ rate, lost, sender, receiver }: Loaded): readonly Row[] {
  const name = "the kernel's protocol: 100000 new connections/s";
  return [
    row(`${name}: lost`, [lost], 'connections', { note: `${Math.round(rate)}/s came about`, gate: { kind: 'at-most', limit: 0 } }),
    row(`${name}: sender`, [sender], 'cores'),
    row(`${name}: receiver`, [receiver], 'cores'),
  ];
}

function joinRows(
  name: string,
  count: number,
  { seconds, inAll, sender, receiver }: Joined,
  floor: number,
  more: Partial<Row>,
): readonly Row[] {
  const note = `${inAll.toFixed(2)} s from the moment that both reach each other`;
  return [
    row(`${name}: ${count} connections to a late node`, [count / seconds], 'connections/s', { note, ...more }),
    row(`${name}: sender`, [perConnection(sender, count)], 'us of a core each', { ratio: sender / floor, basis: 'map copy' }),
    row(`${name}: receiver`, [perConnection(receiver, count)], 'us of a core each', { ratio: receiver / floor, basis: 'map copy' }),
  ];
}

/** One turn differs from the next by a tenth, so that many short ones are needed to see three hundredths. */
const FORWARDED = 2 ** 18;

/** Packets of connections that are there, with a session and while its process stands still, in turns. */
async function forwardingRows({ first }: SyncPair, turns: number): Promise<readonly Row[]> {
  const measured: { readonly without: number; readonly beside: number }[] = [];
  const after = async (name: 'SIGSTOP' | 'SIGCONT'): Promise<number> => {
    first.signal(name);
    await delay(SIGNAL_MS);
    return first.forwarding(FLOW_BITS, FORWARDED);
  };
  for (let turn = 0; turn < turns; turn++) measured.push({ without: await after('SIGSTOP'), beside: await after('SIGCONT') });
  return [
    row(
      'a packet of 64k flows, no session',
      measured.map(({ without }) => without),
      'ns',
    ),
    row(
      'a packet of 64k flows, a session',
      measured.map(({ beside }) => beside),
      'ns',
      {
        ratio: median(measured.map(({ without, beside }) => beside / without)),
        basis: 'no session',
        gate: { kind: 'at-most', limit: GATES.forwarding },
      },
    ),
  ];
}

async function stream(
  pair: SyncPair,
  { quick }: Options,
  count: number,
  floor: number,
  add: (rows: readonly Row[]) => void,
): Promise<void> {
  const { first, second } = pair;
  const seconds = quick ? 3 : 10;
  await pair.serveApart();
  pair.join();
  await until('a session', () => first.isCovered && second.isCovered, 30);
  // The second node loads its program with the first connection.
  first.establish(2 ** 24, WARM_UP);
  await until('the first connections', () => second.connections >= WARM_UP, 30);
  await delay(SETTLE_MS);
  const pids = [first.process, second.process];
  await loaded(pair, pids, 2 ** 24 + WARM_UP, 20_000, WARM_SECONDS);
  add(newsRows(await loaded(pair, pids, 0, 20_000, seconds), 20_000));
  add(newsRows(await loaded(pair, pids, 20_000 * seconds, 100_000, seconds / 2), 100_000));
  await pair.stop();
  second.reopen();
  first.establish(0, count);
  const { connections } = first;
  await pair.serveApart();
  await delay(SETTLE_MS);
  const began = now();
  add(
    joinRows(
      "weir's own stream",
      connections,
      await joined(pair, connections, () => {
        pair.join();
        return [first.process, second.process];
      }),
      floor,
      { gate: { kind: 'at-least', limit: GATES.joinedPerSecond } },
    ),
  );
  await until('status shows that nothing would break', () => first.isCovered, 30, 20);
  add([row('until status shows 0 that would break', [now() - began], 's', { note: 'status is written once a second' })]);
  await delay(SETTLE_MS);
  add(await forwardingRows(pair, quick ? 20 : 300));
  await pair.stop();
}

/** Both daemons while `work` goes on, with their processes once the second one is started by `begin`. */
async function withDaemons({ first, second }: SyncPair, work: (begin: () => readonly [number, number]) => Promise<void>): Promise<void> {
  first.startDaemon('master');
  try {
    await work(() => {
      second.startDaemon('backup');
      return [first.daemonProcess('master'), second.daemonProcess('backup')];
    });
  } finally {
    try {
      second.stopDaemon('backup');
    } finally {
      first.stopDaemon('master');
    }
  }
}

/** All that the first node has, and then new ones between empty tables: the protocol repeats none, so that what is lost is not there. */
async function kernel(pair: SyncPair, { quick }: Options, floor: number, add: (rows: readonly Row[]) => void): Promise<void> {
  const { first, second } = pair;
  second.reopen();
  const { connections } = first;
  await withDaemons(pair, async (begin) => {
    add(joinRows("the kernel's protocol", connections, await joined(pair, connections, begin), floor, {}));
  });
  first.reopen();
  second.reopen();
  await withDaemons(pair, async (begin) => {
    const pids = begin();
    await delay(SETTLE_MS);
    add(kernelNewsRows(await loaded(pair, pids, 0, 100_000, quick ? 2 : 5)));
  });
}

export async function sync(options: Options, wrapper: Wrapper, print: (line: string) => void): Promise<readonly Row[]> {
  const count = options.quick ? 200_000 : 1_000_000;
  const { rows, add } = printedRows(print);
  const floor = mapCopy(count);
  add([row(`${count} entries of a BPF hash copied by batches`, [perConnection(floor, count)], 'us each')]);
  const pair = new SyncPair(wrapper);
  try {
    await stream(pair, options, count, floor, add);
    await kernel(pair, options, floor, add);
  } finally {
    await pair.close();
  }
  return rows;
}
