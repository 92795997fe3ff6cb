// The connection table's size changes while segments of thousands of flows make, change and end connections on every CPU: the table is whole
// afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Records } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { type Cluster, inCluster, ipvsadm, ok, pollingFarEnds, running, tablesOf, until, VIP } from './cluster.js';
import { checkTable, type TableView } from './table-check.js';

const skip = noNamespaces();

const FLOWS = 2500;

function viewOf(lvs: Host): TableView {
  const tables = tablesOf(lvs);
  const memory = using(BpfMap.pinned(`${tables.folder}/conns`), (map) => {
    const { valueSize, maxEntries } = map.info();
    return map.mmap(valueSize * maxEntries, false);
  });
  return { tables, slots: () => new Records(memory, ConnSlot.bytes) };
}

/** Two processes with half of the flows in common. */
function storm({ bed, client, lvs }: Cluster) {
  const mac = (host: Host): string => ok(host.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const script = fileURLToPath(new URL('./segments-child.js', import.meta.url));
  return [10_000, 10_000 + FLOWS / 2].map((first) =>
    running(bed, client, [process.execPath, script, 'eth0', mac(client), mac(lvs), VIP, String(first), String(FLOWS)]),
  );
}

for (const attach of ['tc', 'xdp']) {
  test(`a storm of segments by ${attach} while the size changes: no connection twice, the counts add up`, { skip }, async () => {
    await inCluster(async (cluster) => {
      const { lvs } = cluster;
      if (attach === 'xdp') pollingFarEnds(cluster);
      ok(lvs.weir(`load --attach ${attach} --connections 4096`));
      ipvsadm(lvs, `-A -t ${VIP}:80 -s wlc`, ...[11, 12].map((k) => `-a -t ${VIP}:80 -r 10.8.2.${k}:80 -m`));
      const storms = storm(cluster);
      for (const { lines } of storms) {
        await until(
          () => lines,
          (seen) => seen[0] === 'begun',
        );
      }
      const connections = (): number => ipvsadm(lvs, '-Lnc').split('\n').length;
      await until(connections, (count) => count > FLOWS / 2);
      for (const size of [65_536, 4096]) {
        ok(lvs.weir(`load --connections ${size}`));
        ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.2.11:80 -m -w ${size % 7}`);
      }
      for (const { child } of storms) child.kill('SIGTERM');
      const sent = await until(
        () => storms.map(({ lines }) => Number(lines[1] ?? 0)),
        (counts) => counts.every((count) => count > 0),
      );
      assert.ok(sent[0] !== undefined && sent[0] > 5000, `${sent} segments`);
      const slots = checkTable(viewOf(lvs));
      assert.ok(slots.length > FLOWS / 2, `${slots.length} connections`);
      assert.ok(
        slots.some(({ away }) => away > 0),
        'some were pushed away from home',
      );
    });
  });
}
