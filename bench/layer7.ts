// The proxy beside other proxies of HTTP: each alone on one core, client and servers on another, all over veth, in turns. A figure of speed is
// by the wall clock, as users see it; the time of the proxy's own threads stands beside it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chosen } from './chosen.js';
import { withIdleClients } from './idle-clients.js';
import { LAYER7_SUBJECT, layer7Peers, type RunningLayer7Peer, startLayer7Peer } from './layer7-peers.js';
import { median } from './median.js';
import type { Options } from './options.js';
import { dataMegabytes, spentUs } from './process-cost.js';
import { finished, requireInstalled, start } from './processes.js';
import type { Gate, Row } from './report.js';
import { dropTopology, makeTopology, type Topology, VIP } from './wire-topology.js';

const ROUNDS = 7;
const SECONDS = 2;
const IDLE_CLIENTS = 10_000;
const QUICK_IDLE_CLIENTS = 1000;
/** Longer than V8 waits with a collection that gives memory back. */
const IDLE_MS = 20_000;

const SIZES = { '1k': 1024, '100k': 102_400, '10m': 10_485_760 } as const;

interface Layer7Test {
  readonly name: string;
  readonly file: keyof typeof SIZES;
  readonly clients: number;
  readonly fields: readonly string[];
}

/** What browsers send with every request. */
export const BROWSER = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Referer: http://www.example.com/a/page/with/some/path.html?and=query',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1',
  'Cache-Control: no-cache',
  'Upgrade-Insecure-Requests: 1',
];

const KEEP_ALIVE = 'keep-alive';
const CONNECTIONS = 'new connections';

const tests: readonly Layer7Test[] = [
  { name: KEEP_ALIVE, file: '1k', clients: 64, fields: BROWSER },
  { name: CONNECTIONS, file: '1k', clients: 64, fields: [...BROWSER, 'Connection: close'] },
  { name: '100 KiB', file: '100k', clients: 16, fields: BROWSER },
  { name: '10 MiB', file: '10m', clients: 8, fields: BROWSER },
];

/** Idle clients: the test that is none of speed. */
const memory = { name: 'memory' };

/** Of one turn: by second of the wall clock, µs of the proxy's threads a request, and the slowest of 99 of 100 answers in ms. */
interface Sample {
  readonly rate: number;
  readonly cost: number;
  readonly slowest: number;
}
type Figure = keyof Sample;

const UNITS: Readonly<Record<Figure, string>> = { rate: 'req/s', cost: 'us CPU', slowest: 'ms' };
const TITLES: Readonly<Record<Figure, string>> = { rate: '', cost: ', CPU a request', slowest: ', 99 of 100 answers' };

/**
 * weir's figure as a multiple of the peer's, by test and peer: of a rate at least, of the others at most. With 100 KiB and with new connections
 * the core of client and servers is full before that of weir, which waits for half and a quarter of the time: there the proxy's own core counts.
 */
const gates: Readonly<Record<string, Readonly<Record<string, Readonly<Partial<Record<Figure, number>>>>>>> = {
  [KEEP_ALIVE]: { nginx: { rate: 0.85, cost: 1.2, slowest: 3 }, haproxy: { rate: 0.9 }, 'node:http': { rate: 5 } },
  [CONNECTIONS]: { nginx: { rate: 0.95, cost: 1 } },
  '100 KiB': { nginx: { cost: 1 } },
  '10 MiB': { nginx: { rate: 1 } },
};
const IDLE_MAX_MB = 60;

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

