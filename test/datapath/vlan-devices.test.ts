// A trunk: clients in a VLAN or in one inside another (802.1ad), servers in another VLAN, in the client's own, and without a tag, all on one device of
// the director. (The same on Linux 6.1, where this kernel has no VLANs: test/vm.)
//
//   client ── eth0.5, eth0.9.7 ── front ── eth0 [lvs] eth0.5, eth0.6, eth0.9.7 ── front ── web1 in VLAN 6, web2 without a tag, web3 in the client's
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import type { Host } from '../support/netns-bed.js';
import { asked, type Cluster, download, ipvsadm, ok, pollingFarEnds, serving, shared, transfer, until } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';
import { inCluster6 } from './cluster6.js';
import { noVlans, STACKED_LINES, taggedLines } from './vlans.js';

const skip = noVlans();

/** A VLAN: what it is made by, on which device, and the last number of its networks. */
interface Vlan {
  readonly name: string;
  readonly number: number;
  readonly make: readonly string[];
}

const tagged = (id: number): Vlan => ({ name: `eth0.${id}`, number: id, make: taggedLines(id) });
const STACKED: Vlan = { name: 'eth0.9.7', number: 7, make: STACKED_LINES };
const [CLIENTS, SERVERS] = [tagged(5), tagged(6)];

/** The address of a host in a VLAN: the director is 1. */
const addressIn = ({ number }: Vlan, { name }: ClusterFamily, host: number): string =>
  name === 'IPv4' ? `10.7.${number}.${host}` : `fd00:7:${number}::${host}`;
const NETWORKS = ['10.7.0.0/16', 'fd00:7::/32'] as const;

/** `device`: of the host, on the trunk. */
function joins(host: Host, device: string, vlan: Vlan, number: number): void {
  for (const line of vlan.make) host.ip(line.replaceAll('eth0', device));
  const name = vlan.name.replace('eth0', device);
  host.ip(`link set ${name} up`);
  host.ip(`addr add ${addressIn(vlan, CLUSTER4, number)}/24 dev ${name}`);
  host.ip(`addr add ${addressIn(vlan, CLUSTER6, number)}/64 dev ${name} nodad`);
}

interface Trunk extends Cluster {
  /** By DR, in the client's VLANs. */
  readonly web3: Host;
}
const UNTAGGED = { IPv4: '10.8.1.22', IPv6: 'fd00:8:1::22' } as const;

function trunk(cluster: Cluster): Trunk {
  const { bed, client, lvs, web1, web2, front } = cluster;
  pollingFarEnds(cluster); // of eth1, which has XDP if asked for
  lvs.sysctl('net.ipv4.ip_forward', '1');
  const web3 = bed.host('web3');
  web3.sysctl('net.ipv6.conf.default.accept_dad', '0');
  for (const web of [web1, web2, web3]) bed.cable(web, 'eth2', front);
  for (const vlan of [CLIENTS, STACKED]) {
    joins(client, 'eth0', vlan, 2);
    joins(lvs, 'eth0', vlan, 1);
    joins(web3, 'eth2', vlan, 3);
  }
  joins(lvs, 'eth0', SERVERS, 1);
  joins(web1, 'eth2', SERVERS, 11);
  web2.ip(`addr add ${UNTAGGED.IPv4}/24 dev eth2`);
  web2.ip(`addr add ${UNTAGGED.IPv6}/64 dev eth2 nodad`);
  for (const [k, family] of [CLUSTER4, CLUSTER6].entries()) {
    web1.ip(`route add ${NETWORKS[k]} via ${addressIn(SERVERS, family, 1)}`);
    web2.ip(`route add ${NETWORKS[k]} via ${family === CLUSTER4 ? '10.8.1.1' : 'fd00:8:1::1'}`);
    ok(web3.weir(`realserver start --vip ${family.vip}`));
    bed.atEnd(() => web3.weir(`realserver stop --vip ${family.vip}`));
  }
  return { ...cluster, web3 };
}

const inside = shared((work) => inCluster6(async (cluster) => await work(trunk(cluster))));

