// Local addresses on living hosts: services with an address that another host has at the moment, and datagrams with the director's
// own address as their source: by one kind of attachment.
import assert from 'node:assert/strict';
import { native } from '../../src/sys/addon.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import type { Mac } from '../../src/wire/ethernet.js';
import { breadth, type Declare } from '../support/breadth.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { asked, inCluster, ipvsadm, ok, pollingFarEnds, serving, until, VIP } from './cluster.js';
import { inCluster6, VIP6 } from './cluster6.js';
import { frame, udp } from './fixtures/packets.js';

const skip = noNamespaces();

const dropped = (host: Host): Readonly<Record<string, number>> => JSON.parse(ok(host.weir('stats drops --json'))) as Record<string, number>;

/** A SYN that is not answered within a second is sent again, and counted again. */
const passed = (lvs: Host): number => dropped(lvs)['not_local'] ?? 0;

/** A real server's address that moves, with its length as a prefix and the options that it is added with. */
const MOVING = [
  { name: 'IPv4', inside: inCluster, vip: VIP, address: '10.8.2.50', bits: '32', options: '', at: (address: string) => `${address}:80` },
  {
    name: 'IPv6',
    inside: inCluster6,
    vip: VIP6,
    address: 'fd00:8:2::50',
    bits: '128',
    options: ' nodad',
    at: (address: string) => `[${address}]:80`,
  },
] as const;

