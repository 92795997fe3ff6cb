// ipvsadm-restore beside live connections.
import assert from 'node:assert/strict';
import { asked, type Cluster, inCluster, ipvsadm, ok, pollingFarEnds, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { allAnswered, begun } from '../datapath/traffic.js';
import { ENTRY, type Host } from '../support/netns-bed.js';

export async function serveEcho({ bed, lvs, web1, web2 }: Cluster): Promise<void> {
  for (const web of [web1, web2]) await web.serve(bed, station('echo', 80));
  for (const protocol of ['t', 'u']) {
    ipvsadm(lvs, `-A -${protocol} ${VIP}:80 -s wrr`, ...[11, 12].map((k) => `-a -${protocol} ${VIP}:80 -r 10.8.2.${k}:80 -m -w 3`));
  }
}

export const restored = (lvs: Host, text: string): string => ok(lvs.run([process.execPath, ENTRY, 'ipvsadm-restore'], text));

interface Counts {
  readonly name: string;
  readonly conns: number;
  readonly inPackets: number;
}

/** By service and destination, in the order of the listing. */
export function counted(lvs: Host): readonly Counts[] {
  const rows = [...ipvsadm(lvs, '-Ln --stats --exact').matchAll(/^(?:TCP|UDP| {2}->) +(\d\S*) +(\d+) +(\d+) /gm)];
  return rows.map(([, name = '', conns, inPackets]) => ({ name, conns: Number(conns), inPackets: Number(inPackets) }));
}

/**
 * So many restores, of the table as it is and with changes beside the connections, while 8 TCP connections talk and a thousand datagrams a
 * second are answered: none of them is lost.
 */
export async function restoreUnderTraffic(times: number, attach: 'tc' | 'xdp' = 'tc'): Promise<void> {
  await inCluster(async (cluster) => {
    const { client, lvs } = cluster;
    if (attach === 'xdp') pollingFarEnds(cluster);
    ok(lvs.weir(`load --attach ${attach}`));
    await serveEcho(cluster);
    const saved = ipvsadm(lvs, '-Sn');
    const lines = saved.trimEnd().split('\n');
    // Another service comes, one destination gets another weight, the order is another.
    const changed = [
      ...lines.map((line) => line.replace(/(\.12:80 .*-w) 3/, '$1 1')),
      `-A -t ${VIP}:81 -s rr`,
      `-a -t ${VIP}:81 -r 10.8.2.11:80 -m`,
    ];
    const [services, destinations] = [changed.filter((line) => line.startsWith('-A')), changed.filter((line) => line.startsWith('-a'))];
    const other = [...services.reverse(), ...destinations.reverse()].join('\n');
    assert.notEqual(other, lines.join('\n'));
    const connections = await begun(cluster, ...station('talk', VIP, 80, 8));
    const datagrams = await begun(cluster, ...station('stream', VIP, 80));
    for (let k = 0; k < times; k++) restored(lvs, k % 3 === 2 ? other : saved);
    assert.equal(await connections(), '8 of 8');
    await allAnswered(datagrams);
    restored(lvs, saved);
    assert.equal(ipvsadm(lvs, '-Sn'), saved);
    assert.equal(asked(client, 'udp', VIP, 80, 1).length, 1);
  });
}
