// Firewall marks as both tools set them, iptables and nft, with living hosts of both families: NAT and DR, TCP and UDP, ports of one mark with
// persistence, and the same table restored. Each server is asked while the director does not know its MAC address, and no packet is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, ipvsadm, ok, serving, until } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';

const skip = noNamespaces() || noTools('iptables', 'ip6tables', 'nft');

interface Family extends ClusterFamily {
  readonly iptables: 'iptables' | 'ip6tables';
  /** Of the server that has the VIP, too: its own address in front. */
  readonly direct: string;
}

const FAMILIES: readonly Family[] = [
  { ...CLUSTER4, iptables: 'iptables', direct: '10.8.1.12' },
  { ...CLUSTER6, iptables: 'ip6tables', direct: 'fd00:8:1::12' },
];

interface Marked {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly mark: number;
}

const [NAT_PORT, DIRECT_PORT, EXACT_PORT] = [8080, 8081, 8082];
/** With persistence. */
const GROUP = 7;
const NAT: readonly Marked[] = [
  { protocol: 'udp', port: NAT_PORT, mark: 3 },
  { protocol: 'tcp', port: NAT_PORT, mark: 4 },
];
const DIRECT: readonly Marked[] = [
  { protocol: 'udp', port: DIRECT_PORT, mark: 5 },
  { protocol: 'tcp', port: DIRECT_PORT, mark: 6 },
];
const GROUPED: readonly Marked[] = [
  { protocol: 'tcp', port: 80, mark: GROUP },
  { protocol: 'tcp', port: 443, mark: GROUP },
  { protocol: 'udp', port: 443, mark: GROUP },
];
const ALL: readonly Marked[] = [...NAT, ...DIRECT, ...GROUPED];

const shell = (host: Host, ...lines: readonly string[]): string => ok(host.run(['sh', '-ec', lines.join('\n')]));

/** Two ways to give marks to what comes in, and to take them back. */
interface Tool {
  readonly name: 'iptables' | 'nft';
  set(family: Family, marked: readonly Marked[]): readonly string[];
  clear(family: Family): string;
}

const IPTABLES: Tool = {
  name: 'iptables',
  set: ({ iptables, vip }, marked) =>
    marked.map(
      ({ protocol, port, mark }) =>
        `${iptables} -t mangle -A PREROUTING -d ${vip} -p ${protocol} --dport ${port} -j MARK --set-mark ${mark}`,
    ),
  clear: ({ iptables }) => `${iptables} -t mangle -F PREROUTING`,
};
const NFT: Tool = {
  name: 'nft',
  set: ({ nft, vip }, marked) => [
    `nft add table ${nft} marks`,
    `nft 'add chain ${nft} marks pre { type filter hook prerouting priority mangle; }'`,
    ...marked.map(
      ({ protocol, port, mark }) => `nft add rule ${nft} marks pre ${nft} daddr ${vip} ${protocol} dport ${port} meta mark set ${mark}`,
    ),
  ],
  clear: ({ nft }) => `nft delete table ${nft} marks`,
};

/** Counts segments that begin a TCP connection: those that a client sends, or that come to a server. */
const countSyns = (host: Host, hook: 'output' | 'input'): string =>
  shell(
    host,
    'nft add table inet syns',
    `nft 'add chain inet syns begun { type filter hook ${hook} priority 0; }'`,
    "nft 'add rule inet syns begun tcp flags & (syn|ack) == syn counter'",
  );
const synsAt = (...hosts: readonly Host[]): number =>
  hosts.reduce((sum, host) => sum + Number(/counter packets (\d+)/.exec(shell(host, 'nft list table inet syns'))?.[1]), 0);

