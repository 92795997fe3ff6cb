// Content switching beside plain routing and nginx as a proxy, in turns: the same requests, the same servers. The client and the servers share a core, and
// by the wall clock they bound what passes, with any director and without one: a proxy that keeps its connections to the servers makes them less work. So
// what a director itself can do is measured by the time that its own core was busy.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chosen } from './chosen.js';
import { DirectorCore, separate, unite } from './director-core.js';
import { BROWSER } from './layer7.js';
import { endpoints, layer7Peers, startLayer7Peer } from './layer7-peers.js';
import { median } from './median.js';
import type { Options } from './options.js';
import { finished, requireInstalled, run, serve, start } from './processes.js';
import type { Row } from './report.js';
import { dropTopology, listening, makeTopology, servers, type Topology, VIP } from './wire-topology.js';

const ROUNDS = 7;
const SECONDS = 2;
const CLIENTS = 64;
const BYTES = 1024;
const SUBJECT = 'weir switch';
const PORT = 80;
const weir = fileURLToPath(new URL('../../bin/weir', import.meta.url));

/** Weir's figure as a multiple of a peer's, at least. */
type Gates = Readonly<Record<string, number>>;

interface SwitchTest {
  readonly name: string;
  readonly fields: readonly string[];
  readonly gates: { readonly wall: Gates; readonly core: Gates };
}

const tests: readonly SwitchTest[] = [
  { name: 'keep-alive', fields: BROWSER, gates: { wall: { 'plain routing': 0.95 }, core: { nginx: 1.4 } } },
  {
    name: 'new connections',
    fields: [...BROWSER, 'Connection: close'],
    gates: { wall: { 'plain routing': 0.9 }, core: { nginx: 1.3 } },
  },
];

/** Where clients of a peer are, and what they ask. */
interface Target {
  readonly name: string;
  readonly client: string;
  readonly at: string;
}

const weirText = `layer7:
  listeners: { web: '${VIP}:${PORT}' }
  pools:
    web: { servers: [${endpoints.map((one) => `'${one}'`).join(', ')}] }
  hosts:
    - { server_name: [www.example.com], way: switch, locations: [{ location: /, pool: web }] }
`;

function writeAnswer(folder: string): void {
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files', '1k'), 'x'.repeat(BYTES));
}

async function beginSwitch({ director, folder, children, opened }: Topology, cpu: number): Promise<void> {
  const file = join(folder, 'weir.yaml');
  writeFileSync(file, weirText);
  opened.push({ close: () => run(director, [weir, 'unload']) });
  run(director, [weir, 'load', '--attach', 'tc']);
  children.push(serve(director, ['taskset', '-c', String(cpu), weir, 'proxy', '--workers', '1', '--config', file]));
  await listening(director, PORT);
  run(director, [weir, 'switch', 'apply', '--config', file]);
}

interface Counts {
  readonly bound: number;
  readonly to_proxy: number;
}
const countsOf = ({ director }: Topology): Counts => JSON.parse(run(director, [weir, 'switch', 'status', '--json'])).counts as Counts;

interface Passed {
  readonly requests: number;
  readonly rate: number;
}

async function passed({ name, client, at }: Target, test: SwitchTest, seconds: number): Promise<Passed> {
  const fields = ['Host: www.example.com', ...test.fields].flatMap((field) => ['-H', field]);
  const words = ['wrk', '-t1', `-c${CLIENTS}`, `-d${seconds}s`, '--timeout', '20s', ...fields, `http://${at}/files/1k`];
  const { stdout } = await finished(start(client, words));
  const trouble = /Socket errors: .*|Non-2xx.*/.exec(stdout)?.[0];
  if (trouble !== undefined) throw new Error(`${test.name}, ${name}: ${trouble.trim()}`);
  return { requests: Number(/(\d+) requests in/.exec(stdout)?.[1]), rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]) };
}

type Measure = (target: Target, test: SwitchTest, seconds: number) => Promise<number>;

const rateOf: Measure = async (target, test, seconds) => (await passed(target, test, seconds)).rate;

