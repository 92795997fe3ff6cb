// What the kernel's timer does over seconds with no process of ours alive: the time is waited for, the processor is not needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, inCluster, ipvsadm, rows, running, serving, tablesOf, until, VIP } from './cluster.js';
import { station } from './live-child.js';

const skip = noNamespaces();

test('connections expire and the counts fall with no process of ours alive', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    await serving(cluster, web1);
    for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${VIP}:80 -s rr`, `-a -${protocol} ${VIP}:80 -r 10.8.2.11:80 -m`);
    ipvsadm(lvs, '--set 12 12 12');
    const { lines, child } = running(bed, client, station('hold', VIP, 80));
    await until(
      () => lines,
      (seen) => seen[0] === 'open',
    );
    asked(client, 'udp', VIP, 80, 5);
    // No command looks while the time goes by, only this test, into the memory: it is the kernel's timer alone that ends them.
    const { dests } = tablesOf(lvs);
    const counts = (): readonly number[] => [1, 2].flatMap((id) => [dests.get(id, Dest.active), dests.get(id, Dest.inactive)]);
    assert.deepEqual(counts(), [1, 0, 0, 5], 'one held by TCP, five by UDP');
    await until(counts, (seen) => seen.every((count) => count === 0));
    assert.deepEqual(rows(lvs), ['10.8.2.11:80 Masq 1 0 0', '10.8.2.11:80 Masq 1 0 0']);
    child.kill('SIGKILL');
  });
});

test('counters and rates move with no process of ours alive', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    await serving(cluster, web1);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m`);
    const figures = (option: string): readonly number[] =>
      (/^ {2}-> 10\.8\.2\.11:80 +(.*)$/m.exec(ipvsadm(lvs, `-Ln ${option} --exact`))?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
    const { lines, child } = running(bed, client, station('steady', VIP, 80));
    await until(
      () => lines.length,
      (count) => count >= 30,
    );
    const rates = await until(
      () => figures('--rate'),
      (seen) => seen.length === 5 && seen.every((rate) => rate > 0),
    );
    // A count that is taken a second late has half as many more.
    assert.ok((rates[0] ?? 0) < 18, `ten connections a second were made: ${rates}`);
    child.kill('SIGKILL');
    const first = await until(
      () => figures('--stats'),
      (seen) => (seen[0] ?? 0) >= 30,
    );
    assert.ok((first[1] ?? 0) >= 4 * (first[0] ?? 0), `a connection is some packets: ${first}`);
    await until(
      () => figures('--rate'),
      (seen) => seen[0] === 0 && seen[1] === 0,
      90,
    );
  });
});
