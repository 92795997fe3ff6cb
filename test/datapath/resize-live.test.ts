// The connection table's size changes under traffic: no packet is lost, no connection ends. (Killed on the way: resize-live.long.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drops } from '../../src/datapath/ebpf/abi.gen.js';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { noNamespaces } from '../support/netns-bed.js';
import { inCluster, ipvsadm, ok, pollingFarEnds, tablesOf } from './cluster.js';
import { clients, settled, TALKERS, traffic } from './resizing.js';

const skip = noNamespaces();

for (const attach of ['tc', 'xdp']) {
  test(`larger and smaller under traffic by ${attach}: no packet is lost, no connection ends, none is made again`, { skip }, async () => {
    await inCluster(async (cluster) => {
      const { lvs } = cluster;
      if (attach === 'xdp') pollingFarEnds(cluster);
      ok(lvs.weir(`load --attach ${attach} --connections 4096`));
      const { ends } = await traffic(cluster);
      const before = clients(lvs);
      assert.equal(before.length, TALKERS);
      for (const connections of [262_144, 8192]) {
        const report = ok(lvs.weir(`load --connections ${connections}`));
        assert.match(
          report,
          new RegExp(`^the connection table: room for ${connections} connections now; \\d+ connections moved, none was lost\\n$`),
        );
        settled(lvs, connections);
        assert.deepEqual(clients(lvs), before);
      }
      await ends();
      const made = /^TCP +\S+ +(\d+) /m.exec(ipvsadm(lvs, '-Ln --stats --exact'))?.[1];
      assert.equal(Number(made), TALKERS, 'connections of TCP that were ever made');
      const { drops } = tablesOf(lvs);
      for (const name of ['table_full', 'busy', 'no_connection', 'half_open_replaced']) {
        const reason = REASONS.findIndex(({ key }) => key === name);
        for (let cpu = 0; cpu < drops.count; cpu++) assert.equal(drops.big(cpu, Drops.count, reason), 0n, name);
      }
    });
  });
}
