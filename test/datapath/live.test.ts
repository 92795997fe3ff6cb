// The datapath on the real stack, in namespaces: what only living hosts show. (Nginx, curl and captures: test/lab.)
import assert from 'node:assert/strict';
import { native } from '../../src/sys/addon.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import type { Mac } from '../../src/wire/ethernet.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { asked, inCluster, ipvsadm, ok, pollingFarEnds, serving, servingDirect, shared, transfer, until, VIP } from './cluster.js';
import { frame, udp } from './fixtures/packets.js';

const skip = noNamespaces();
/** For tests by tc that leave the hosts as they were. */
const inside = shared(inCluster);

breadth('with ip_forward=0: NAT and DR, TCP and UDP', { skip }, async () => {
  await inside(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    await serving(cluster, web1);
    await servingDirect(cluster, web2, '10.8.1.12');
    for (const protocol of ['t', 'u']) {
      ipvsadm(
        lvs,
        `-A -${protocol} ${VIP}:80 -s rr`,
        `-a -${protocol} ${VIP}:80 -r 10.8.2.11:80 -m`,
        `-a -${protocol} ${VIP}:80 -r 10.8.1.12:80 -g`,
      );
    }
    assert.equal(lvs.sysctl('net.ipv4.ip_forward'), '0');
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 4), ['web2', 'web1', 'web2', 'web1']);
    assert.deepEqual(asked(client, 'udp', VIP, 80, 4), ['web2', 'web1', 'web2', 'web1']);
  });
});

test('a client on the director itself: TCP, UDP and a big transfer; the VIP on any of its interfaces', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serving(cluster, web, 8080);
    lvs.ip('addr add 10.8.3.100/32 dev lo');
    bed.undo(() => lvs.ip('addr del 10.8.3.100/32 dev lo'));
    for (const vip of [VIP, '10.8.2.1', '10.8.3.100']) {
      for (const protocol of ['t', 'u']) {
        ipvsadm(lvs, `-A -${protocol} ${vip}:80 -s rr`, ...[11, 12].map((k) => `-a -${protocol} ${vip}:80 -r 10.8.2.${k}:8080 -m`));
      }
      assert.deepEqual(asked(lvs, 'tcp', vip, 80, 4), ['web2', 'web1', 'web2', 'web1'], vip);
      assert.deepEqual(asked(lvs, 'udp', vip, 80, 4), ['web2', 'web1', 'web2', 'web1'], vip);
    }
    await transferred(bed, lvs, web1, lvs);
  });
});

const BULK_BYTES = 64 << 20;

/** A big transfer from `from` through the VIP to `to`. */
async function transferred(bed: Bed, from: Host, to: Host, lvs: Host, server = '10.8.2.11:9000'): Promise<void> {
  ipvsadm(lvs, `-A -t ${VIP}:90 -s rr`, `-a -t ${VIP}:90 -r ${server} -m`);
  await transfer(bed, from, to, VIP, 90, BULK_BYTES);
}

test('a destination on the director itself: NAT with another port, and DR; for a client on another host and a local one', {
  skip,
}, async () => {
  await inside(async (cluster) => {
    const { bed, client, lvs } = cluster;
    for (const address of ['10.8.1.1', '10.8.2.1']) await serving(cluster, lvs, 8080, address, address);
    await serving(cluster, lvs, 80, VIP);
    for (const protocol of ['t', 'u']) {
      for (const [port, server] of [
        [81, '10.8.1.1:8080 -m'],
        [82, '10.8.2.1:8080 -m'],
        [80, '10.8.1.1:80 -g'],
      ] as const) {
        ipvsadm(lvs, `-A -${protocol} ${VIP}:${port} -s rr`, `-a -${protocol} ${VIP}:${port} -r ${server}`);
      }
    }
    for (const from of [client, lvs]) {
      for (const protocol of ['tcp', 'udp'] as const) {
        for (const [port, answer] of [
          [81, '10.8.1.1'],
          [82, '10.8.2.1'],
          [80, 'lvs'],
        ] as const) {
          assert.deepEqual(asked(from, protocol, VIP, port, 2), [answer, answer], `${protocol} ${port} from ${from.name}`);
        }
      }
    }
    await transferred(bed, client, lvs, lvs, '10.8.2.1:9000');
  });
});