/** The client's packets for services go by this VLAN. */
async function serves(cluster: Trunk, vlan: Vlan, family: ClusterFamily): Promise<void> {
  const { bed, client, lvs, web1, web2, web3 } = cluster;
  const { at, vip } = family;
  const [from, to] = [2, 1].map((host) => addressIn(vlan, family, host));
  client.ip(`route replace ${vip} via ${to} dev ${vlan.name} src ${from}`);
  bed.undo(() => client.ip(`route del ${vip} dev ${vlan.name}`));
  const inServers = addressIn(SERVERS, family, 11);
  const places = [
    { port: 80, host: web1, server: inServers, method: '-m' },
    { port: 81, host: web2, server: UNTAGGED[family.name], method: '-m' },
    { port: 82, host: web3, server: addressIn(vlan, family, 3), method: '-g' },
  ];
  for (const { port, host, server, method } of places) await serving(cluster, host, port, method === '-g' ? vip : server);
  const transfers = [9000, 9001].map((port) => ({ port, server: inServers, method: '-m' }));
  const lines = (['t', 'u'] as const).flatMap((each) =>
    [...places, ...(each === 't' ? transfers : [])].flatMap(({ port, server, method }) => [
      `-A -${each} ${at(vip, port)}`,
      `-a -${each} ${at(vip, port)} -r ${at(server, port)} ${method}`,
    ]),
  );
  ipvsadm(lvs, ...lines);
  for (const { port, host } of places)
    for (const protocol of ['tcp', 'udp'] as const)
      assert.deepEqual(
        asked(client, protocol, vip, port, 2),
        [host.name, host.name],
        `${vlan.name}, ${family.name}, ${protocol}, port ${port}`,
      );
  await transfer(bed, client, web1, vip, 9000, 1 << 20);
  await download(bed, client, web1, vip, 9001, 1 << 20);
  const begun = await until(
    () => [...ipvsadm(lvs, '-Ln --stats').matchAll(/^ {2}-> \S+:8\d +(\d+)/gm)].map(([, conns]) => Number(conns)),
    (counts) => counts.every((count) => count >= 2),
  );
  assert.deepEqual(begun, new Array(6).fill(2), 'each question was one connection: no packet was met twice');
  assert.equal(ok(lvs.weir('stats drops')), 'none\n');
}

interface Interfaces {
  readonly datapath: {
    readonly interfaces: readonly { readonly name: string; readonly tc: boolean; readonly xdp: boolean }[];
    readonly tcAlone: readonly { readonly what: string; readonly obstacle: string | null }[];
  };
}

const DEVICES = ['eth0', 'eth0.5', 'eth0.6', 'eth0.9', 'eth0.9.7'];
const sorted = (names: readonly string[]): readonly string[] => [...names].sort();

for (const attach of ['xdp', 'tc', 'auto'] as const) {
  (attach === 'auto' ? test : breadth)(`a trunk's VLANs are balanced by tc (--attach ${attach})`, { skip }, async () => {
    await inside(async (cluster) => {
      const { lvs } = cluster;
      const { status, stderr } = lvs.weir(`load --attach ${attach}`);
      assert.equal(status, 0, stderr);
      const reported = stderr.split('\n').flatMap((line) => /^weir load: (\S+) goes by tc alone, without XDP: /.exec(line)?.[1] ?? []);
      const alone = attach === 'xdp' ? DEVICES : [];
      assert.deepEqual(sorted(reported), alone, stderr);
      const { interfaces, tcAlone } = (JSON.parse(ok(lvs.weir('status --json'))) as Interfaces).datapath;
      for (const name of DEVICES) {
        const { tc, xdp } = interfaces.find((each) => each.name === name) ?? assert.fail(`${name} is not there`);
        assert.deepEqual([tc, xdp], [true, false], name);
      }
      assert.equal(interfaces.find(({ name }) => name === 'eth1')?.xdp, attach === 'xdp', 'a device without VLANs');
      assert.deepEqual(sorted(tcAlone.flatMap(({ what, obstacle }) => (obstacle === 'vlan' ? what : []))), alone);
      for (const vlan of [CLIENTS, STACKED]) {
        for (const family of [CLUSTER4, CLUSTER6]) {
          await cluster.bed.part(() => serves(cluster as Trunk, vlan, family));
          ipvsadm(lvs, '-C');
        }
      }
    });
  });
}
