// Clients behind the kernel's tunnels (ipip, sit, gre, ip6tnl, ip6gre, WireGuard) and PPP: devices without Ethernet headers, which the packets
// of TCP and UDP come in by, of both families, for servers by NAT and DR. (The same on Linux 6.1: test/vm.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { notWorking, type Skip } from '../support/probes.js';
import { asked, type Cluster, download, ipvsadm, ok, serving, shared, transfer } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';
import { CLIENT6, FRONT6, inCluster6 } from './cluster6.js';
import { connectPpp, noPpp } from './ppp.js';
import { connectWireguard } from './wireguard.js';

const TUNNEL = 'pipe';
const [CLIENT, DIRECTOR] = ['10.8.1.10', '10.8.1.1'];

interface Inner {
  readonly family: ClusterFamily;
  readonly client: string;
  readonly director: string;
  readonly bits: number;
  /** Of a server on the client's own network, which answers it directly. */
  readonly direct: string;
  /** Of the client there. */
  readonly gateway: string;
}

const INNER4: Inner = {
  family: CLUSTER4,
  client: '10.7.0.2',
  director: '10.7.0.1',
  bits: 24,
  direct: '10.8.1.12',
  gateway: CLIENT,
};
const INNER6: Inner = {
  family: CLUSTER6,
  client: 'fd00:7::2',
  director: 'fd00:7::1',
  bits: 64,
  direct: 'fd00:8:1::12',
  gateway: CLIENT6,
};

interface Kind {
  readonly type: string;
  /** Outer addresses are of IPv6. */
  readonly six?: true;
  readonly options?: string;
  readonly inner: Inner;
}

/** Each once, and each family behind devices of both: what a packet came in by and what it is of do not meet in the programs. */
const KINDS: readonly Kind[] = [
  { type: 'ipip', inner: INNER4 },
  { type: 'sit', inner: INNER6 },
  { type: 'gre', inner: INNER4 },
  { type: 'gre', options: ' key 7 csum', inner: INNER6 },
  { type: 'ip6tnl', six: true, options: ' mode any', inner: INNER4 },
  { type: 'ip6gre', six: true, inner: INNER6 },
  { type: 'wireguard', inner: INNER4 },
  { type: 'ppp', inner: INNER4 },
  { type: 'ppp', inner: INNER6 },
];

function addressed({ type, six, options = '' }: Kind, from: string, to: string): string {
  if (type === 'wireguard') return `link add name ${TUNNEL} type wireguard`;
  // A header that limits further encapsulation would take the place of IPv6's plain one.
  const limit = six === undefined ? '' : ' encaplimit none';
  return `link add name ${TUNNEL} type ${type} local ${from} remote ${to}${limit}${options}`;
}

function noDevice(kind: Kind): Skip {
  if (kind.type === 'ppp') return noPpp();
  const words = kind.six ? addressed(kind, FRONT6, CLIENT6) : addressed(kind, DIRECTOR, CLIENT);
  return noNamespaces() || notWorking('tunnels', 'unshare', '--net', 'ip', ...words.split(' '));
}

const inside = shared((work) =>
  inCluster6(async (cluster) => {
    cluster.lvs.sysctl('net.ipv4.ip_forward', '1');
    await work(cluster);
  }),
);

function makeTunnel({ bed, client, lvs }: Cluster, kind: Kind): void {
  const outer = kind.six ? [CLIENT6, FRONT6] : [CLIENT, DIRECTOR];
  for (const [host, from = '', to = ''] of [
    [client, ...outer],
    [lvs, ...outer.toReversed()],
  ] as const) {
    host.ip(addressed(kind, from, to));
    bed.undo(() => host.ip(`link del ${TUNNEL}`));
  }
  if (kind.type === 'wireguard')
    connectWireguard(TUNNEL, [
      [client, CLIENT],
      [lvs, DIRECTOR],
    ]);
  for (const host of [client, lvs]) host.ip(`link set ${TUNNEL} up`);
}

/** A tunnel between the client and the director, by which the client's packets for the service go. */
async function dig(cluster: Cluster, kind: Kind, { client: address, director, bits, family }: Inner): Promise<void> {
  const { bed, client, lvs } = cluster;
  // PPP has addresses of IPv4 from its beginning, those of the other family beside them.
  if (kind.type === 'ppp') await connectPpp(bed, TUNNEL, [client, '10.7.9.2'], [lvs, '10.7.9.1']);
  else makeTunnel(cluster, kind);
  const options = family === CLUSTER6 ? ' nodad' : '';
  client.ip(`addr add ${address}/${bits} dev ${TUNNEL}${options}`);
  lvs.ip(`addr add ${director}/${bits} dev ${TUNNEL}${options}`);
  client.ip(`route add ${family.vip} dev ${TUNNEL} src ${address}`);
}

/** A server for VS/DR on the client's network, by which it answers. */
async function servesDirect(cluster: Cluster, host: Host, { family, client, bits, direct, gateway }: Inner): Promise<void> {
  const options = family === CLUSTER6 ? ' nodad' : '';
  cluster.bed.cable(host, 'eth1', cluster.front);
  host.ip(`addr add ${direct}/${bits} dev eth1${options}`);
  host.ip(`route add ${client} via ${gateway} dev eth1`);
  ok(host.weir(`realserver start --vip ${family.vip}`));
  cluster.bed.undo(() => ok(host.weir(`realserver stop --vip ${family.vip}`)));
  await serving(cluster, host, 81, family.vip);
}

async function balances(cluster: Cluster, inner: Inner): Promise<void> {
  const { bed, client, lvs, web1, web2 } = cluster;
  const { family, direct } = inner;
  const { at, vip, server } = family;
  await serving(cluster, web1, 80, server(1));
  await servesDirect(cluster, web2, inner);
  const services = (['t', 'u'] as const).flatMap((each) => [
    `-A -${each} ${at(vip, 80)}`,
    `-a -${each} ${at(vip, 80)} -r ${at(server(1), 80)} -m`,
    `-A -${each} ${at(vip, 81)}`,
    `-a -${each} ${at(vip, 81)} -r ${at(direct, 81)} -g`,
  ]);
  const transfers = [9000, 9001].flatMap((port) => [`-A -t ${at(vip, port)}`, `-a -t ${at(vip, port)} -r ${at(server(1), port)} -m`]);
  ipvsadm(lvs, ...services, ...transfers);
  for (const protocol of ['tcp', 'udp'] as const) {
    assert.deepEqual(asked(client, protocol, vip, 80, 2), ['web1', 'web1'], `${family.name}, NAT, ${protocol}`);
    assert.deepEqual(asked(client, protocol, vip, 81, 2), ['web2', 'web2'], `${family.name}, DR, ${protocol}`);
  }
  await transfer(bed, client, web1, vip, 9000, 1 << 20);
  await download(bed, client, web1, vip, 9001, 1 << 20);
  const listed = ipvsadm(lvs, '-Lcn').split('\n');
  for (const port of [80, 81]) {
    const [from, to] = [at(inner.client, ''), at(vip, port)];
    assert.ok(listed.filter((line) => line.includes(` ${from}`) && line.includes(` ${to} `)).length >= 4, listed.join('\n'));
  }
}

for (const kind of KINDS) {
  const { type, options = '', inner } = kind;
  test(`${inner.family.name} clients behind ${type}${options} are served by NAT and DR`, { skip: noDevice(kind) }, async () => {
    await inside(async (cluster) => {
      await dig(cluster, kind, inner);
      await balances(cluster, inner);
      assert.equal(ok(cluster.lvs.weir('stats drops')), 'none\n');
    });
  });
}
