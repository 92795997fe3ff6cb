// The checksums of ICMP errors that the director makes of packets whose own checksum a device was to complete: right on the wire, whichever
// end of the cable computes checksums itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, ipvsadm, ok, transfer, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';

const skip = noNamespaces() || noTools('ethtool');

/** Does the device leave checksums to the other end? */
const offload = (host: Host, value: 'on' | 'off'): string => ok(host.run(['ethtool', '-K', 'eth0', 'tx', value]));

/** ICMP messages that a host refused: of IPv4 and of IPv6. */
function refused(host: Host): readonly number[] {
  const counters = ok(host.run(['cat', '/proc/net/snmp', '/proc/net/snmp6']));
  const [, names = '', values = ''] = /^Icmp: (.*)\nIcmp: (.*)$/m.exec(counters) ?? [];
  const four = values.split(' ')[names.split(' ').indexOf('InCsumErrors')];
  return [Number(four), Number(/^Icmp6InCsumErrors\s+(\d+)/m.exec(counters)?.[1])];
}

const SMALL_MTU = 1300;
const ADDRESSES = [VIP, `[${VIP6}]`] as const;
const plain = (address: string): string => address.replace(/[[\]]/g, '');

for (const [sender, director] of [
  ['on', 'off'],
  ['on', 'on'],
  ['off', 'off'],
] as const)
  test(`port unreachable, with tx checksums ${sender} at the client and ${director} at the director`, { skip }, async () => {
    await inCluster6(async ({ client, lvs }) => {
      offload(client, sender);
      offload(lvs, director);
      for (const address of ADDRESSES) {
        ipvsadm(lvs, `-A -t ${address}:80`, `-A -u ${address}:80`);
        for (const protocol of ['udp', 'tcp'] as const)
          assert.deepEqual(asked(client, protocol, plain(address), 80, 1), ['ECONNREFUSED'], `${protocol} ${address}`);
      }
      assert.deepEqual(refused(client), [0, 0]);
    });
  });

for (const [family, address, server, route] of [
  ['IPv4', VIP, '10.8.2.11', '10.8.2.11/32'],
  ['IPv6', `[${VIP6}]`, `[${server6(1)}]`, `${server6(1)}/128`],
] as const)
  test(`${family}: path MTU discovery through a director whose device computes no checksums`, { skip }, async () => {
    await inCluster6(async ({ bed, client, lvs, web1 }) => {
      offload(lvs, 'off');
      lvs.ip(`route add ${route} dev eth1 mtu lock ${SMALL_MTU}`);
      ipvsadm(lvs, `-A -t ${address}:90`, `-a -t ${address}:90 -r ${server}:9000 -m`);
      await transfer(bed, client, web1, plain(address), 90, 1 << 20);
      assert.match(client.ip(`route get ${plain(address)}`), new RegExp(`mtu ${SMALL_MTU}`));
      assert.deepEqual(refused(client), [0, 0]);
    });
  });
