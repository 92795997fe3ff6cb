// VS/TUN with packets of one IP version in tunnels of the other: IPv4 in IPv6, and IPv6 in IPv4.
import type { Lab, LabHost, Step, TrafficExpectation } from '../definition/lab.js';
import { curls, described, explained, inUrl, mark, run, table } from './steps.js';
import { behind, cutsPackets, startsTunnelEnd, TUNNEL_NEEDS, type Tunnel, tunnelEndFiles } from './tunnel-end.js';

/** The networks, by what stands before the last part of each address in them. */
const NETS = {
  clients: ['198.51.100.', 'fd00:10::'],
  director: ['192.168.88.', 'fd00:88::'],
  web1: ['203.0.113.', 'fd00:1::'],
  web2: ['192.0.2.', 'fd00:2::'],
} as const;
type Net = keyof typeof NETS;

const SERVERS: readonly (readonly [name: 'web1' | 'web2', tunnel: Tunnel])[] = [
  ['web1', 'ipip'],
  ['web2', 'gue'],
];
const CONNECTIONS = 2;
const VIP = 15;

const four = (net: Net, last: number): string => `${NETS[net][0]}${last}`;
const six = (net: Net, last: number): string => `${NETS[net][1]}${last}`;
const both = (net: Net, last: number): readonly string[] => [four(net, last), six(net, last)];
const withLengths = (net: Net, last: number): readonly string[] => [`${four(net, last)}/24`, `${six(net, last)}/64`];

const host = (net: Net, last: number): LabHost => ({
  interfaces: { eth0: { switch: net, addresses: withLengths(net, last) } },
  gateway: four(net, 1),
  routes: [{ to: 'default', via: six(net, 1) }],
});

const server = (name: 'web1' | 'web2'): LabHost => ({ ...host(name, 100), sites: [{ port: 80 }], files: tunnelEndFiles });

/** One service whose servers are behind tunnels of the other version. */
function mixed(say: string, inner: typeof four, outer: typeof four): readonly Step[] {
  const [vip, client, names] = [inner('director', VIP), inner('clients', 7), SERVERS.map(([name]) => name)];
  const at = inUrl(vip);
  return [
    described(say, run('lvs1', `ipvsadm -A -t ${at}:80 -s rr`)),
    ...SERVERS.toReversed().map(([name, tunnel]) =>
      run('lvs1', `ipvsadm -a -t ${at}:80 -r ${outer(name, 100)} ${behind(tunnel, outer === six ? 'over IPv6' : 'over IPv4')}`),
    ),
    explained(
      'lvs1',
      client,
      `${at}:80`,
      'verdict forwarded',
      `chosen ${inUrl(outer('web1', 100))}:80 tunnel`,
      `leaves by eth0 to ${outer('director', 1)}`,
    ),
    mark,
    curls('client1', `http://${at}`, ...names, ...names),
    table('lvs1', ...SERVERS.map(([name]) => `-> ${inUrl(outer(name, 100))}:80 Tunnel 1 0 ${CONNECTIONS}`)),
    {
      kind: 'traffic',
      expect: SERVERS.flatMap(([name, tunnel]): readonly TrafficExpectation[] => [
        {
          say: `SYNs to ${name} by ${tunnel}`,
          at: name,
          direction: 'to',
          tunnel,
          outerSource: outer('director', 5),
          outerDestination: outer(name, 100),
          source: client,
          destination: vip,
          flags: 'S',
          packets: CONNECTIONS,
        },
        { say: `answers of ${name}`, at: name, direction: 'from', tunnel: 'none', source: vip, flags: 'SA', packets: CONNECTIONS },
        { say: `packets of any reply at the director`, at: 'lvs1', source: vip, sourcePort: 80, packets: 0 },
      ]),
    },
  ];
}

export const tunMixed: Lab = {
  name: 'tun-mixed',
  title: 'VS/TUN with IPv4 packets in IPv6 tunnels, and IPv6 packets in IPv4 tunnels, by ipip and GUE',
  switches: Object.keys(NETS),
  hosts: {
    client1: host('clients', 7),
    lvs1: { ...host('director', 5), director: true, sysctls: { 'net.ipv6.conf.all.forwarding': 1 } },
    router1: {
      interfaces: Object.fromEntries(
        (Object.keys(NETS) as Net[]).map((net, index) => [`eth${index}`, { switch: net, addresses: withLengths(net, 1) }]),
      ),
      sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
    },
    web1: server('web1'),
    web2: server('web2'),
  },
  needs: ['curl', ...TUNNEL_NEEDS],
  steps: [
    ...SERVERS.map(([name, tunnel], index) => {
      const started = startsTunnelEnd(name, tunnel, both('director', VIP), both(name, 100));
      return index === 0 ? described('Each server takes tunnels of both versions, and has a VIP of each.', started) : started;
    }),
    cutsPackets('router1', 'eth2', 'eth3'),
    cutsPackets('client1', 'eth0'),
    ...withLengths('director', VIP).map((vip) => run('lvs1', `weir vip add ${vip} --dev eth0`)),
    ...mixed('IPv4 in IPv6: the director has an IPv6 address for each server.', four, six),
    ...mixed('IPv6 in IPv4: it has an IPv4 address.', six, four),
  ],
};
