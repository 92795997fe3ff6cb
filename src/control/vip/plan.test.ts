// What adding and removing a VIP takes, from pictures of a host; and the memory's text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Address } from '../../model/address.js';
import { parseIpv4 } from '../../model/address-text.js';
import { failureLine } from '../../model/errors/weir-error.js';
import { vipPersistFiles } from './persist-files.js';
import { planAdd, planDelete, type SavedVip, type VipHost } from './plan.js';
import { readSavedVips, writeSavedVips } from './saved.js';

const ip = (text: string): Address => parseIpv4(text) ?? assert.fail(text);
const saved: SavedVip = { address: '10.4.0.9', prefixLength: 24, interface: 'wan', label: 'wan:0' };
const host: VipHost = {
  interfaces: [
    { name: 'lo', ifindex: 1, up: true, loopback: true },
    { name: 'wan', ifindex: 2, up: true, loopback: false },
    { name: 'a-very-long-one', ifindex: 3, up: true, loopback: false },
    { name: '桥桥桥桥桥', ifindex: 4, up: true, loopback: false },
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
  // As builds wrote it that called the interface a device.
  const { interface: device, ...rest } = saved;
  assert.deepEqual(readSavedVips(JSON.stringify({ version: 1, vips: [{ ...rest, device }] })), [saved]);
  fc.assert(fc.property(fc.string(), (garbage) => void readSavedVips(garbage)));
});

test('a path with odd characters survives the unit and the hook', () => {
  const command = ['/opt/100% "new" $x/node', "/it's/weir.mjs"];
  const unit = vipPersistFiles({ vip: saved, force: false }, command, 'systemd')[0]?.text ?? '';
  assert.match(unit, /^ExecStart="\/opt\/100%% \\"new\\" \$\$x\/node" "\/it's\/weir\.mjs" "vip" "add"/m);
  const hook = vipPersistFiles({ vip: saved, force: false }, command, 'ifupdown')[0]?.text ?? '';
  assert.match(hook, /^exec '\/opt\/100% "new" \$x\/node' '\/it'\\''s\/weir\.mjs' 'vip' 'add' '10\.4\.0\.9\/24'/m);
});
