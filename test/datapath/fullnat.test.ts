// FULLNAT with living clients and servers: the servers know nothing of the clients, and need no route back through the director.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, type Cluster, inCluster, ipvsadm, serving, transfer, VIP } from './cluster.js';

const skip = noNamespaces();
const SINK = 9000;
const LOCAL = '10.8.2.77';

/** The director has a local address on the servers' network, and web1 no route to the clients. */
async function withLocals({ lvs, web1 }: Cluster, ...locals: readonly string[]): Promise<void> {
  for (const local of locals) lvs.ip(`addr add ${local}/24 dev eth1`);
  web1.run(['ip', 'route', 'del', 'default']);
}

test('TCP, UDP and a big transfer to a server without a route to its clients', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    await withLocals(cluster, LOCAL);
    await serving(cluster, web1);
    for (const service of [`-t ${VIP}:80`, `-u ${VIP}:80`, `-t ${VIP}:${SINK}`]) {
      const port = service.endsWith(':80') ? 80 : SINK;
      ipvsadm(lvs, `-A ${service} -s rr`, `-a ${service} -r 10.8.2.11:${port} --fullnat --local-address ${LOCAL}`);
    }
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1']);
    assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web1', 'web1']);
    await transfer(bed, client, web1, VIP, SINK);
  });
});
