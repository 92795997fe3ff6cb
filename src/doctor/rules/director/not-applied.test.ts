import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts } from '../../facts.js';

const PATH = '/etc/weir/weir.yaml';
const [VIP, OTHER] = [ip('10.5.0.9'), ip('192.0.2.1')];
const without = director.addresses.filter(({ label }) => label !== 'wan:0');
const file = { path: PATH, services: ['tcp:192.0.2.1:80'], vips: [{ address: OTHER, interface: 'eth0' }] };

const found = (change: Partial<DirectorFacts>) =>
  diagnose({ ...director, ...change }).map(({ severity, code, what, fix, advice }) => [severity, code, what, fix ?? advice]);

test('what of a running weir.yaml is not on the host is named, with the command that puts it there', () => {
  assert.deepEqual(found({ notApplied: [file] }), [
    [
      'warning',
      'file-not-applied',
      `of ${PATH}, with which a daemon runs, is not on this host: tcp:192.0.2.1:80, 192.0.2.1 on eth0`,
      `weir apply ${PATH}`,
    ],
  ]);
});

test('the absent VIP of a service, which the file has, is one finding, and one command is its fix', () => {
  const notApplied = [{ path: PATH, services: [], vips: [{ address: VIP, interface: 'wan' }] }];
  const what = 'VIP 10.5.0.9 is on no interface';
  assert.deepEqual(found({ notApplied, addresses: without }), [['error', 'vip-absent', what, `weir apply ${PATH}`]]);
  assert.deepEqual(found({ notApplied: [file], addresses: without })[0]?.[3], 'weir vip add 10.5.0.9 --dev wan', 'another VIP is');
  // This host has another address that looks like a VIP: the file shows which of them is meant.
  const beside = [...without, { ifindex: 2, address: ip('10.5.0.8'), prefixLength: 32 }];
  assert.deepEqual(found({ notApplied, addresses: beside })[0]?.[3], `weir apply ${PATH}`);
  const holders = [{ ifindex: 2, address: VIP, mac: '02:00:00:00:00:09' as const }];
  assert.deepEqual(
    found({ notApplied, addresses: without, holders: [...director.holders, ...holders] })[0]?.[3],
    `where that is no other director: remove 10.5.0.9 there, then weir apply ${PATH}`,
  );
  const six = ip('fd00:5::9');
  const ofSix = [service('fd00:5::9', 80, [destination('fd00:5::51', 80, 'route')])];
  const missing = [{ path: PATH, services: ['mark:5'], vips: [{ address: six, interface: 'wan' }] }];
  assert.deepEqual(
    found({ services: ofSix, notApplied: missing })
      .filter(([, code]) => code === 'vip-absent' || code === 'file-not-applied')
      .map(([, , text, fix]) => [text, fix]),
    [
      [`of ${PATH}, with which a daemon runs, is not on this host: mark:5`, `weir apply ${PATH}`],
      ['VIP fd00:5::9 is on no interface', `weir apply ${PATH}`],
    ],
  );
});
