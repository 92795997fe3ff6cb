// The section of VIPs: what is read of it, what is wrong in it, and that it is written as it is read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { faultText, readWeirFile } from './read.js';
import { writeTable } from './write-table.js';

const read = (text: string) => readWeirFile(text).file.vips;
const faults = (text: string): readonly string[] => readWeirFile(text).faults.map((fault) => faultText('f', fault));

test('an address gets its interface; without a length of its prefix it is one of a host', () => {
  const vips = read(
    'vips:\n  192.0.2.1: eth0\n  192.0.2.9/24: {interface: eth1, label: "eth1:web"}\n  2001:db8::1: eth0\n  2001:DB8::2/64: eth0\n',
  );
  assert.deepEqual(vips, [
    { address: ip('192.0.2.1'), prefixLength: 32, interface: 'eth0' },
    { address: ip('192.0.2.9'), prefixLength: 24, interface: 'eth1', label: 'eth1:web' },
    { address: ip('2001:db8::1'), prefixLength: 128, interface: 'eth0' },
    { address: ip('2001:db8::2'), prefixLength: 64, interface: 'eth0' },
  ]);
  assert.deepEqual(read(writeTable({ vips })), vips);
  assert.deepEqual([read('vips: {}\n'), read('timeouts: {}\n')], [[], undefined]);
});

test('what is wrong is named at its place', () => {
  const [name] = faults('vips:\n  web: eth0\n');
  assert.match(name ?? '', /^f:2:3: /);
  assert.match(faults('vips:\n  192.0.2.1/33: eth0\n')[0] ?? '', /^f:2:3: .*an address, with the length of its prefix/);
  assert.match(faults('vips:\n  192.0.2.1: eth0\n  192.0.2.1/24: eth1\n')[0] ?? '', /^f:3:3: .*the VIP 192\.0\.2\.1/);
  assert.match(faults('vips:\n  224.0.0.1: eth0\n')[0] ?? '', /^f:2:3: 224\.0\.0\.1 cannot be a VIP/);
  assert.match(faults('vips:\n  192.0.2.1: {label: "eth0:1"}\n')[0] ?? '', /^f:2:14: .*interface/);
  for (const wrong of ['a-name-of-sixteen', '"eth 0"', '"eth0:1"', '""', '[eth0]', '5.5.5']) {
    assert.equal(faults(`vips:\n  192.0.2.1: ${wrong}\n`).length, wrong === '5.5.5' ? 0 : 1, wrong);
  }
});