test('no destination left: the client’s socket is refused immediately, TCP and UDP', { skip }, async () => {
  await inside(async ({ client, lvs }) => {
    for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${VIP}:80 -s rr`, `-a -${protocol} ${VIP}:80 -r 10.8.2.11:80 -m -w 0`);
    for (const from of [client, lvs]) {
      assert.deepEqual(asked(from, 'tcp', VIP, 80, 2), ['ECONNREFUSED', 'ECONNREFUSED'], `TCP from ${from.name}`);
      assert.deepEqual(asked(from, 'udp', VIP, 80, 2), ['ECONNREFUSED', 'ECONNREFUSED'], `UDP from ${from.name}`);
    }
  });
});

for (const attach of ['tc', 'xdp'] as const) {
  breadth(`frames for others that a switch floods are not balanced again (${attach})`, { skip }, async () => {
    await inCluster(async (cluster) => {
      const { client, lvs, web1, front, back } = cluster;
      await servingDirect(cluster, web1, '10.8.1.11');
      for (const lan of [front, back])
        ok(
          lan.run([
            'sh',
            '-c',
            'for p in /sys/class/net/port*; do bridge link set dev ${p##*/} learning off; done; bridge fdb flush dev bridge',
          ]),
        );
      lvs.ip('link set eth0 promisc on');
      lvs.ip('link set eth1 promisc on');
      lvs.sysctl('net.ipv4.ip_forward', '1');
      if (attach === 'xdp') {
        for (const lan of [front, back]) ok(lan.run(['sh', '-c', 'for p in /sys/class/net/port*; do ethtool -K ${p##*/} gro on; done']));
        for (const host of [client, web1]) ok(host.run(['ethtool', '-K', host === client ? 'eth0' : 'eth1', 'tx', 'off']));
      }
      ok(lvs.weir(`load --attach ${attach}`));
      ipvsadm(lvs, `-A -u ${VIP}:80 -s rr`, `-a -u ${VIP}:80 -r 10.8.1.11:80 -g`);
      assert.deepEqual(asked(client, 'udp', VIP, 80, 10), new Array(10).fill('web1'));
      const counted = await until(
        () => /10\.8\.1\.11:80 +(\d+) +(\d+)/.exec(ipvsadm(lvs, '-Ln --stats'))?.slice(1),
        (seen) => Number(seen?.[0]) >= 10,
      );
      assert.deepEqual(counted, ['10', '10'], 'ten datagrams came, and went on once each');
      // Frames for the VIP with another host's MAC: the director sees them, and must not balance them.
      const mac = ok(web1.run(['cat', '/sys/class/net/eth1/address'])).trim();
      const received = (): number => Number(ok(lvs.run(['cat', '/sys/class/net/eth0/statistics/rx_packets'])));
      const before = received();
      client.ip(`neigh replace ${VIP} lladdr ${mac} dev eth0 nud permanent`);
      assert.deepEqual(asked(client, 'udp', VIP, 80, 10), new Array(10).fill('web1'));
      // The director gets them and their answers.
      await until(
        () => received() - before,
        (count) => count >= 20,
      );
      assert.equal(ipvsadm(lvs, '-Lnc').split('\n').slice(2, -1).length, 10, 'no connection more');
    });
  });
}

for (const attach of ['tc', 'xdp'] as const) {
  (attach === 'xdp' ? test : breadth)(
    `frames with a VLAN tag are not the parent’s to balance, but with one of VLAN 0 (${attach})`,
    { skip },
    async () => {
      await inCluster(async (cluster) => {
        const { client, lvs, web1 } = cluster;
        await serving(cluster, web1);
        if (attach === 'xdp') {
          pollingFarEnds(cluster);
          // A tag that a device keeps beside the frame is one that XDP cannot see: it has to stay in the frame.
          ok(cluster.front.run(['sh', '-c', 'for p in /sys/class/net/port*; do ethtool -K ${p##*/} txvlan off; done']));
        }
        ok(lvs.weir(`load --attach ${attach}`));
        ipvsadm(lvs, `-A -u ${VIP}:80 -s rr`, `-a -u ${VIP}:80 -r 10.8.2.11:80 -m`);
        const mac = (host: Host): Mac => ok(host.run(['cat', '/sys/class/net/eth0/address'])).trim() as Mac;
        const from = (port: number): Uint8Array => frame(mac(client), mac(lvs), udp({ from: `10.8.1.10:${port}`, to: `${VIP}:80` }));
        // IEEE 802.1Q: the tag stands before the EtherType. VLAN 5, and VLAN 0: a priority alone.
        const tagged = (bytes: Uint8Array, ...tag: readonly [number, number]): Uint8Array =>
          new Uint8Array([...bytes.subarray(0, 12), 0x81, 0x00, ...tag, ...bytes.subarray(12)]);
        const namespace = native().open(`/run/netns/${client.namespace}`, 0);
        const socket = new PacketSocket(native().ifNameToIndex('eth0', namespace), 3, namespace);
        native().close(namespace);
        try {
          for (const port of [4001, 4002, 4003]) socket.send(tagged(from(port), 0x00, 0x05));
          socket.send(tagged(from(4004), 0xe0, 0x00));
          socket.send(from(4000));
        } finally {
          socket.close();
        }
        const connections = await until(
          () => ipvsadm(lvs, '-Lnc').split('\n').slice(2, -1),
          (seen) => seen.some((line) => line.includes(':4000')),
        );
        const ports = connections.map((line) => /10\.8\.1\.10:(\d+)/.exec(line)?.[1]);
        assert.deepEqual(ports.sort(), ['4000', '4004'], 'those without a VLAN');
      });
    },
  );
}
