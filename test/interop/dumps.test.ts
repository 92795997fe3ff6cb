// The dump files of both daemons about the same configuration on equal hosts, with virtual interfaces and scripts in every state.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LEFT_OUT, OTHER_VALUES } from '../oracle/keepalived/dump-differences.js';
import { Bed } from '../support/netns-bed.js';
import { type Maker, Node, skipWithoutPeer, until } from './harness.js';

const script = (name: string, command: string, ...lines: readonly string[]): readonly string[] => [
  `vrrp_script ${name} {`,
  `script "${command}"`,
  ...lines,
  '}',
];
const instance = (name: string, vrid: number, ...lines: readonly string[]): readonly string[] => [
  `vrrp_instance ${name} {`,
  'interface eth0',
  `virtual_router_id ${vrid}`,
  'priority 100',
  `virtual_ipaddress {\n10.99.0.${vrid}/24\n}`,
  ...lines,
  '}',
];

const CONFIGURATION = [
  'global_defs {\nscript_user root\nenable_script_security\n}',
  ...script('good', '/usr/bin/true', 'interval 1', 'fall 3'),
  ...script('bad', '/usr/bin/false', 'interval 1', 'weight -5', 'fall 2'),
  ...script('rarely', '/usr/bin/true', 'interval 900', 'weight 2', 'rise 3'),
  ...script('running', '/usr/bin/sleep 1000', 'interval 2000', 'timeout 1500', 'weight 2'),
  ...script('failed', '/usr/bin/sleep 1000', 'interval 2000', 'timeout 1500', 'weight 2', 'init_fail'),
  ...instance('VMAC', 51, 'use_vmac', 'track_script {\nbad\nrarely\nrunning\nfailed\n}'),
  ...instance('NAMED', 52, 'use_vmac vv', 'vmac_xmit_base', 'track_script {\ngood\n}'),
  ...instance('PLAIN', 53),
  '',
].join('\n');

interface Dumps {
  /** From the instances to the interfaces, without sockets. */
  readonly data: readonly string[];
  readonly json: readonly { readonly data: Readonly<Record<string, unknown>> }[];
  readonly jsonAgain: Dumps['json'];
}

const settled: readonly (readonly [line: RegExp, count: number])[] = [
  [/^ {3}State = MASTER$/gm, 3],
  [/^ {3}Status = GOOD$/gm, 2],
  [/^ {3}Init state = unknown$/gm, 3],
  [/^ {3}State = idle$/gm, 3],
];
/** All are master, each script that ends has ended, and runs again only after this moment. */
const isSettled = (data: string): boolean => settled.every(([line, count]) => (data.match(line) ?? []).length === count);

async function dumpsOf(maker: Maker): Promise<Dumps> {
  const bed = new Bed();
  const folder = mkdtempSync(join(tmpdir(), `weir-dumps-${maker}-`));
  const host = bed.host(maker);
  const node = new Node(host, maker, 'eth0', folder);
  const read = (name: string): string => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
  /** A whole dump that was written after the signal. */
  const dump = async (signal: 'SIGUSR1' | 36, name: string): Promise<string> => {
    rmSync(join(folder, name), { force: true });
    node.signal(signal);
    const end = signal === 36 ? /\]\n$/ : /< Interfaces >[\s\S]*\n$/;
    await until(
      `${maker} writes ${name}`,
      () => end.test(read(name)),
      () => `${node.log}\n${read(name)}`,
    );
    return read(name);
  };
  try {
    bed.cable(host, 'eth0', bed.lan('lan'), '10.99.0.1/24');
    node.start(CONFIGURATION);
    await until(
      `${maker} starts`,
      () => node.hasLogged(/Startup complete/),
      () => node.log,
    );
    let data = await dump('SIGUSR1', 'keepalived.data');
    for (const end = Date.now() + 180_000; !isSettled(data) && Date.now() < end; ) data = await dump('SIGUSR1', 'keepalived.data');
    assert.ok(isSettled(data), `${node.log}\n${data}`);
    const json = JSON.parse(await dump(36, 'keepalived.json'));
    return { data: linesOf(data), json, jsonAgain: JSON.parse(await dump(36, 'keepalived.json')) };
  } finally {
    await node.stop();
    bed.close();
    rmSync(folder, { recursive: true });
  }
}

const linesOf = (data: string): readonly string[] =>
  data
    .replace(/^[\s\S]*?(?=------< VRRP Topology >------)/, '')
    .replace(/------< VRRP Sockpool >------\n[\s\S]*?(?=------<)/, '')
    .replace(/------< Interfaces >------[\s\S]*$/, '')
    .split('\n')
    .filter((line) => !LEFT_OUT.some((pattern) => pattern.test(line)))
    .map((line) => line.replace(OTHER_VALUES.data, '$1 …'));

test('keepalived.data and keepalived.json are those of keepalived', { skip: skipWithoutPeer() }, async () => {
  const ours = await dumpsOf('weir');
  const theirs = await dumpsOf('debian');
  assert.deepEqual(ours.data, theirs.data);
  assert.deepEqual(
    ours.json.map(({ data }) => data['ifp_ifname']),
    ['vrrp.51', 'vv', 'eth0'],
  );
  const plain = ({ json }: Dumps) =>
    json.map(({ data }) => Object.entries(data).filter(([key]) => !OTHER_VALUES.json.some((other) => other === key)));
  assert.deepEqual(plain(ours), plain(theirs));
  // Programs take another moment for another transition.
  const transitions = (json: Dumps['json']) => json.map(({ data }) => data['last_transition']);
  for (const { json, jsonAgain } of [ours, theirs]) assert.deepEqual(transitions(jsonAgain), transitions(json));
});
