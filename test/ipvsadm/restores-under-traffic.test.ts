// The table is restored, cleared and filled beside live connections.

import assert from 'node:assert/strict';
import { inCluster, ipvsadm, ok, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { breadth, test } from '../support/breadth.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { counted, restored, restoreUnderTraffic, serveEcho } from './restores-under-traffic.js';

const skip = noNamespaces();

test('8 connections and a thousand datagrams a second lose nothing by restores', { skip }, () => restoreUnderTraffic(4));

breadth('ipvsadm -C, then -R: connections wait, and go on when their services are back', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    await serveEcho(cluster);
    const saved = ipvsadm(lvs, '-Sn');
    const connections = await begun(cluster, ...station('talk', VIP, 80, 8));
    for (let k = 0; k < 2; k++) {
      const dropped = (): number => Number(/(\d+)\s+dead_destination/.exec(ok(lvs.weir('stats drops')))?.[1] ?? 0);
      const before = dropped();
      ipvsadm(lvs, '-C');
      await until(dropped, (count) => count > before);
      ok(lvs.run([process.execPath, ENTRY, 'ipvsadm', '-R'], saved));
    }
    assert.equal(await connections(), '8 of 8');
  });
});

breadth('what is in both tables keeps its counters and its connections', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    await serveEcho(cluster);
    const connections = await begun(cluster, ...station('talk', VIP, 80, 4));
    assert.equal(await connections(), '4 of 4');
    const before = await until(
      () => counted(lvs),
      ([service]) => service?.conns === 4 && service.inPackets > 0,
    );
    const listed = ipvsadm(lvs, '-Lnc').split('\n').length;
    restored(lvs, `${ipvsadm(lvs, '-Sn')}-A -t ${VIP}:81 -s rr\n`);
    const after = counted(lvs).filter(({ name }) => !name.endsWith(':81'));
    assert.deepEqual(
      after.map(({ name, conns }) => [name, conns]),
      before.map(({ name, conns }) => [name, conns]),
    );
    for (const [k, { inPackets }] of before.entries()) assert.ok((after[k]?.inPackets ?? 0) >= inPackets);
    assert.equal(ipvsadm(lvs, '-Lnc').split('\n').length, listed);
  });
});
