// Persistence with living hosts: ipvsadm's commands and listings, /proc's texts, and which server a client's connections reach.
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, inCluster, ipvsadm, ok, serving, servingDirect, VIP } from './cluster.js';

const skip = noNamespaces();

test('a client stays with its server; another one goes to the next; the listings show it', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serving(cluster, web);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr -p 300`, ...[11, 12].map((k) => `-a -t ${VIP}:80 -r 10.8.2.${k}:80 -m`));
    ipvsadm(lvs, `-A -u ${VIP}:80 -s rr -p 60 -M 255.255.255.0`, ...[11, 12].map((k) => `-a -u ${VIP}:80 -r 10.8.2.${k}:80 -m`));
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 4), ['web2', 'web2', 'web2', 'web2']);
    assert.deepEqual(asked(client, 'udp', VIP, 80, 4), ['web2', 'web2', 'web2', 'web2']);
    assert.match(ipvsadm(lvs, '-Ln'), /^TCP {2}10\.8\.1\.100:80 rr persistent 300$/m);
    assert.match(ipvsadm(lvs, '-Ln'), /^UDP {2}10\.8\.1\.100:80 rr persistent 60 mask 255\.255\.255\.0$/m);
    const listed = ipvsadm(lvs, '-Lcn');
    assert.match(listed, /^TCP 0[45]:\d\d +ASSURED +10\.8\.1\.10:0 +10\.8\.1\.100:80 +10\.8\.2\.12:80$/m);
    assert.match(listed, /^UDP 0[01]:\d\d +ASSURED +10\.8\.1\.0:0 +10\.8\.1\.100:80 +10\.8\.2\.12:80$/m);
    assert.match(ipvsadm(lvs, '-Ln --persistent-conn'), /^ {2}-> 10\.8\.2\.12:80 +1 +1 +/m);
    assert.match(ok(lvs.weir('proc ip_vs')), /^TCP {2}0A080164:0050 rr {2}persistent 75000 FFFFFFFF$/m);
    assert.match(ok(lvs.weir('proc ip_vs_conn')), /^TCP 0A08010A 0000 0A080164 0050 0A08020C 0050 ASSURED + +\d+$/m);
    client.ip('addr add 10.8.1.20/24 dev eth0');
    client.ip('route replace 10.8.1.0/24 dev eth0 src 10.8.1.20');
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1'], 'another host');
    assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web2', 'web2'], 'of the same network');
  });
});

breadth('a server is taken out: weight 0 keeps its clients, its removal does not; what is saved is restored', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    await serving(cluster, web1);
    await servingDirect(cluster, web2, '10.8.1.12');
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr -p 300`, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m`, `-a -t ${VIP}:80 -r 10.8.1.12:80 -g`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 3), ['web2', 'web2', 'web2']);
    ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.1.12:80 -g -w 0`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web2', 'web2'], 'quiesced');
    ok(lvs.weir('sysctl -w net.ipv4.vs.expire_quiescent_template=1'));
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1'], 'and not kept any more');
    ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.1.12:80 -g -w 1`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1'], 'the new template leads');
    ipvsadm(lvs, `-d -t ${VIP}:80 -r 10.8.2.11:80`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web2', 'web2'], 'removed');
    const saved = ipvsadm(lvs, '-Sn');
    assert.match(saved, /^-A -t 10\.8\.1\.100:80 -s rr -p 300$/m);
    ipvsadm(lvs, '-C');
    ipvsadm(lvs, ...saved.trimEnd().split('\n'));
    assert.equal(ipvsadm(lvs, '-Sn'), saved);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web2', 'web2'], 'the template has outlived the service');
  });
});
