// Policies of IPsec, which the kernel applies to the packets of VS/NAT, requests and answers: of both families, by tc and with XDP in front of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from './cluster.js';
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';
import { countForwarded, setUp, skip, testPolicies } from './ipsec-policies.js';
import { station } from './live-child.js';

for (const family of [CLUSTER4, CLUSTER6]) for (const hook of ['tc', 'xdp'] as const) testPolicies(family, hook);

// (IPv6's neighbour discovery would need policies that pass it.)
test('IPv4: by default the kernel drops what no policy passes, requests and answers', { skip }, () =>
  CLUSTER4.inCluster(async (cluster) => {
    const { client, lvs } = cluster;
    await setUp(CLUSTER4, cluster);
    const { client: from, server, vip } = CLUSTER4;
    const passed = [`src ${vip} dst ${from} dir out`, `src ${from} dst ${server(1)} dir out`];
    const isAnswered = (): boolean => client.run(['timeout', '3', ...station('ask', 'tcp', vip, 80, 1, 0)]).status === 0;
    assert.ok(isAnswered());
    lvs.ip('xfrm policy setdefault out block');
    assert.match(ok(lvs.weir('load')), /^4 destinations: known that policies of IPsec are for its packets/m);
    assert.ok(!isAnswered());
    for (const [n, policy] of passed.entries()) {
      lvs.ip(`xfrm policy add ${policy}`);
      assert.equal(isAnswered(), n === 1, `with ${policy}`);
    }
    lvs.ip('xfrm policy setdefault out accept');
    assert.match(ok(lvs.weir('load')), /^4 destinations: known that policies/m);
    const forwarded = countForwarded(lvs);
    assert.ok(isAnswered());
    assert.equal(forwarded(), 0);
  }),
);
