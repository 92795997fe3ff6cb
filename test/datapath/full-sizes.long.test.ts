// The largest tables: connections from 2^12 to 2^24 and back under traffic, and as many services as there is room for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { asked, inCluster, ipvsadm, ok, serving, VIP } from './cluster.js';
import { ofLinks, resizedUnderTraffic } from './resizing.js';

const skip = noNamespaces();
const [SMALLEST, LARGEST] = [2 ** 12, 2 ** 24];

test('room for 2^24 connections and for 2^12 again, under traffic', { skip }, () =>
  resizedUnderTraffic('tc', ofLinks, [LARGEST, SMALLEST]),
);

const SERVICES = 65_000;

test(`${SERVICES} services with a server each: restored, listed, served, taken away`, { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs, client, web1 } = cluster;
    await serving(cluster, web1);
    ok(lvs.weir('load --max-services 65536 --max-destinations 131072'));
    const port = (index: number): number => index + 1;
    const lines = Array.from(
      { length: SERVICES },
      (_, k) => `-A -t ${VIP}:${port(k)} -s rr\n-a -t ${VIP}:${port(k)} -r 10.8.2.11:80 -m -w 1\n`,
    );
    ok(lvs.run([process.execPath, ENTRY, 'ipvsadm', '-R'], lines.join('')));
    // More than a child's output may be here.
    const listed = ok(lvs.run(['sh', '-c', `${process.execPath} ${ENTRY} ipvsadm -Ln | grep -c '^TCP'`]));
    assert.equal(Number(listed), SERVICES);
    for (const index of [0, SERVICES - 1]) assert.deepEqual(asked(client, 'tcp', VIP, port(index), 1), [web1.name]);
    const last = `${VIP}:${port(SERVICES - 1)}`;
    assert.match(ipvsadm(lvs, `-Ln -t ${last}`), new RegExp(`^TCP +${last} rr\n  -> 10\\.8\\.2\\.11:80 `, 'm'));
    ipvsadm(lvs, '-C');
    assert.equal(ipvsadm(lvs, '-Sn'), '');
  });
});
