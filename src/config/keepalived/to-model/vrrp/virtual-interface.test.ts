import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { instanceText, readInstance, readText } from '../../../../../test/support/keepalived-text.js';
import type { VirtualInterface } from '../../../../model/keepalived/network.js';

test('use_vmac: name, MAC address, group', () => {
  const cases: [string, VirtualInterface, string[]?][] = [
    ['use_vmac', { kind: 'vmac' }],
    ['use_vmac vr51', { kind: 'vmac', name: 'vr51' }],
    [
      'use_vmac name vr51 02:00:00:00:00:01 netlink_notify_msg group 5',
      { kind: 'vmac', name: 'vr51', mac: '02:00:00:00:00:01', netlinkNotify: true, group: 5 },
    ],
    ['use_vmac 2:0:0:0:0', { kind: 'vmac', mac: '02:00:00:00:00:33' }],
    ['use_vmac a b', { kind: 'vmac', name: 'a' }, ['VMAC interface name already specified']],
    [
      'use_vmac averyveryverylongname',
      { kind: 'vmac' },
      ["VMAC interface name 'averyveryverylongname' too long or invalid characters - ignoring"],
    ],
    ['use_vmac 00:00:5e:00:01:33', { kind: 'vmac' }, ['VMAC MAC address not allowed to be RFC5798 address (00:00:5e:00:01:33) - ignoring']],
    ['use_vmac 01:00:00:00:00:01', { kind: 'vmac' }, ['VMAC MAC address is multicast 01:00:00:00:00:01 - ignoring']],
    ['use_vmac 02:00:00:00', { kind: 'vmac' }, ['VMAC invalid MAC address 02:00:00:00 - ignored']],
    ['use_vmac zz:00:00:00:00:01', { kind: 'vmac' }, ['VMAC invalid MAC address zz:00:00:00:00:01']],
    ['use_vmac group eth', { kind: 'vmac' }, ['VMAC group eth not found']],
  ];
  for (const [line, expected, reported = []] of cases) {
    const { instance, errors } = readInstance([line]);
    assert.deepEqual(instance?.virtualInterface, expected, line);
    assert.deepEqual(errors, reported, line);
  }
});

test('use_ipvlan: name, address, mode', () => {
  const address = ip('10.99.0.50');
  const cases: [string, VirtualInterface, string[]?][] = [
    ['use_ipvlan iv51 10.99.0.50/24 bridge', { kind: 'ipvlan', name: 'iv51', address, addressLength: 24, mode: 'bridge' }],
    [
      'use_ipvlan a b 10.99.0.50 vepa private',
      { kind: 'ipvlan', name: 'a', address, mode: 'vepa' },
      ["(V1) IPVLAN interface already specified - ignoring 'b'", "(V1) ipvlan type already specified - ignoring 'private'"],
    ],
  ];
  for (const [line, expected, reported = []] of cases) {
    const { instance, errors } = readInstance([line]);
    assert.deepEqual(instance?.virtualInterface, expected, line);
    assert.deepEqual(instance?.sourceAddress, address, 'adverts come from its address');
    assert.deepEqual(errors, reported, line);
  }
  const { configuration, errors } = readText(instanceText(['use_ipvlan']));
  assert.deepEqual(configuration.instances, []);
  assert.deepEqual(errors, ['(V1) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state']);
});

test('vmac_xmit_base, strict mode and unicast', () => {
  const unicast = ['unicast_peer {', '10.99.0.2', '}'];
  const cases: [string[], boolean, string[]?][] = [
    [['use_vmac', 'vmac_xmit_base'], true],
    [['use_vmac', 'vmac_xmit_base', ...unicast], true],
    [['use_vmac', ...unicast], true, ['(V1) unicast with use_vmac requires vmac_xmit_base - setting']],
    [['vmac_xmit_base'], false, ['(V1) vmac_xmit_base is only valid with a vmac']],
    [['strict_mode', 'use_vmac', 'vmac_xmit_base'], false, ['(V1) xmit_base is incompatible with strict mode - resetting']],
    [['strict_mode', 'use_vmac 02:00:00:00:00:01'], false, ['(V1): cannot specify MAC address with strict mode - clearing']],
  ];
  for (const [lines, base, reported = []] of cases) {
    const { instance, errors } = readInstance(lines);
    assert.equal(instance?.vmacTransmitBase, base, lines.join(' / '));
    assert.deepEqual(errors, reported, lines.join(' / '));
  }
});

test('two instances cannot share a macvlan', () => {
  const one = instanceText(['use_vmac vr1']);
  const { configuration, errors } = readText(`${one}\n${one.replace('V1', 'V2').replace('eth0', 'eth1')}`);
  assert.deepEqual(errors, ['(V2) VRRP instance V1 is already using vr1 - ignoring name']);
  assert.deepEqual(
    configuration.instances.map(({ virtualInterface }) => virtualInterface),
    [{ kind: 'vmac', name: 'vr1' }, { kind: 'vmac' }],
  );
});
