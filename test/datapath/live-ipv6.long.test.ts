// IPv6 through another size of the table: NAT by tc and by XDP, and all ports. (Without: live-ipv6.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, ipvsadm, ok, serving } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { masquerades } from './masquerades6.js';

const skip = noNamespaces();

for (const attach of ['tc', 'xdp'] as const)
  test(`IPv6, NAT by ${attach}: another size of the table, from a client and from the director, and a big transfer`, { skip }, () =>
    inCluster6((cluster) => masquerades(cluster, attach, true)),
  );

test('IPv6: all ports of a client stay with their server through another size of the table', { skip }, () =>
  inCluster6(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) for (const port of [80, 8080]) await serving(cluster, web, port, '::');
    for (const protocol of ['t', 'u']) {
      const service = `-${protocol} [${VIP6}]:0`;
      ipvsadm(lvs, `-A ${service} -s rr -p 300`, ...[1, 2].map((k) => `-a ${service} -r [${server6(k)}]:0 -m`));
    }
    for (const protocol of ['tcp', 'udp'] as const)
      for (const port of [80, 8080]) assert.deepEqual(asked(client, protocol, VIP6, port, 2), ['web2', 'web2'], `${protocol} ${port}`);
    const clients = (): readonly string[] =>
      ipvsadm(lvs, '-Lcn')
        .match(/^UDP .*UDP +\[fd00:8:1::10\]:\d+ +\S+/gm)
        ?.map((row) => row.slice(20))
        .sort() ?? [];
    const before = clients();
    assert.equal(before.length, 4);
    // The programs of IPv6 are loaded again, and go on into these, whose table gets another size after that of IPv6.
    assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
    assert.deepEqual(clients(), before);
    assert.deepEqual(asked(client, 'tcp', VIP6, 8080, 2), ['web2', 'web2']);
  }),
);
