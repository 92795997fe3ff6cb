// What adding and removing a VIP takes, from pictures of a host; and the memory's text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { failureLine } from '../../model/errors/weir-error.js';
import { vipPersistFiles } from './persist-files.js';
import { planAdd, planDelete, type SavedVip, type VipHost } from './plan.js';
import { readSavedVips, writeSavedVips } from './saved.js';

const saved: SavedVip = { address: '10.4.0.9', prefixLength: 24, interface: 'wan', label: 'wan:0' };
const host: VipHost = {
  interfaces: [
    { name: 'lo', ifindex: 1, up: true, loopback: true, hasIpv6: true },
    { name: 'wan', ifindex: 2, up: true, loopback: false, hasIpv6: true },
    { name: 'a-very-long-one', ifindex: 3, up: true, loopback: false, hasIpv6: true },
    { name: '桥桥桥桥桥', ifindex: 4, up: true, loopback: false, hasIpv6: true },
  ],
  addresses: [
    { ifindex: 2, address: ip('10.4.0.9'), prefixLength: 24, label: 'wan:0', secondary: false },
    { ifindex: 2, address: ip('10.4.0.10'), prefixLength: 24, label: 'wan:2', secondary: true },
    { ifindex: 2, address: ip('10.4.1.10'), prefixLength: 24, label: 'wan', secondary: true },
    { ifindex: 2, address: ip('10.4.0.11'), prefixLength: 25, label: 'wan', secondary: true },
  ],
};

test('the default label is the lowest that is free, or the interface where none fits', () => {
  const label = (name: string) => {
    const plan = planAdd(host, { address: ip('10.4.0.77'), prefixLength: 32, interface: name }, []);
    return plan.kind === 'add' ? plan.vip.label : plan;
  };
  assert.equal(label('wan'), 'wan:1');
  assert.equal(label('a-very-long-one'), 'a-very-long-one');
  assert.equal(label('桥桥桥桥桥'), '桥桥桥桥桥', 'the kernel counts bytes');
});

test('the first and the last address of a network are no VIPs; of /31 and /32 they are', () => {
  const plan = (text: string, prefixLength: number): string | undefined => {
    const made = planAdd(host, { address: ip(text), prefixLength, interface: 'wan' }, []);
    return made.kind === 'refused' ? failureLine(made.failure) : undefined;
  };
  const broadcast = '10.4.0.255 is the broadcast address of the network 10.4.0.0/24: no host can have it';
  assert.deepEqual([plan('10.4.0.255', 32), plan('10.4.0.255', 24)], [broadcast, broadcast]);
  assert.equal(plan('10.4.0.0', 32), '10.4.0.0 is the first address of the network 10.4.0.0/24: no host can have it');
  assert.equal(plan('10.9.0.0', 16), '10.9.0.0 is the first address of the network 10.9.0.0/16: no host can have it');
  for (const [text, length] of [
    ['10.9.0.0', 32] as const,
    ['10.9.0.0', 31] as const,
    ['10.9.0.1', 31] as const,
    ['10.4.0.77', 24] as const,
  ])
    assert.equal(plan(text, length), undefined, text);
});

test('an IPv6 VIP has no label; the address of all routers and those that are of one link or one host are no VIPs', () => {
  const net = { ifindex: 2, address: ip('fd00:4::9'), prefixLength: 64, secondary: false };
  const plan = (text: string, prefixLength: number, there = host) =>
    planAdd({ ...there, addresses: [...there.addresses, net] }, { address: ip(text), prefixLength, interface: 'wan' }, []);
  const refused = (...given: Parameters<typeof plan>): string | undefined => {
    const made = plan(...given);
    return made.kind === 'refused' ? failureLine(made.failure) : undefined;
  };
  assert.deepEqual(plan('fd00:4::77', 128), {
    kind: 'add',
    ifindex: 2,
    vip: { address: 'fd00:4::77', prefixLength: 128, interface: 'wan' },
  });
  assert.equal(
    refused('fd00:4::', 128),
    'fd00:4:: is the address of all routers of the network fd00:4::/64 (RFC 4291): no host can have it',
  );
  assert.match(refused('fd00:9::4', 126) ?? '', /of the network fd00:9::4\/126 /);
  assert.equal(refused('fd00:9::4', 127), undefined);
  for (const text of ['::', '::1', 'fe80::1', 'ff02::1', '::ffff:10.0.0.1']) assert.equal(refused(text, 128), `${text} cannot be a VIP`);
  const off = { ...host, interfaces: host.interfaces.map((one) => ({ ...one, hasIpv6: false })) };
  assert.equal(refused('fd00:4::77', 128, off), 'IPv6 is off on wan — fix: sysctl -w net.ipv6.conf.wan.disable_ipv6=0');
  assert.equal(planAdd(off, { address: ip('10.4.0.77'), prefixLength: 32, interface: 'wan' }, []).kind, 'add');
  const labelled = planAdd(host, { address: ip('fd00:4::77'), prefixLength: 128, interface: 'wan', label: 'wan:7' }, []);
  assert.equal(labelled.kind === 'refused' && failureLine(labelled.failure), 'label wan:7: IPv6 addresses have no labels');
});