async function sample({ client }: Topology, { port, child }: RunningLayer7Peer, test: Layer7Test, seconds: number): Promise<Sample> {
  const fields = test.fields.flatMap((field) => ['-H', field]);
  const target = `http://${VIP}:${port}/files/${test.file}`;
  const before = spentUs(child.pid!);
  const { stdout } = await finished(
    start(client, ['wrk', '-t1', `-c${test.clients}`, `-d${seconds}s`, '--latency', '--timeout', '20s', ...fields, target]),
  );
  const cost = spentUs(child.pid!) - before;
  const trouble = /Socket errors: .*|Non-2xx.*/.exec(stdout)?.[0];
  if (trouble !== undefined) throw new Error(`${test.name}, port ${port}: ${trouble.trim()}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const [, slowest, unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    cost: cost / requests,
    slowest: Number(slowest) * (MILLISECONDS[unit] ?? Number.NaN),
  };
}

/** Samples by peer, all peers in turns. What is not measured yet runs once for the warmth of caches and compilers. */
async function takeTurns(
  topology: Topology,
  running: readonly RunningLayer7Peer[],
  test: Layer7Test,
  quick: boolean,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>();
  for (let round = -1; round < (quick ? 1 : ROUNDS); round++) {
    for (const peer of running) {
      if (peer.tests?.includes(test.name) === false) continue;
      const one = await sample(topology, peer, test, quick ? 1 : SECONDS);
      if (round >= 0) samples.set(peer.name, [...(samples.get(peer.name) ?? []), one]);
    }
  }
  return samples;
}

function rowsOf(test: Layer7Test, samples: ReadonlyMap<string, readonly Sample[]>, figure: Figure): readonly Row[] {
  const subject = samples.get(LAYER7_SUBJECT) ?? [];
  return [...samples].map(([name, each]) => {
    const limit = gates[test.name]?.[name]?.[figure];
    const gate: Gate | undefined = limit === undefined ? undefined : { kind: figure === 'rate' ? 'at-least' : 'at-most', limit };
    const ratio = median(subject.map((one, turn) => one[figure] / (each[turn]?.[figure] ?? Number.NaN)));
    return {
      part: 'layer7',
      name: `${test.name}${TITLES[figure]}: ${name}`,
      value: median(each.map((one) => one[figure])),
      unit: UNITS[figure],
      samples: each.map((one) => one[figure]),
      ...(name === LAYER7_SUBJECT ? {} : { ratio, basis: 'weir/peer' }),
      ...(gate === undefined ? {} : { gate }),
    };
  });
}

/** Memory of a proxy whose clients have just had their answers, and when they were idle for a while. */
async function idleRows({ client }: Topology, { name, port, child }: RunningLayer7Peer, count: number): Promise<readonly Row[]> {
  const [just, later] = await withIdleClients(client, VIP, port, count, async () => {
    const first = dataMegabytes(child.pid!);
    await sleep(IDLE_MS);
    return [first, dataMegabytes(child.pid!)] as const;
  });
  const row = (when: string, value: number): Row => ({
    part: 'layer7',
    name: `${memory.name}, ${count} clients ${when}: ${name}`,
    value,
    unit: 'MB',
    ...(name === LAYER7_SUBJECT ? { gate: { kind: 'at-most', limit: IDLE_MAX_MB } as const } : {}),
  });
  return [row('just answered', just), row(`idle for ${IDLE_MS / 1000} s`, later)];
}

function writeFiles(folder: string): void {
  mkdirSync(join(folder, 'files'));
  for (const [name, bytes] of Object.entries(SIZES)) writeFileSync(join(folder, 'files', name), 'x'.repeat(bytes));
}

/** `cpu`: that of this process, its clients and servers. */
export async function layer7({ quick, peers, tests: names }: Options, cpu: number): Promise<readonly Row[]> {
  requireInstalled('wrk', 'nginx');
  if (cpus().length < 2) throw new Error('a proxy alone on its core needs a second core for clients and servers');
  const topology = await makeTopology('l7', 'nat', 'nic');
  const rows: Row[] = [];
  try {
    writeFiles(topology.folder);
    const running: RunningLayer7Peer[] = [];
    for (const peer of chosen(layer7Peers, peers)) running.push(await startLayer7Peer(peer, topology, cpu === 0 ? 1 : cpu - 1));
    for (const peer of chosen([memory], names).length > 0 ? running : []) {
      if (peer.tests === undefined) rows.push(...(await idleRows(topology, peer, quick ? QUICK_IDLE_CLIENTS : IDLE_CLIENTS)));
    }
    for (const test of chosen(tests, names)) {
      const samples = await takeTurns(topology, running, test, quick);
      rows.push(...rowsOf(test, samples, 'rate'), ...rowsOf(test, samples, 'cost'));
      if (test.name === KEEP_ALIVE) rows.push(...rowsOf(test, samples, 'slowest'));
    }
    return rows;
  } finally {
    await dropTopology(topology);
  }
}
