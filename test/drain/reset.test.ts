// The end of a drain by reset, on living hosts: both ends of idle connections get a reset, those of other servers go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inCluster, ipvsadm, ok, VIP } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { drain, killDrivers } from './drain-cluster.js';
import { bothReset, connected } from './reset-ends.js';

const skip = noNamespaces();
const COUNT = 8;
/** The deadline, four rounds at most, and what a busy machine adds. */
const WAITED_MAX_MS = 12_000;
const [WEB1, WEB2] = ['10.8.2.11', '10.8.2.12'] as const;

test('reset: idle connections by NAT are reset at both ends, others are left alone', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { bed, lvs, web1, web2 } = cluster;
    bed.undo(() => killDrivers(lvs));
    ipvsadm(
      lvs,
      `-A -t ${VIP}:90 -s rr`,
      `-a -t ${VIP}:90 -r ${WEB1}:9090 -m`,
      `-A -t ${VIP}:91 -s rr`,
      `-a -t ${VIP}:91 -r ${WEB2}:91 -m`,
    );
    const drained = await connected(cluster, { server: web1, port: 9090, address: '0.0.0.0', vip: VIP, vport: 90, count: COUNT });
    const others = await connected(cluster, { server: web2, port: 91, address: '0.0.0.0', vip: VIP, count: COUNT });
    const { id } = drain(lvs, `${WEB1} --allow-empty --deadline 2s --end reset`).seen;
    killDrivers(lvs); // so that the one who waits does all of it
    const beganMs = performance.now();
    const { status, seen } = drain(lvs, `wait ${id}`);
    assert.deepEqual([status, seen.state, seen.remaining.open, seen.openAtDeadline], [0, 'deadline', 0, COUNT]);
    assert.ok(performance.now() - beganMs < WAITED_MAX_MS, 'the one who waits is answered when all is done');
    await bothReset(drained, COUNT, 'NAT');
    assert.deepEqual([others.client, others.server], [[], []]);
    assert.doesNotMatch(ok(lvs.ipvsadm('-Lcn')), /ESTABLISHED .*:9090/);
    drain(lvs, `cancel ${seen.id}`);
  });
});