function testMovingAddresses(attach: 'tc' | 'xdp', core: Declare): void {
  for (const { name, inside, vip, address, bits, options, at } of MOVING) {
    (name === 'IPv4' ? core : breadth)(
      `${name}: a real server's address that comes to the director, or leaves it, is noticed (${attach})`,
      { skip },
      async () => {
        await inside(async (cluster) => {
          const { client, lvs, web1 } = cluster;
          if (attach === 'xdp') pollingFarEnds(cluster);
          lvs.ip(`addr add ${address}/${bits} dev eth1${options}`);
          await serving(cluster, lvs, 80, address);
          ok(lvs.weir(`load --attach ${attach}`));
          for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${at(vip)}`, `-a -${protocol} ${at(vip)} -r ${at(address)} -m`);
          const answers = (): string => ['tcp', 'udp'].flatMap((each) => asked(client, each as 'tcp' | 'udp', vip, 80, 2)).join(' ');
          assert.equal(answers(), 'lvs lvs lvs lvs');
          lvs.ip(`addr del ${address}/${bits} dev eth1`);
          web1.ip(`addr add ${address}/${bits} dev eth0${options}`);
          await serving(cluster, web1, 80, address);
          await until(answers, (seen) => seen === 'web1 web1 web1 web1');
          web1.ip(`addr del ${address}/${bits} dev eth0`);
          lvs.ip(`addr add ${address}/${bits} dev eth1${options}`);
          await until(answers, (seen) => seen === 'lvs lvs lvs lvs');
        });
      },
    );
  }
}

interface Found {
  readonly findings: readonly { readonly severity: string; readonly code: string; readonly what: string; readonly fix?: string }[];
}

function testMovingOfFullnat(): void {
  for (const { name, inside, vip, address, bits, options, at } of MOVING) {
    breadth(
      `${name}: a FULLNAT server's address that leaves the director is noticed, and one that comes by the next command`,
      {
        skip,
      },
      async () => {
        await inside(async (cluster) => {
          const { client, lvs, web1 } = cluster;
          const local = name === 'IPv4' ? '10.8.2.1' : 'fd00:8:2::1';
          lvs.ip(`addr add ${address}/${bits} dev eth1${options}`);
          await serving(cluster, lvs, 80, address);
          ok(lvs.weir('load'));
          ipvsadm(lvs, `-A -t ${at(vip)}`, `-a -t ${at(vip)} -r ${at(address)} --fullnat --local-address ${local}`);
          const answers = (): string => asked(client, 'tcp', vip, 80, 2).join(' ');
          const moved = () => {
            const { stdout } = lvs.weir('doctor --json --wait 0.5');
            return (JSON.parse(stdout) as Found).findings.filter(({ code }) => code === 'server-address-moved');
          };
          assert.equal(answers(), 'lvs lvs');
          assert.deepEqual(moved(), []);
          lvs.ip(`addr del ${address}/${bits} dev eth1`);
          web1.ip(`addr add ${address}/${bits} dev eth0${options}`);
          await serving(cluster, web1, 80, address);
          await until(answers, (seen) => seen === 'web1 web1');
          assert.deepEqual(
            moved().map(({ severity }) => severity),
            ['info'],
          );
          ok(lvs.weir('load'));
          assert.deepEqual(moved(), []);
          web1.ip(`addr del ${address}/${bits} dev eth0`);
          lvs.ip(`addr add ${address}/${bits} dev eth1${options}`);
          // Only doctor leaves the marks as they are: any command that opens the table corrects them.
          await until(answers, (seen) => !/web1|lvs/.test(seen));
          const [refused] = moved();
          assert.deepEqual([refused?.severity, refused?.what], ['error', `packets for ${address} are refused (no_route)`]);
          ok(lvs.run(['sh', '-c', `PATH=${process.cwd()}/bin:$PATH; ${refused?.fix}`]));
          assert.deepEqual(moved(), []);
          await until(answers, (seen) => seen === 'lvs lvs');
        });
      },
    );
  }
}

/** Declares the tests, those of the rule by `core`. */
export function testLocalAddresses(attach: 'tc' | 'xdp', core: Declare): void {
  breadth(`a director that routes for the network leaves a service to the host that has its address (${attach})`, { skip }, async () => {
    await inCluster(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      const address = '10.8.2.100';
      if (attach === 'xdp') pollingFarEnds(cluster);
      lvs.sysctl('net.ipv4.ip_forward', '1');
      client.ip('route add 10.8.2.0/24 via 10.8.1.1');
      web1.ip(`addr add ${address}/32 dev eth0`);
      await serving(cluster, web1, 80, address);
      await serving(cluster, web2);
      ok(lvs.weir(`load --attach ${attach}`));
      for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${address}:80`, `-a -${protocol} ${address}:80 -r 10.8.2.12:80 -m`);
      const answers = (): string => ['tcp', 'udp'].flatMap((each) => asked(client, each as 'tcp' | 'udp', address, 80, 2)).join(' ');
      assert.equal(answers(), 'web1 web1 web1 web1', 'its owner answers');
      assert.ok(passed(lvs) >= 4);
      lvs.ip(`addr add ${address}/32 dev eth0`);
      await until(answers, (seen) => seen === 'web2 web2 web2 web2');
      lvs.ip(`addr del ${address}/32 dev eth0`);
      await until(answers, (seen) => seen === 'web1 web1 web1 web1');
    });
  });

  core(`a datagram that claims to come from the director makes no loop of its services (${attach})`, { skip }, async () => {
    await inCluster(async (cluster) => {
      const { client, lvs, web1 } = cluster;
      if (attach === 'xdp') pollingFarEnds(cluster);
      await serving(cluster, web1);
      await serving(cluster, lvs, 7000, '10.8.1.1'); // answers whatever comes, as web1 does
      ok(lvs.weir(`load --attach ${attach}`));
      ipvsadm(lvs, `-A -u ${VIP}:80`, `-a -u ${VIP}:80 -r 10.8.2.11:80 -m`);
      const mac = (host: Host): Mac => ok(host.run(['cat', '/sys/class/net/eth0/address'])).trim() as Mac;
      const namespace = native().open(`/run/netns/${client.namespace}`, 0);
      const socket = new PacketSocket(native().ifNameToIndex('eth0', namespace), 3, namespace);
      native().close(namespace);
      try {
        socket.send(frame(mac(client), mac(lvs), udp({ from: '10.8.1.1:7000', to: `${VIP}:80` })));
      } finally {
        socket.close();
      }
      await until(
        () => dropped(lvs)['martian'],
        (seen) => seen === 1,
      );
      assert.deepEqual(asked(client, 'udp', VIP, 80, 1), ['web1'], 'others are served');
      assert.equal(ipvsadm(lvs, '-Lnc').split('\n').slice(2, -1).length, 1);
    });
  });

  testMovingAddresses(attach, core);
  if (attach === 'tc') testMovingOfFullnat();
}