test('a label that another address has is refused', () => {
  const plan = planAdd(host, { address: ip('10.4.0.77'), prefixLength: 32, interface: 'wan', label: 'wan:2' }, []);
  assert.equal(plan.kind === 'refused' && failureLine(plan.failure), "label wan:2 is 10.4.0.10's");
});

test('the heirs of a first address are those of its subnet alone', () => {
  const plan = planDelete(host, ip('10.4.0.9'), 'wan', [saved]);
  assert.deepEqual(plan.kind === 'delete' && plan.heirs.map(({ label }) => label), ['wan:2']);
  const second = planDelete(host, ip('10.4.0.10'), 'wan', [{ ...saved, address: '10.4.0.10' }]);
  assert.deepEqual(second.kind === 'delete' && second.heirs, []);
});

test('the memory survives its file; damaged ones are not read', () => {
  assert.deepEqual(readSavedVips(writeSavedVips([saved])), [saved]);
  assert.equal(readSavedVips(writeSavedVips([saved]).slice(0, -6)), undefined);
  assert.equal(readSavedVips(writeSavedVips([{ ...saved, prefixLength: 40 }])), undefined);
  assert.equal(readSavedVips('{"version":1}'), undefined);
  const six: SavedVip = { address: 'fd00:4::77', prefixLength: 128, interface: 'wan' };
  assert.deepEqual(readSavedVips(writeSavedVips([saved, six])), [saved, six]);
  assert.equal(readSavedVips(writeSavedVips([{ ...six, label: 'wan:0' }])), undefined);
  // As builds wrote it that called the interface a device.
  const { interface: device, ...rest } = saved;
  assert.deepEqual(readSavedVips(JSON.stringify({ version: 1, vips: [{ ...rest, device }] })), [saved]);
  fc.assert(fc.property(fc.string(), (garbage) => void readSavedVips(garbage)));
});

test('the files of an IPv6 VIP', () => {
  const six: SavedVip = { address: 'fd00:4::77', prefixLength: 128, interface: 'wan' };
  const paths = (init: 'systemd' | 'ifupdown') => vipPersistFiles({ vip: six, force: false }, ['weir'], init).map(({ path }) => path);
  assert.deepEqual(paths('ifupdown'), ['/etc/network/if-up.d/weir-vip-fd00-4--77'], 'run-parts takes no colons');
  assert.equal(paths('systemd')[0], '/etc/systemd/system/weir-vip-fd00:4::77.service');
  const text = vipPersistFiles({ vip: six, force: false }, ['weir'], 'systemd')[0]?.text ?? '';
  assert.match(text, /^ExecStart="weir" "vip" "add" "fd00:4::77\/128" "--dev" "wan"$/m);
});

test('a path with odd characters survives the unit and the hook', () => {
  const command = ['/opt/100% "new" $x/node', "/it's/weir.mjs"];
  const unit = vipPersistFiles({ vip: saved, force: false }, command, 'systemd')[0]?.text ?? '';
  assert.match(unit, /^ExecStart="\/opt\/100%% \\"new\\" \$\$x\/node" "\/it's\/weir\.mjs" "vip" "add"/m);
  const hook = vipPersistFiles({ vip: saved, force: false }, command, 'ifupdown')[0]?.text ?? '';
  assert.match(hook, /^exec '\/opt\/100% "new" \$x\/node' '\/it'\\''s\/weir\.mjs' 'vip' 'add' '10\.4\.0\.9\/24'/m);
});
