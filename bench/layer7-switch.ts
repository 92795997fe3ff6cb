// Content switching beside plain routing and nginx as a proxy, in turns: the same requests, the same servers. Figures are by the wall clock.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chosen } from './chosen.js';
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

/** `gates`: weir's figure as a multiple of the peer's, at least. */
interface SwitchTest {
  readonly name: string;
  readonly fields: readonly string[];
  readonly gates: Readonly<Record<string, number>>;
}

const tests: readonly SwitchTest[] = [
  { name: 'keep-alive', fields: BROWSER, gates: { 'plain routing': 0.95, nginx: 1.4 } },
  { name: 'new connections', fields: [...BROWSER, 'Connection: close'], gates: { 'plain routing': 0.9, nginx: 1.3 } },
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

/** Requests by second. */
async function rateOf({ name, client, at }: Target, test: SwitchTest, seconds: number): Promise<number> {
  const fields = ['Host: www.example.com', ...test.fields].flatMap((field) => ['-H', field]);
  const words = ['wrk', '-t1', `-c${CLIENTS}`, `-d${seconds}s`, '--timeout', '20s', ...fields, `http://${at}/files/1k`];
  const { stdout } = await finished(start(client, words));
  const trouble = /Socket errors: .*|Non-2xx.*/.exec(stdout)?.[0];
  if (trouble !== undefined) throw new Error(`${test.name}, ${name}: ${trouble.trim()}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}

async function rowsOf(targets: readonly Target[], test: SwitchTest, quick: boolean): Promise<readonly Row[]> {
  const rates = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
  for (let round = -1; round < (quick ? 1 : ROUNDS); round++)
    for (const target of targets) {
      const rate = await rateOf(target, test, quick ? 1 : SECONDS);
      if (round >= 0) rates.get(target.name)?.push(rate);
    }
  const subject = rates.get(SUBJECT) ?? [];
  return [...rates].map(([name, samples]): Row => {
    const limit = test.gates[name];
    const ratio = median(subject.map((one, turn) => one / (samples[turn] ?? Number.NaN)));
    return {
      part: 'switch',
      name: `${test.name}: ${name}`,
      value: median(samples),
      unit: 'req/s',
      samples,
      ...(limit === undefined ? {} : { ratio, basis: 'weir/peer', gate: { kind: 'at-least', limit } }),
    };
  });
}

/** No figure counts where the proxy served, or the datapath decided nothing. */
function requireSwitched({ bound, to_proxy: proxied }: Counts): void {
  if (bound === 0 || proxied > 0) throw new Error(`of the connections ${bound} were switched, and ${proxied} were the proxy's`);
}

/** `cpu`: that of this process, its clients and servers. */
export async function contentSwitch({ quick, tests: names }: Options, cpu: number): Promise<readonly Row[]> {
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
      const rows: Row[] = [];
      for (const test of chosen(tests, names)) rows.push(...(await rowsOf(targets, test, quick)));
      requireSwitched(countsOf(switched));
      return rows;
    } finally {
      await dropTopology(switched);
    }
  } finally {
    await dropTopology(plain);
  }
}
