// FULLNAT with living clients and servers: the servers know nothing of the clients, and need no route back through the director.

import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, type Cluster, ipvsadm, serving, shared, transfer } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';

const skip = noNamespaces();
const SINK = 9000;
const LOCALS = { IPv4: ['10.8.2.77', 24], IPv6: ['fd00:8:2::77', 64] } as const;

/** The director has a local address on the servers' network, and web1 no route to the clients. */
function becomesLocal({ lvs, web1 }: Cluster, { name, option }: ClusterFamily): void {
  const [local, length] = LOCALS[name];
  lvs.ip(`addr add ${local}/${length} dev eth1${name === 'IPv6' ? ' nodad' : ''}`);
  web1.run(['ip', ...option.trim().split(' ').filter(Boolean), 'route', 'del', 'default']);
}

for (const family of [CLUSTER4, CLUSTER6]) {
  const { name, vip, at, server } = family;
  const inside = shared(async (work) =>
    family.inCluster(async (cluster) => {
      becomesLocal(cluster, family);
      await work(cluster);
    }),
  );

  (family === CLUSTER4 ? test : breadth)(
    `${name}: TCP, UDP and a big transfer to a server without a route to its clients`,
    { skip },
    async () => {
      await inside(async (cluster) => {
        const { bed, client, lvs, web1 } = cluster;
        const [local] = LOCALS[name];
        await serving(cluster, web1, 80, family.any);
        for (const [kind, port] of [
          ['-t', 80],
          ['-u', 80],
          ['-t', SINK],
        ] as const) {
          const service = `${kind} ${at(vip, port)}`;
          ipvsadm(lvs, `-A ${service} -s rr`, `-a ${service} -r ${at(server(1), port)} --fullnat --local-address ${local}`);
        }
        assert.deepEqual(asked(client, 'tcp', vip, 80, 2), ['web1', 'web1']);
        assert.deepEqual(asked(client, 'udp', vip, 80, 2), ['web1', 'web1']);
        await transfer(bed, client, web1, vip, SINK);
      });
    },
  );

  (family === CLUSTER6 ? test : breadth)(
    `${name}: a service of all ports, to a server without a route to its clients`,
    { skip },
    async () => {
      await inside(async (cluster) => {
        const { client, lvs, web1 } = cluster;
        const [local] = LOCALS[name];
        await serving(cluster, web1, 80, family.any);
        const service = `-t ${at(vip, 0)}`;
        ipvsadm(lvs, `-A ${service} -s rr -p 60`, `-a ${service} -r ${at(server(1), 0)} --fullnat --local-address ${local}`);
        assert.deepEqual(asked(client, 'tcp', vip, 80, 2), ['web1', 'web1']);
        const saved = lvs.weir('ipvsadm -Sn');
        assert.match(saved.stdout, new RegExp(`--fullnat -w 1 --local-address ${local.replaceAll('.', '\\.')}`));
      });
    },
  );
}