/** Requests a second of the time that others than the counting program had the core. */
const rateByCore =
  (core: DirectorCore): Measure =>
  async (target, test, seconds) => {
    const { result, busySeconds } = await core.during(() => passed(target, test, seconds));
    return result.requests / busySeconds;
  };

interface Measured {
  readonly name: string;
  readonly gates: Gates;
  readonly by: Measure;
}

async function rowsOf(
  targets: readonly Target[],
  test: SwitchTest,
  { name, gates, by }: Measured,
  quick: boolean,
): Promise<readonly Row[]> {
  const rates = new Map<string, number[]>(targets.map((target) => [target.name, []]));
  for (let round = -1; round < (quick ? 1 : ROUNDS); round++)
    for (const target of targets) {
      const rate = await by(target, test, quick ? 1 : SECONDS);
      if (round >= 0) rates.get(target.name)?.push(rate);
    }
  const subject = rates.get(SUBJECT) ?? [];
  return [...rates].map(([target, samples]): Row => {
    const limit = gates[target];
    const ratio = median(subject.map((one, turn) => one / (samples[turn] ?? Number.NaN)));
    return {
      part: 'switch',
      name: `${name}: ${target}`,
      value: median(samples),
      unit: 'req/s',
      samples,
      ...(target === SUBJECT ? {} : { ratio, basis: 'weir/peer' }),
      ...(limit === undefined ? {} : { gate: { kind: 'at-least', limit } }),
    };
  });
}

/** With packets worked on where they were sent; then with a core for the director alone. */
async function measured(beds: readonly Topology[], targets: readonly Target[], { quick, tests: names }: Options, cpus: Cpus) {
  const rows: Row[] = [];
  for (const test of chosen(tests, names))
    rows.push(...(await rowsOf(targets, test, { name: test.name, gates: test.gates.wall, by: rateOf }, quick)));
  const core = await DirectorCore.open(cpus.director);
  try {
    for (const bed of beds) separate(bed, cpus.director, cpus.stations);
    for (const test of chosen(tests, names)) {
      const one = { name: `${test.name}, a second of the director's core`, gates: test.gates.core, by: rateByCore(core) };
      rows.push(...(await rowsOf(targets, test, one, quick)));
    }
  } finally {
    core.close();
    for (const bed of beds) unite(bed);
  }
  return rows;
}

interface Cpus {
  readonly director: number;
  readonly stations: number;
}

/** No figure counts where the proxy served, or the datapath decided nothing. */
function requireSwitched({ bound, to_proxy: proxied }: Counts): void {
  if (bound === 0 || proxied > 0) throw new Error(`of the connections ${bound} were switched, and ${proxied} were the proxy's`);
}

/** `cpu`: that of this process, its clients and servers. */
export async function contentSwitch(options: Options, cpu: number): Promise<readonly Row[]> {
  requireInstalled('wrk', 'nginx');
  if (cpus().length < 2) throw new Error('nginx alone on its core needs a second core for clients and servers');
  const nginx = layer7Peers.find(({ name }) => name === 'nginx');
  if (nginx === undefined) throw new Error('nginx is no peer');
  const other = cpu === 0 ? 1 : cpu - 1;
  const plain = await makeTopology('l7p', 'nat', 'nic');
  try {
    const switched = await makeTopology('l7s', 'nat', 'nic');
    try {
      for (const { folder } of [plain, switched]) writeAnswer(folder);
      await startLayer7Peer(nginx, plain, other);
      await beginSwitch(switched, other);
      const targets: readonly Target[] = [
        { name: SUBJECT, client: switched.client, at: `${VIP}:${PORT}` },
        { name: 'plain routing', client: plain.client, at: `${servers[0]}:80` },
        { name: nginx.name, client: plain.client, at: `${VIP}:${nginx.port}` },
      ];
      const rows = await measured([plain, switched], targets, options, { director: other, stations: cpu });
      requireSwitched(countsOf(switched));
      return rows;
    } finally {
      await dropTopology(switched);
    }
  } finally {
    await dropTopology(plain);
  }
}
