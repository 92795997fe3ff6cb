// The rules of content switching in their maps: what is written by a process that is killed changes nothing that connections are decided by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWeirFile } from '../../src/config/weir/read.js';
import { switchPlan } from '../../src/control/layer7/switch/switch-plan.js';
import { withSwitchMap } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { writeRules } from '../../src/datapath/ebpf/switch/switch-rules.js';
import { SwitchAbi, SwitchPathKey, SwitchPool } from '../../src/datapath/ebpf/switch.gen.js';
import type { SwitchPlan } from '../../src/model/layer7/switch-plan.js';
import type { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { readField, u32 } from '../../src/sys/bpf/records.js';
import { viewOf } from '../../src/wire/bytes.js';
import { skipReason } from './bed.js';
import { CONFIG, switchBed } from './switch-bed.js';

const skip = skipReason();

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
function numberAt(map: BpfMap, key: Uint8Array): number {
  const value = new Uint8Array(4);
  assert.ok(map.lookup(key, value));
  return viewOf(value).getUint32(0, true);
}

/** By host: its paths, with the records of their pools. */
function decided(folder: string): ReadonlyMap<string, readonly string[]> {
  return withSwitchMap(folder, 'switch_hosts', (hosts) =>
    withSwitchMap(folder, 'switch_paths', (paths) =>
      withSwitchMap(folder, 'switch_pools', (pools) => {
        const poolText = (number: number): string => {
          const record = new Uint8Array(SwitchPool.bytes);
          pools.lookup(u32(number), record);
          return hex(record);
        };
        const pathsOf = (host: number): readonly string[] =>
          [...paths.keys()]
            .filter((key) => readField(key, SwitchPathKey.host) === host)
            .map((key) => `${hex(key.subarray(SwitchPathKey.path.at))} ${poolText(numberAt(paths, key))}`)
            .sort();
        return new Map([...hosts.keys()].map((key) => [hex(key), pathsOf(numberAt(hosts, key))]));
      }),
    ),
  );
}

/** `of`: a number in all its entries for servers. It ends as if it was killed, before the first host changes. */
function killedWrite(folder: string, plan: SwitchPlan, of: number): void {
  const [last] = plan.listeners;
  const more = { ...plan, listeners: [...plan.listeners, { ...(last ?? assert.fail('a listener')), name: 'killed', port: 9 }] };
  const serviceOf = ({ name }: { readonly name: string }): number => {
    if (name === 'killed') throw new Error('killed');
    return 1;
  };
  assert.throws(() => writeRules(folder, more, { serviceOf, destinationOf: () => of }), /killed/);
}

test('a write that is killed, and those after it, change no pool or path in use', { skip }, () => {
  const { folder } = switchBed();
  const plan = switchPlan(readWeirFile(CONFIG).file.layer7 ?? assert.fail('no section layer7'));
  const before = decided(folder);
  assert.equal(before.size, 3);
  for (const of of [1001, 1002, 1003]) killedWrite(folder, plan, of);
  assert.deepEqual(decided(folder), before);

  // As if it was killed when one host had changed.
  withSwitchMap(folder, 'switch_hosts', (hosts) => {
    const [first = assert.fail('a host')] = hosts.keys();
    const used = new Set([...hosts.keys()].map((key) => numberAt(hosts, key)));
    const fresh = withSwitchMap(folder, 'switch_paths', (paths) => [...paths.keys()].map((key) => readField(key, SwitchPathKey.host)));
    hosts.update(first, u32(fresh.find((host) => !used.has(host)) ?? assert.fail('paths that are new')));
  });
  const mixed = decided(folder);
  assert.notDeepEqual(mixed, before);
  for (const of of [1004, 1005]) killedWrite(folder, plan, of);
  assert.deepEqual(decided(folder), mixed);

  const pathCount = (): number => withSwitchMap(folder, 'switch_paths', (paths) => [...paths.keys()].length);
  writeRules(folder, plan, { serviceOf: () => 1, destinationOf: () => 1006 });
  assert.equal(pathCount(), 5);
  assert.equal(decided(folder).size, 3);

  // Where too many pools are in use, none of them is overwritten either: no host leads to them then.
  withSwitchMap(folder, 'switch_paths', (paths) => {
    const [key = assert.fail('a path')] = paths.keys();
    for (let pool = 1; pool < SwitchAbi.SWITCH_POOLS; pool++) {
      const other = key.slice();
      viewOf(other).setUint32(SwitchPathKey.bits.at, 8 * (SwitchPathKey.path.at - SwitchPathKey.host.at + 4), true);
      viewOf(other).setUint32(SwitchPathKey.path.at, pool, true);
      paths.update(other, u32(pool));
    }
  });
  killedWrite(folder, plan, 1007);
  assert.equal(decided(folder).size, 0);
  writeRules(folder, plan, { serviceOf: () => 1, destinationOf: () => 1008 });
  assert.deepEqual([pathCount(), decided(folder).size], [5, 3]);
});