/** web1 and web2 serve by NAT, both what is grouped; a third server in front, which is returned, by DR. */
async function serveAll(cluster: Cluster, { any, vip, direct, nft }: Family): Promise<Host> {
  const { bed, front, web1, web2 } = cluster;
  const near = bed.host('near');
  near.sysctl('net.ipv6.conf.default.accept_dad', '0');
  bed.cable(near, 'eth0', front, '10.8.1.12/24');
  if (nft === 'ip') ok(near.weir(`realserver start --vip ${vip}`));
  else {
    near.ip(`addr add ${direct}/64 dev eth0 nodad`);
    near.ip(`addr add ${vip}/128 dev lo nodad`);
  }
  const grouped = [web1, web2].flatMap((web) => [80, 443].map((port) => serving(cluster, web, port, any)));
  await Promise.all([...grouped, serving(cluster, web1, NAT_PORT, any), serving(cluster, near, DIRECT_PORT, vip)]);
  return near;
}

for (const family of FAMILIES) {
  const { name, option, vip, at, direct, server } = family;

  test(`${name}: iptables and nft, NAT and DR, TCP and UDP, a group of ports, restored: no first packet is lost`, { skip }, async () => {
    await family.inCluster(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      const servers = [web1, web2, await serveAll(cluster, family)];
      countSyns(client, 'output');
      for (const each of servers) countSyns(each, 'input');
      const forgetting = (host: Host, protocol: 'tcp' | 'udp', port: number): string => {
        lvs.ip('neigh flush all');
        return asked(host, protocol, vip, port, 1)[0] ?? '';
      };
      const answers = async (tool: Tool): Promise<void> => {
        for (const { protocol, port } of NAT) assert.equal(forgetting(client, protocol, port), 'web1', `${tool.name}, NAT, ${protocol}`);
        for (const { protocol, port } of DIRECT) assert.equal(forgetting(client, protocol, port), 'near', `${tool.name}, DR, ${protocol}`);
        const group = GROUPED.map(({ protocol, port }) => forgetting(client, protocol, port));
        assert.match(group.join(' '), /^(web[12])( \1){2}$/, `${tool.name}, one mark`);
        await until(
          () => synsAt(client) - synsAt(...servers),
          (lost) => lost === 0,
          10,
        );
      };

      shell(lvs, ...IPTABLES.set(family, ALL));
      const plain = [
        ...NAT.map(({ mark }) => ({ mark, to: `${at(server(1), 0)} -m` })),
        ...DIRECT.map(({ mark }) => ({ mark, to: `${at(direct, 0)} -g` })),
      ];
      const restore = (lines: string): string => ok(lvs.run([process.execPath, ENTRY, 'ipvsadm', '-R'], lines));
      const services = [
        ...plain.flatMap(({ mark, to }) => [`-A -f ${mark}${option} -s rr`, `-a -f ${mark}${option} -r ${to}`]),
        `-A -f ${GROUP}${option} -s rr -p 300`,
        ...[1, 2].map((k) => `-a -f ${GROUP}${option} -r ${at(server(k), 0)} -m`),
      ];
      restore(`${services.join('\n')}\n`);
      await answers(IPTABLES);

      const saved = ipvsadm(lvs, '-Sn');
      ipvsadm(lvs, '-C');
      shell(lvs, IPTABLES.clear(family), ...NFT.set(family, ALL));
      restore(saved);
      assert.equal(ipvsadm(lvs, '-Sn'), saved);
      await answers(NFT);
      shell(lvs, NFT.clear(family));

      // A client on the director: its packets come by lo, those of an exact service, too.
      ipvsadm(lvs, `-A -u ${at(vip, EXACT_PORT)} -s rr`, `-a -u ${at(vip, EXACT_PORT)} -r ${at(server(1), NAT_PORT)} -m`);
      assert.equal(forgetting(lvs, 'udp', EXACT_PORT), 'web1', 'an exact service, from the director');
      shell(lvs, ...IPTABLES.set(family, NAT).map((line) => line.replace('PREROUTING', 'OUTPUT')));
      assert.equal(forgetting(lvs, 'udp', NAT_PORT), 'web1', 'a mark, from the director');
    });
  });
}
