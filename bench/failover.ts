// The part `failover`: how soon a failed master is replaced, how often a live one is, and what a master costs, compared with Debian's keepalived.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compileTools, dropTools } from './compile.js';
import { median } from './median.js';
import { nodeStart } from './node-start.js';
import type { Options } from './options.js';
import { requireInstalled, serve, stop } from './processes.js';
import type { Gate, Row } from './report.js';
import { printedRows, rowOf } from './row-of.js';
import { configuration, type DaemonName, type Settings, VrrpPair } from './vrrp-pair.js';
import { parseManyInstances, timeToFirstAdvert } from './vrrp-start.js';
import { now, until } from './wait.js';

const row = rowOf('failover');
const priorities = { a: 200, b: 100 } as const;
/** weir's extra adverts: with these a failed master is detected after about 12 ms. */
const fastLines = ['fast_advert_int 0.002', 'fast_down_adverts 5'];

type Shape = Omit<Settings, 'priority'>;

/** Makes a master fail in one way; when, in seconds. */
type Failure = (pair: VrrpPair) => number;

const killed: Failure = ({ a }) => {
  const at = now();
  a.signal('SIGKILL');
  return at;
};

/** Every process is stopped and the link is cut: no last advert is sent, no socket is closed. */
const frozen: Failure = (pair) => {
  const at = now();
  pair.a.signal('SIGSTOP');
  pair.link('down');
  return at;
};

interface Takeover {
  /** From the last advert of the failed master to the first of the new one. */
  readonly silentMs: number;
  /** From the failure to the first advert of the new master. */
  readonly failedMs: number;
}

/** One takeover from a settled master. */
async function takeover(pair: VrrpPair, failure: Failure): Promise<Takeover> {
  const capture = pair.capture();
  await capture.listening();
  const { a, b } = pair;
  const from = (node: typeof a, after: number) => capture.adverts.filter((advert) => advert.from === node.address && advert.at > after);
  const begun = now();
  await until('adverts of the master', () => from(a, begun).length >= 3);
  await delay(Math.random() * 20);
  const at = failure(pair);
  await until('the other takes over', () => from(b, at).length > 0);
  const first = from(b, at)[0]?.at ?? Number.NaN;
  const last = capture.adverts.findLast((advert) => advert.from === a.address && advert.at < first)?.at ?? Number.NaN;
  await capture.close();
  return { silentMs: (first - last) * 1000, failedMs: (first - at) * 1000 };
}

async function settled(pair: VrrpPair, shape: Shape): Promise<void> {
  pair.a.start(configuration({ ...shape, priority: priorities.a }));
  pair.b.start(configuration({ ...shape, priority: priorities.b }));
  await until('b stands by', () => /Entering BACKUP STATE/.test(pair.b.log));
  const last = (text: string): string | undefined => [...text.matchAll(/Entering (MASTER|BACKUP) STATE/g)].at(-1)?.[1];
  await until('a is master', () => last(pair.a.log) === 'MASTER' && last(pair.b.log) === 'BACKUP');
  await delay(500);
}

/** `times` takeovers, each of a newly started pair. */
async function takeovers(daemon: DaemonName, shape: Shape, failure: Failure, times: number): Promise<readonly Takeover[]> {
  const found: Takeover[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const pair = new VrrpPair(`f${turn}`, daemon);
    try {
      await settled(pair, shape);
      found.push(await takeover(pair, failure));
    } finally {
      await pair.close();
    }
  }
  return found;
}

/** The same failure with both daemons; weir's figure has the gate. */
async function compare(name: string, shape: Shape, failure: Failure, times: number, gate: Gate): Promise<readonly Row[]> {
  const keepalived = (await takeovers('keepalived', shape, failure, times)).map(({ silentMs }) => silentMs);
  const weir = (await takeovers('weir', shape, failure, times)).map(({ silentMs }) => silentMs);
  return [
    row(`${name}, keepalived`, keepalived, 'ms'),
    row(`${name}, weir`, weir, 'ms', { ratio: median(weir) / median(keepalived), basis: 'of keepalived', gate }),
  ];
}

async function fastMode(times: number): Promise<Row> {
  const samples = (await takeovers('weir', { version: 3, interval: '0.1', lines: fastLines }, frozen, times)).map(
    ({ failedMs }) => failedMs,
  );
  return row('fast mode: all stopped and link cut to first advert', samples, 'ms', {
    gate: { kind: 'at-most', limit: 15 },
    note: `worst ${Math.max(...samples).toFixed(1)} ms`,
  });
}

