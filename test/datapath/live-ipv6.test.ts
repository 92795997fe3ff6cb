// IPv6 through the datapath on the real stack, in namespaces: NAT and DR, TCP and UDP, large transfers, and what the director itself sends.
// (Another size of the table, with tc, with XDP and of all ports: live-ipv6.long.test.ts.)
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, ipvsadm, ok, serving, shared } from './cluster.js';
import { BACK6 as BACK, inCluster6, server6 as server, VIP6 as VIP } from './cluster6.js';
import { masqueraded, masquerades } from './masquerades6.js';

const skip = noNamespaces();
const inside = shared(inCluster6);
breadth('IPv6, NAT: from a client and from the director itself, TCP and UDP, and a big transfer (tc)', { skip }, () =>
  inside((cluster) => masquerades(cluster, 'tc')),
);

test('IPv6: no destination left, and a server that refuses: the client’s socket knows immediately', { skip }, async () => {
  await inside(async ({ client, lvs }) => {
    masqueraded(lvs, 80, 8080); // no server listens there
    ipvsadm(lvs, `-A -u [${VIP}]:81 -s rr`, `-A -t [${VIP}]:81 -s rr`);
    for (const protocol of ['tcp', 'udp'] as const) {
      assert.deepEqual(asked(client, protocol, VIP, 80, 2), ['ECONNREFUSED', 'ECONNREFUSED'], `refused, ${protocol}`);
      assert.deepEqual(asked(client, protocol, VIP, 81, 2), ['ECONNREFUSED', 'ECONNREFUSED'], `none left, ${protocol}`);
    }
  });
});

breadth('IPv6, DR, and servers on the director itself', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, client, lvs, web1, front } = cluster;
    bed.cable(web1, 'eth1', front, '10.8.1.11/24');
    web1.ip('addr add fd00:8:1::11/64 dev eth1 nodad');
    web1.ip(`addr add ${VIP}/128 dev lo nodad`);
    bed.undo(() => web1.ip(`addr del ${VIP}/128 dev lo`));
    await serving(cluster, web1, 80, VIP);
    await serving(cluster, lvs, 8080, BACK, 'lvs');
    for (const protocol of ['t', 'u']) {
      ipvsadm(lvs, `-A -${protocol} [${VIP}]:80 -s rr`, `-a -${protocol} [${VIP}]:80 -r [fd00:8:1::11]:80 -g`);
      ipvsadm(lvs, `-A -${protocol} [${VIP}]:81 -s rr`, `-a -${protocol} [${VIP}]:81 -r [${BACK}]:8080 -m`);
    }
    for (const protocol of ['tcp', 'udp'] as const) {
      assert.deepEqual(asked(client, protocol, VIP, 80, 2), ['web1', 'web1'], `DR, ${protocol}`);
      assert.deepEqual(asked(client, protocol, VIP, 81, 2), ['lvs', 'lvs'], `on the director, ${protocol}`);
    }
  });
});

breadth(
  'IPv6: a client of a persistent service stays with its server; the listings show it; what is saved is restored',
  {
    skip,
  },
  async () => {
    await inside(async (cluster) => {
      const { bed, client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) await serving(cluster, web, 80, '::');
      for (const [service, options] of [
        [`-t [${VIP}]:80`, '-p 300'],
        [`-u [${VIP}]:80`, '-p 60 -M 64'],
      ])
        ipvsadm(lvs, `-A ${service} -s rr ${options}`, ...[1, 2].map((k) => `-a ${service} -r [${server(k)}]:80 -m`));
      assert.deepEqual(asked(client, 'tcp', VIP, 80, 4), ['web2', 'web2', 'web2', 'web2']);
      assert.deepEqual(asked(client, 'udp', VIP, 80, 4), ['web2', 'web2', 'web2', 'web2']);
      assert.match(ipvsadm(lvs, '-Ln'), /^TCP {2}\[fd00:8:1::100\]:80 rr persistent 300$/m);
      assert.match(ipvsadm(lvs, '-Ln'), /^UDP {2}\[fd00:8:1::100\]:80 rr persistent 60 mask 64$/m);
      const listed = ipvsadm(lvs, '-Lcn');
      assert.match(listed, /^TCP 0[45]:\d\d +ASSURED +\[fd00:8:1::10\]:0 +\[fd00:8:1::100\]:80 +\[fd00:8:2::12\]:80$/m);
      assert.match(listed, /^UDP 0[01]:\d\d +ASSURED +\[fd00:8:1::\]:0 +\[fd00:8:1::100\]:80 +\[fd00:8:2::12\]:80$/m);
      assert.match(ipvsadm(lvs, '-Ln --persistent-conn'), /^ {2}-> \[fd00:8:2::12\]:80 +1 +1 +/m);
      assert.match(ok(lvs.weir('proc ip_vs')), /^UDP {2}\[fd00:0008:0001:0000:0000:0000:0000:0100\]:0050 rr persistent 15000 40000000$/m);
      assert.match(
        ok(lvs.weir('proc ip_vs_conn')),
        /^TCP fd00:0008:0001:0000:0000:0000:0000:0010 0000 fd00:\S+ 0050 fd00:\S+ 0050 ASSURED +\d+$/m,
      );
      client.ip('addr add fd00:8:1::20/64 dev eth0 nodad');
      client.ip('-6 route replace fd00:8:1::/64 dev eth0 src fd00:8:1::20');
      bed.undo(() => client.ip('-6 route replace fd00:8:1::/64 dev eth0 src fd00:8:1::10'));
      bed.undo(() => client.ip('addr del fd00:8:1::20/64 dev eth0'));
      assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1'], 'another host');
      assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web2', 'web2'], 'of the same network');
      const quiesced = `-e -t [${VIP}]:80 -r [${server(1)}]:80 -m -w 0`;
      ipvsadm(lvs, quiesced);
      assert.deepEqual(asked(client, 'tcp', VIP, 80, 1), ['web1'], 'quiesced');
      ok(lvs.weir('sysctl -w net.ipv4.vs.expire_quiescent_template=1'));
      assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web2', 'web2'], 'and not kept any more');
      const saved = ipvsadm(lvs, '-Sn');
      assert.match(saved, /^-A -u \[fd00:8:1::100\]:80 -s rr -p 60 -M 64$/m);
      ipvsadm(lvs, '-C');
      ipvsadm(lvs, ...saved.trimEnd().split('\n'));
      assert.equal(ipvsadm(lvs, '-Sn'), saved);
      assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web2', 'web2'], 'the template has outlived the service');
    });
  },
);

