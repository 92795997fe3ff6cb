// Compares weir's dump files of a rich configuration with keepalived's, recorded while all instances were backups.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import type { InterfaceFacts } from '../../../src/control/vrrp/messages.js';
import { initialState, type VrrpMachine } from '../../../src/control/vrrp/state/vrrp-machine.js';
import { step } from '../../../src/control/vrrp/step.js';
import { ctime } from '../../../src/daemon/log/log-text.js';
import { globalLines } from '../../../src/dump/global.js';
import { jsonText } from '../../../src/dump/json.js';
import { statsText } from '../../../src/dump/stats.js';
import { topologyLines } from '../../../src/dump/topology.js';
import { parseAddress } from '../../../src/model/address-text.js';
import { root } from '../../support/project.js';
import { LEFT_OUT, OTHER_VALUES, OWN_LINES } from './dump-differences.js';

/** The recorder resolved the symbolic link /bin. */
const recorded = (name: string): string =>
  readFileSync(join(root, 'test/oracle/keepalived/dumps', name), 'utf8')
    .replaceAll('/usr/bin/', '/bin/')
    .replaceAll('\\/usr\\/bin\\/', '\\/bin\\/');
const host = { offsetUs: 0, ctime: (seconds: number) => ctime(new Date(seconds * 1000)), owner: () => '0:0' };

const facts = (name: string, index: number, mac: string | undefined, ...addresses: readonly string[]): InterfaceFacts => ({
  name,
  index,
  up: true,
  mtu: mac === undefined ? 65536 : 1500,
  ...(mac === undefined ? {} : { mac }),
  addresses: addresses.flatMap((text) => parseAddress(text) ?? []),
});

/** The recorded configuration in weir's machine, on interfaces like the recorder's, with answers for its scripts. */
function machine(): VrrpMachine {
  const text = recorded('keepalived.conf');
  const { configuration } = readKeepalived(
    { read: () => ({ kind: 'text', text }), list: () => [] },
    {
      path: 'keepalived.conf',
      configId: 'vm',
      environment: {},
    },
  );
  assert.ok(configuration !== undefined);
  const interfaces = [
    facts('lo', 1, undefined, '127.0.0.1'),
    facts('vA', 2, '66:ae:30:e7:f5:08', '10.99.0.1', 'fe80::1'),
    facts('vY', 3, '96:86:57:0c:8e:09', 'fe80::9486:57ff:fe0c:8e09'),
    facts('vX', 4, '9e:9f:c0:67:82:98', '10.98.0.1', 'fe80::9c9f:c0ff:fe67:8298'),
  ];
  let { state } = step(initialState(), { kind: 'configure', configuration, interfaces, wallOffsetUs: 0 }, 1000);
  const outcome = (status: number) => ({ kind: 'exited', status }) as const;
  for (const input of [
    { kind: 'file', name: 'tf1', value: 5 },
    { kind: 'process', name: 'tp1', running: 0 },
    { kind: 'script', name: 'chk_true', outcome: outcome(0) },
    { kind: 'script', name: 'chk_false', outcome: outcome(1) },
  ] as const) {
    ({ state } = step(state, input, 1000));
  }
  return state;
}

const state = machine();

test('keepalived.stats is the same', () => assert.equal(statsText(state.instances), recorded('keepalived.stats')));

test('keepalived.json has the same keys in the same order, and the same values except those that depend on the moment', () => {
  const ours = JSON.parse(jsonText(state.instances, state, host, 1));
  const theirs = JSON.parse(recorded('keepalived.json'));
  assert.equal(ours.length, theirs.length);
  theirs.forEach((entry: Record<string, Record<string, unknown>>, index: number) => {
    for (const part of ['data', 'stats'] as const) {
      const [mine, other] = [ours[index][part], entry[part] ?? {}];
      assert.deepEqual(Object.keys(mine), Object.keys(other));
      for (const [key, value] of Object.entries(other))
        if (!OTHER_VALUES.json.some((other) => other === key)) assert.deepEqual(mine[key], value, key);
    }
  });
});

/** What keepalived 2.4.3 writes in its second layout, in order. */
const TRACK_PROCESS_KEYS = [
  'process',
  'param_match',
  'min_processes',
  'current_processes',
  'have_quorum',
  'weight',
  'terminate_delay',
  'fork_delay',
  'fork_delay_timer_running',
  'terminate_delay_timer_running',
  'full_command',
];

test('the second layout of keepalived.json holds the same instances, the counters that 2.4 added, and no password', () => {
  const { vrrp, track_process } = JSON.parse(jsonText(state.instances, state, host, 2));
  const first = JSON.parse(jsonText(state.instances, state, host, 1));
  assert.equal(vrrp.length, first.length);
  first.forEach(({ data, stats }: Record<string, Record<string, unknown>>, index: number) => {
    const { track_process: _, ...shown } = vrrp[index].data;
    assert.deepEqual(shown, 'auth_data' in (data ?? {}) ? { ...data, auth_data: '********' } : data);
    const counted = Object.entries(vrrp[index].stats as Record<string, number>).filter(([key]) => !key.startsWith('auth_ext_'));
    assert.deepEqual(Object.fromEntries(counted), stats);
  });
  assert.deepEqual(
    Object.keys(track_process[0]).filter((key) => key !== 'parameters' && key !== 'max_processes'),
    TRACK_PROCESS_KEYS,
  );
  assert.equal(track_process[0].process, 'tp1');
});

test('keepalived.data has the same lines in the same order', () => {
  const { global } = state.configuration ?? assert.fail();
  const mine = [...globalLines({ global, hostName: 'vm', umask: 0o177 }), ...topologyLines(state, host, [])];
  const known = (line: string): boolean => !LEFT_OUT.some((pattern) => pattern.test(line));
  const plain = (line: string): string => line.replace(OTHER_VALUES.data, '$1 …');
  // No sockets are open here.
  const text = recorded('keepalived.data').replace(/------< VRRP Sockpool >------\n[\s\S]*?(?=------<)/, '');
  const theirs = text.trimEnd().split('\n').filter(known).map(plain);
  const own = (line: string): boolean => OWN_LINES.some((pattern) => pattern.test(line));
  assert.deepEqual(mine.filter((line) => known(line) && !own(line)).map(plain), theirs);
});