/** How often the backup of a live master takes over while every core computes and packets flood both nodes. */
async function falseFailovers(options: Options, tools: string): Promise<readonly Row[]> {
  const seconds = options.loadSeconds ?? (options.quick ? 10 : 600);
  const pairs = [
    { pair: new VrrpPair('lw', 'weir'), name: 'weir, fast mode', shape: { version: 3, interval: '0.1', lines: fastLines } as const },
    { pair: new VrrpPair('lk', 'keepalived'), name: 'keepalived at 10 ms', shape: { version: 3, interval: '0.01' } as const },
  ];
  const load = [];
  try {
    for (const { pair, shape } of pairs) await settled(pair, shape);
    const masters = (log: string): number => [...log.matchAll(/Entering MASTER STATE/g)].length;
    const before = pairs.map(({ pair }) => masters(pair.b.log));
    const cpus = [0, 1];
    for (const cpu of cpus) {
      const { pair } = pairs[cpu] ?? pairs[0] ?? {};
      if (pair === undefined) continue;
      load.push(serve(pair.other, ['taskset', '-c', String(cpu), 'sh', '-c', 'while :; do :; done']));
      load.push(
        serve(pair.other, ['taskset', '-c', String(cpu), join(tools, 'udp-source'), '10.99.0.2', '9', String(seconds), '64', '16']),
      );
    }
    await delay(seconds * 1000);
    return pairs.map(({ pair, name }, index) => {
      const count = masters(pair.b.log) - (before[index] ?? 0);
      const gate: Partial<Row> = index === 0 ? { gate: { kind: 'at-most', limit: 0 } } : {};
      return row(`false failovers in ${seconds} s of load, ${name}`, [count], '', gate);
    });
  } finally {
    await Promise.all(load.map(stop));
    for (const { pair } of pairs) await pair.close();
  }
}

/** CPU of a master of 255 virtual routers at 100 ms, in cores. */
async function masterCpu(daemon: DaemonName, seconds: number): Promise<number> {
  const pair = new VrrpPair('w', daemon);
  try {
    pair.a.start(configuration({ version: 3, interval: '0.1', priority: priorities.a, count: 255 }));
    await until('all are masters', () => [...pair.a.log.matchAll(/Entering MASTER STATE/g)].length >= 255);
    await delay(1000);
    const [cpu, at] = [pair.a.cpu(), now()];
    await delay(seconds * 1000);
    return (pair.a.cpu() - cpu) / (now() - at);
  } finally {
    await pair.close();
  }
}

async function costs(options: Options): Promise<readonly Row[]> {
  const seconds = options.quick ? 3 : 10;
  const keepalived = await masterCpu('keepalived', seconds);
  const weir = await masterCpu('weir', seconds);
  const starts = {
    weir: await timeToFirstAdvert('weir', options.quick ? 2 : 5),
    keepalived: await timeToFirstAdvert('keepalived', options.quick ? 2 : 5),
    node: Array.from({ length: options.quick ? 2 : 5 }, () => nodeStart() * 1000),
  };
  // keepalived compares each instance with every other, which takes minutes for 65,024.
  const parses = {
    keepalived: await parseManyInstances('keepalived', 32),
    weir: await parseManyInstances('weir', 32),
    all: await parseManyInstances('weir', 256),
  };
  return [
    row('255 routers at 100 ms, keepalived', [keepalived * 100], '% of a core'),
    row('255 routers at 100 ms, weir', [weir * 100], '% of a core', {
      ratio: weir / keepalived,
      basis: 'of keepalived',
      gate: { kind: 'at-most', limit: 2 },
    }),
    row('start to first advert, keepalived', starts.keepalived, 'ms'),
    row("start to end, node -e ''", starts.node, 'ms'),
    row('start to first advert, weir', starts.weir, 'ms', {
      ratio: median(starts.weir) / median(starts.node),
      basis: "of node -e ''",
      gate: { kind: 'at-most', limit: 12 },
    }),
    row('-t of 8,128 instances by nested ~SEQ, keepalived', [parses.keepalived], 's'),
    row('-t of 8,128 instances by nested ~SEQ, weir', [parses.weir], 's'),
    row('-t of 65,024 instances by nested ~SEQ, weir', [parses.all], 's', {
      ratio: parses.all / parses.keepalived,
      basis: "of keepalived's 8,128",
      gate: { kind: 'at-most', limit: 6 },
    }),
  ];
}

/** @throws Error where keepalived or tcpdump is missing */
export async function failover(options: Options, print: (line: string) => void): Promise<readonly Row[]> {
  requireInstalled('keepalived', 'tcpdump');
  const tools = compileTools('udp-source', 'udp-sink');
  const { rows, add } = printedRows(print);
  try {
    add(await compare('v2, 1 s, killed', { version: 2, interval: '1' }, killed, options.quick ? 1 : 3, { kind: 'at-most', limit: 1.02 }));
    add(
      await compare('v3, 10 ms, killed', { version: 3, interval: '0.01' }, killed, options.quick ? 3 : 15, { kind: 'at-most', limit: 1.1 }),
    );
    add([await fastMode(options.quick ? 3 : 25)]);
    add(await costs(options));
    add(await falseFailovers(options, tools));
  } finally {
    dropTools(tools);
  }
  return rows;
}