breadth('IPv6: all ports of a client go to one server, beside exact services, also on the director', { skip }, async () => {
  await inside(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    const twice = (name: string): readonly string[] => [name, name];
    for (const web of [web1, web2]) for (const port of [80, 8080]) await serving(cluster, web, port, '::');
    await serving(cluster, lvs, 8081, BACK, 'lvs');
    for (const protocol of ['t', 'u'])
      ipvsadm(lvs, `-A -${protocol} [${VIP}]:0 -s rr -p 300`, ...[1, 2].map((k) => `-a -${protocol} [${VIP}]:0 -r [${server(k)}]:0 -m`));
    for (const [host, name] of [
      [client, 'web2'],
      [lvs, 'web1'],
    ] as const) {
      for (const protocol of ['tcp', 'udp'] as const)
        for (const port of [80, 8080])
          assert.deepEqual(asked(host, protocol, VIP, port, 2), twice(name), `${protocol} ${port} from ${host.name}`);
      assert.deepEqual(asked(host, 'tcp', VIP, 81, 1), ['ECONNREFUSED'], 'the server resets');
      assert.deepEqual(asked(host, 'udp', VIP, 81, 1), ['ECONNREFUSED'], 'its ICMPv6 error comes back');
    }
    assert.match(ipvsadm(lvs, '-Ln'), /^TCP {2}\[fd00:8:1::100\]:0 rr persistent 300\n {2}-> \[fd00:8:2::11\]:0 +Masq +1 /m);
    const connections = ipvsadm(lvs, '-Lcn');
    assert.match(connections, /^TCP 0[45]:\d\d +ASSURED +\[fd00:8:1::10\]:0 +\[fd00:8:1::100\]:0 +\[fd00:8:2::12\]:0$/m);
    assert.match(connections, /^UDP \d\d:\d\d +UDP +\[fd00:8:1::10\]:\d+ +\[fd00:8:1::100\]:8080 +\[fd00:8:2::12\]:8080$/m);
    assert.deepEqual(asked(client, 'tcp', VIP, 8080, 2), twice('web2'));
    ipvsadm(lvs, `-A -t [${VIP}]:80 -s rr`, `-a -t [${VIP}]:80 -r [${server(1)}]:80 -m`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), twice('web1'), 'the exact service comes first');
    ipvsadm(lvs, `-D -t [${VIP}]:80`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), twice('web2'), 'and has gone');
    ipvsadm(lvs, `-D -t [${VIP}]:0`, `-A -t [${VIP}]:0 -s rr -p 300`, `-a -t [${VIP}]:0 -r [${BACK}]:0 -m`);
    assert.deepEqual(asked(client, 'tcp', VIP, 8081, 2), twice('lvs'), 'on the director');
  });
});

test('IPv6, NAT: from a client and from the director itself, TCP and UDP, and a big transfer (xdp)', { skip }, () =>
  inCluster6((cluster) => masquerades(cluster, 'xdp')),
);
