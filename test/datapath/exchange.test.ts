// Another build's programs in the place of those that run, under traffic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { IPV6_ENTRY_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { asked, ipvsadm, ok, serving, tablesOf } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { allOfOne, exchangeUnderTraffic, keptRelease, programs, skip } from './exchange-bed.js';
import { station } from './live-child.js';
import { allAnswered, begun } from './traffic.js';

test('under traffic by xdp, there and back: no packet is lost, the table stays', { skip }, () => exchangeUnderTraffic('xdp'));

/** The number of the program by which packets of IPv6 are balanced. */
function ipv6Program(folder: string): number {
  const found = new Uint32Array(1);
  using(BpfMap.pinned(`${folder}/${IPV6_ENTRY_PIN}`), (map) => assert.ok(map.lookup(new Uint8Array(4), new Uint8Array(found.buffer))));
  return found[0] ?? 0;
}

test('to a release in which only the IPv6 build is another, and back', { skip }, async () => {
  const { entry, remove } = keptRelease('ipv6');
  try {
    await inCluster6(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) await serving(cluster, web, 80, '::');
      ipvsadm(lvs, `-A -u [${VIP6}]:80 -s rr`, ...[1, 2].map((k) => `-a -u [${VIP6}]:80 -r [${server6(k)}]:80 -m`));
      // As in exchangeUnderTraffic(): the kernel knows the servers' MACs before the first datagram counts.
      assert.deepEqual([...asked(client, 'udp', VIP6, 80, 2)].sort(), ['web1', 'web2']);
      const { folder } = tablesOf(lvs);
      const datagrams = await begun(cluster, ...station('stream', VIP6, 80));
      const [seen, saved] = [[ipv6Program(folder)], ok(lvs.ipvsadm('-Sn'))];
      const load = (path: string): string => ok(lvs.run([process.execPath, path, 'weir', 'load']));
      assert.equal(load(entry), 'the programs of this build replaced those of another; the table and its connections stay\n');
      seen.push(ipv6Program(folder));
      assert.equal(load(entry), '', 'there is nothing more to do');
      assert.match(ok(lvs.weir('status')), /programs of another build/);
      assert.match(ok(lvs.weir('load')), /^the programs of this build replaced those of another;/);
      seen.push(ipv6Program(folder));
      allOfOne(folder);
      assert.deepEqual(programs(folder).builds, [buildPin()]);
      assert.equal(new Set(seen).size, 3, seen.join(' '));
      await allAnswered(datagrams, 500);
      assert.equal(ok(lvs.ipvsadm('-Sn')), saved);
    });
  } finally {
    remove();
  }
});
