import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, groupOf, hostAddress, inet, instanceOf, linkLocal } from '../../sim/vrrp/configuration.js';
import { historyOf } from '../../sim/vrrp/scenario.js';
import { AH_BYTES } from '../../wire/vrrp-auth.js';
import { rehearse } from './rehearse.js';

const kinds = (configuration: Parameters<typeof rehearse>[0]): ReadonlySet<string> =>
  new Set(rehearse(configuration).map(({ kind }) => kind));

/** RFC 9568 §5.1: the third byte; behind the authentication header, where there is one. */
function lastPriority(configuration: Parameters<typeof rehearse>[0]): number | undefined {
  const last = rehearse(configuration).findLast((effect) => effect.kind === 'send');
  return last?.payload[(last.protocol === 51 ? AH_BYTES : 0) + 2];
}

test('a rehearsal of any configuration becomes master, adds addresses, announces them and sends priority 0', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    for (const { configuration } of historyOf(seed).nodes) {
      const seen = kinds(configuration);
      for (const kind of ['send', 'addresses', 'announce', 'log']) assert.ok(seen.has(kind), `seed ${seed}: no ${kind}`);
      assert.equal(lastPriority(configuration), 0, `seed ${seed}: no priority 0`);
    }
  }
});

/** Whether the router becomes master in it: addresses alone are taken off by one that does not, too. */
const takesOver = (configuration: Parameters<typeof rehearse>[0]): boolean => kinds(configuration).has('announce');

test('a router that waits for a macvlan, an interface, a group or a script still rehearses', () => {
  const addresses = [{ ...hostAddress(inet(10, 0, 0, 9)), dev: 'eth7' }];
  const track = { interfaces: [{ name: 'eth9', weight: 0, reverse: false }], scripts: [], files: [], processes: [], bfds: [] };
  const waiting = instanceOf({ name: 'V', vrid: 9, addresses, track, sourceAddress: inet(10, 0, 0, 1), trackSourceAddress: true });
  assert.ok(takesOver(configurationOf({ instances: [waiting], syncGroups: [groupOf('G', ['V'])], startupDelayUs: 9_000_000 })));
  const plain = configurationOf({ instances: [instanceOf({ name: 'V', vrid: 9, addresses: [hostAddress(inet(10, 0, 0, 9))] })] });
  const staticAddresses = [{ ...hostAddress(inet(10, 0, 1, 9)), dev: 'eth7', trackGroup: 'TG' }];
  const root = { ...plain.root, staticAddresses, trackGroups: [{ name: 'TG', instances: ['V'] }] };
  assert.ok(takesOver({ ...plain, root }), 'one of a track_group');
  const six = instanceOf({ name: 'W', vrid: 9, family: 'inet6', addresses: [hostAddress(linkLocal(1, 1))] });
  assert.ok(takesOver(configurationOf({ instances: [six] })));
});

test('without routers there is nothing to rehearse', () => assert.deepEqual(rehearse(configurationOf({})), []));
