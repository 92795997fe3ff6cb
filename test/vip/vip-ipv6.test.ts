// weir vip with IPv6 addresses, on hosts in namespaces: the probe before, the announcement after, and exact undoing.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { breadth, test } from '../support/breadth.js';
import { Bed, type Host, noNamespaces, untilAddressesAreUsed } from '../support/netns-bed.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const folder = bed.folder('weir-vip6-');
let gate: Host;
let thief: Host;

const addresses = (host: Host): string => host.ip('-o -6 addr show');
const macOf = (host: Host, name: string): string => /link\/ether (\S+)/.exec(host.ip(`link show ${name}`))?.[1] ?? assert.fail(name);

before(async () => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  gate = bed.host('gate');
  thief = bed.host('thief');
  bed.cable(gate, 'up7', lan, '172.29.3.9/20');
  bed.cable(thief, 'th0', lan, '172.29.3.77/20');
  gate.ip('addr add fd00:29::9/64 dev up7 nodad');
  thief.ip('addr add fd00:29::77/64 dev th0 nodad');
  await untilAddressesAreUsed(gate, thief);
});
after(() => bed.close());

test('add sets the VIP as /128, usable immediately and no source of connections; del removes exactly that', on, () => {
  const untouched = addresses(gate);
  const added = gate.weir('vip add fd00:29::200 --dev up7');
  assert.deepEqual([added.status, added.stdout, added.stderr], [0, 'added fd00:29::200/128 on up7, announced\n', '']);
  assert.match(addresses(gate), /inet6 fd00:29::200\/128 scope global nodad deprecated \\/);
  assert.match(gate.ip('-6 route get fd00:29::77'), / src fd00:29::9 /);
  assert.equal(thief.run(['ping', '-6', '-c', '1', '-W', '20', 'fd00:29::200']).status, 0);
  const again = gate.weir('vip add fd00:29:0::200 --dev up7');
  assert.deepEqual([again.status, again.stdout], [0, 'fd00:29::200/128 on up7 is there already\n']);
  const status = gate.weir('vip status fd00:29::200 --dev up7');
  assert.deepEqual([status.status, status.stdout], [0, 'fd00:29::200/128 on up7, added by weir\n']);
  assert.match(gate.weir('vip add fd00:30::1/64 --dev up7').stdout, /^added fd00:30::1\/64 on up7/);
  assert.equal(gate.weir('vip del fd00:30::1 --dev up7').stdout, 'removed fd00:30::1 from up7\n');
  assert.equal(gate.weir('vip del fd00:29::200 --dev up7').stdout, 'removed fd00:29::200 from up7\n');
  assert.equal(addresses(gate), untouched);
  assert.equal(gate.weir('vip status fd00:29::200 --dev up7').status, 3);
  assert.equal(gate.weir('vip del fd00:29::200 --dev up7').stdout, 'fd00:29::200 is not on up7\n');
  assert.match(gate.weir('vip del fd00:29::9 --dev up7').stderr, /fd00:29::9 on up7 was not added by weir vip/);
});

test('neighbours are notified immediately, so that a director that takes over is reached', { ...on, timeout: 120_000 }, () => {
  thief.ip('neigh replace fd00:29::210 lladdr 02:00:00:00:00:99 dev th0 nud stale');
  gate.weir('vip add fd00:29::210 --dev up7');
  assert.ok(thief.ip('neigh show fd00:29::210').includes(`lladdr ${macOf(gate, 'up7')}`), 'the stale entry is updated');
  gate.sysctl('net.ipv6.conf.up7.forwarding', '1');
  gate.weir('vip add fd00:29::210 --dev up7');
  assert.match(thief.ip('neigh show fd00:29::210'), / router /, 'a host that forwards says so');
  gate.sysctl('net.ipv6.conf.up7.forwarding', '0');
  gate.weir('vip del fd00:29::210 --dev up7');
});

breadth('an address that another host has on that link is refused, naming its MAC', on, () => {
  const untouched = addresses(gate);
  thief.ip('addr add fd00:29::220/128 dev th0 nodad');
  const mac = macOf(thief, 'th0');
  const { status, stderr } = gate.weir('vip add fd00:29::220 --dev up7');
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `weir vip: ${mac} answers for fd00:29::220 on up7: another host has it — fix: weir doctor names the real server where it is one\n`,
  );
  assert.equal(addresses(gate), untouched);
  thief.ip('addr del fd00:29::220/128 dev th0');
  // A real server that has it on lo does not answer.
  assert.equal(thief.weir('realserver start --vip fd00:29::220').status, 0);
  assert.equal(gate.weir('vip add fd00:29::220 --dev up7').status, 0);
  assert.equal(gate.weir('vip status fd00:29::220 --dev up7').status, 0);
  thief.weir('realserver stop');
  thief.ip('addr add fd00:29::220/128 dev th0 nodad');
  const duel = gate.weir('vip status fd00:29::220 --dev up7');
  assert.deepEqual([duel.status, duel.stdout.split('\n')[1]], [1, `${mac} answers for it too`]);
  thief.ip('addr del fd00:29::220/128 dev th0');
  gate.weir('vip del fd00:29::220 --dev up7');
  assert.equal(addresses(gate), untouched);
});

breadth('a host that is about to take the address gives it up (RFC 4862 §5.4.3)', { ...on, timeout: 120_000 }, () => {
  thief.sysctl('net.ipv6.conf.th0.dad_transmits', '600');
  thief.ip('addr add fd00:29::230/128 dev th0');
  assert.match(thief.ip('-6 addr show dev th0'), /fd00:29::230\/128 scope global tentative/);
  const added = gate.weir('vip add fd00:29::230 --dev up7');
  assert.deepEqual([added.status, added.stderr], [0, '']);
  assert.match(thief.ip('-6 addr show dev th0'), /fd00:29::230\/128 scope global (tentative )?dadfailed/);
  thief.ip('addr del fd00:29::230/128 dev th0');
  gate.weir('vip del fd00:29::230 --dev up7');
});

breadth('--root writes a hook into an image that adds it at boot; del --root removes it', on, () => {
  const untouched = addresses(gate);
  gate.weir(`vip add fd00:29::240 --dev up7 --root ${folder}`);
  assert.equal(addresses(gate), untouched);
  const hook = join(folder, 'etc/network/if-up.d/weir-vip-fd00-29--240');
  assert.match(gate.run(['env', 'IFACE=up7', 'sh', hook]).stdout, /^added fd00:29::240\/128 on up7, announced/);
  gate.weir(`vip del fd00:29::240 --dev up7 --root ${folder}`);
  assert.equal(existsSync(hook), false);
  gate.weir('vip del fd00:29::240 --dev up7');
  assert.equal(addresses(gate), untouched);
});

breadth('an interface without IPv6 is named, with the sysctl', on, () => {
  gate.ip('link add bare type bridge');
  gate.ip('link set bare up');
  gate.sysctl('net.ipv6.conf.bare.disable_ipv6', '1');
  assert.equal(
    gate.weir('vip add fd00:31::1 --dev bare').stderr,
    'weir vip: IPv6 is off on bare — fix: sysctl -w net.ipv6.conf.bare.disable_ipv6=0\n',
  );
});
