// VS/TUN across routed networks: each server is in a network of its own, behind another kind of tunnel. For both families.
import type { Lab, LabHost, Step, TrafficExpectation } from '../definition/lab.js';
import { curls, described, explained, inUrl, mark, run, table } from './steps.js';
import { behind, cutsPackets, startsTunnelEnd, TUNNEL_NEEDS, type Tunnel, tunnelEndFiles } from './tunnel-end.js';

/** An address, and the router's in its network. */
type Place = readonly [address: string, gateway: string];

interface TunServer {
  readonly name: string;
  readonly tunnel: Tunnel;
  readonly rip: Place;
  /** What fits inside the tunnel, of 1500 bytes. */
  readonly mtu: number;
}

interface TunLab {
  readonly name: string;
  readonly title: string;
  readonly prefix: number;
  readonly client: Place;
  readonly dip: Place;
  readonly vip: string;
  /** By the size that fits inside, the largest first: a client that has learnt a size sends nothing larger. */
  readonly servers: readonly TunServer[];
  readonly sysctls: LabHost['sysctls'];
  readonly icmp: 'icmp' | 'icmpv6';
  readonly tooLarge: string;
}

const LAN = 'eth0';
const CONNECTIONS = 2;

function hosts({ prefix, client, dip, servers, sysctls = {} }: TunLab): Lab['hosts'] {
  const forwarding = { 'net.ipv4.ip_forward': 1, ...(prefix > 32 ? { 'net.ipv6.conf.all.forwarding': 1 } : {}) };
  const at = ([address, gateway]: Place, name: string): LabHost => ({
    interfaces: { [LAN]: { switch: name, addresses: [`${address}/${prefix}`] } },
    gateway,
  });
  const networks = [['clients', client], ['director', dip], ...servers.map(({ name, rip }) => [name, rip] as const)] as const;
  return {
    client1: at(client, 'clients'),
    lvs1: { ...at(dip, 'director'), director: true, sysctls },
    router1: {
      interfaces: Object.fromEntries(
        networks.map(([name, [, gateway]], index) => [`eth${index}`, { switch: name, addresses: [`${gateway}/${prefix}`] }]),
      ),
      sysctls: forwarding,
    },
    ...Object.fromEntries(servers.map(({ name, rip }) => [name, { ...at(rip, name), sites: [{ port: 80 }], files: tunnelEndFiles }])),
  };
}

/** The traffic of one server. */
const ofServer = ({ client: [cip], dip: [dip], vip }: TunLab, { name, tunnel, rip: [rip] }: TunServer): readonly TrafficExpectation[] => [
  {
    say: `SYNs to ${name} by ${tunnel}, from the director to the server's own address, and inside from the client to the VIP`,
    at: name,
    direction: 'to',
    tunnel,
    outerSource: dip,
    outerDestination: rip,
    source: cip,
    destination: vip,
    destinationPort: 80,
    flags: 'S',
    packets: CONNECTIONS,
  },
  { say: `packets to ${name} from the client in no tunnel`, at: name, direction: 'to', tunnel: 'none', source: cip, packets: 0 },
  {
    say: `answers of ${name}, from the VIP`,
    at: name,
    direction: 'from',
    from: name,
    tunnel: 'none',
    source: vip,
    destination: cip,
    flags: 'SA',
    packets: CONNECTIONS,
  },
];

const seen = (lab: TunLab): Step => ({
  kind: 'traffic',
  expect: [
    ...lab.servers.flatMap((server) => ofServer(lab, server)),
    {
      say: 'answers at the client, by its router',
      at: 'client1',
      direction: 'to',
      from: 'router1',
      source: lab.vip,
      flags: 'SA',
      packets: CONNECTIONS * lab.servers.length,
    },
    { say: 'packets of any reply at the director', at: 'lvs1', source: lab.vip, sourcePort: 80, packets: 0 },
    ...lab.servers.map(
      ({ name }): TrafficExpectation => ({
        say: `${name} answers for the VIP`,
        protocol: lab.icmp === 'icmp' ? 'arp-reply' : 'neighbour-reply',
        from: name,
        source: lab.vip,
        packets: 0,
      }),
    ),
  ],
});

/** A request of two packets, of which the first is as large as the client's interface takes. */
const largeRequest = (url: string): string => `curl -H "X-Long: $(printf %2500s | tr ' ' x)" ${url}`;

function pathMtu({ vip, servers, icmp, tooLarge }: TunLab): readonly Step[] {
  return servers.flatMap(({ name, tunnel, mtu }, index): readonly Step[] => {
    const asked = run('client1', largeRequest(`http://${inUrl(vip)}`), { answers: [`Welcome from ${name}`] });
    const say = `A packet of 1500 bytes with DF does not fit in a tunnel: the director answers with "${tooLarge}".`;
    return [
      mark,
      index === 0 ? described(say, asked) : asked,
      {
        kind: 'traffic',
        expect: [
          { say: `the error names what fits inside ${tunnel}`, at: 'client1', direction: 'to', protocol: icmp, mtu, packets: { min: 1 } },
          {
            say: 'it comes from the director',
            at: 'lvs1',
            direction: 'from',
            from: 'lvs1',
            protocol: icmp,
            mtu,
            packets: { min: 1 },
          },
        ],
      },
      run('client1', `ip route get ${vip}`, { contains: [`mtu ${mtu}`] }),
    ];
  });
}

/** Of IPv4, whose outer packets a router does not cut either: what the path behind the director takes, and what of it a client's packet has by ipip. */
const [PATH, INSIDE] = [1400, 1380];

/** A router's error is about the outer packet, and for the director: the client gets one about its own. */
function pathMtuBehind({ vip, prefix, servers: [server] }: TunLab): readonly Step[] {
  if (prefix > 32 || server === undefined) return [];
  const [rip] = server.rip;
  const network = `${rip.slice(0, rip.lastIndexOf('.'))}.0/${prefix}`;
  const named = (say: string, at: string, direction: 'to' | 'from', from: string, mtu: number): TrafficExpectation => ({
    ...{ say, at, direction, from, mtu },
    protocol: 'icmp',
    packets: { min: 1 },
  });
  return [
    described(
      `Behind the director the path to ${server.name} takes ${PATH} bytes: its router sends the director an error about the outer packet.`,
      run('router1', `ip route replace ${network} dev eth2 mtu lock ${PATH}`),
    ),
    mark,
    run('client1', largeRequest(`http://${vip}`), { answers: [`Welcome from ${server.name}`] }),
    {
      kind: 'traffic',
      expect: [
        named('the error of the router', 'lvs1', 'to', 'router1', PATH),
        named('the error that the director makes of it', 'lvs1', 'from', 'lvs1', INSIDE),
      ],
    },
    run('client1', `ip route get ${vip}`, { contains: [`mtu ${INSIDE}`] }),
  ];
}

function steps(lab: TunLab): readonly Step[] {
  const { prefix, client, vip, servers, dip } = lab;
  const [at, names] = [inUrl(vip), servers.map(({ name }) => name)];
  const outer = vip.includes(':') ? 'over IPv6' : 'over IPv4';
  const listed = (server: TunServer): string => `${inUrl(server.rip[0])}:80`;
  return [
    ...servers.map(({ name, tunnel }, index) => {
      const started = startsTunnelEnd(name, tunnel, [vip]);
      return index === 0
        ? described(
            'Each server takes packets out of its tunnel, where the VIP is. A kernel without tunnel devices gets a program.',
            started,
          )
        : started;
    }),
    cutsPackets('router1', ...servers.map((_, index) => `eth${index + 2}`)),
    ...(outer === 'over IPv6' ? [cutsPackets('client1', LAN)] : []),
    run('lvs1', `weir vip add ${vip}/${prefix} --dev ${LAN}`),
    described('The service: the server added last gets the first connection.', run('lvs1', `ipvsadm -A -t ${at}:80 -s rr`)),
    ...servers.toReversed().map(({ rip: [rip], tunnel }) => run('lvs1', `ipvsadm -a -t ${at}:80 -r ${rip} ${behind(tunnel, outer)}`)),
    run('lvs1', 'ipvsadm -Ln --tun-info', { contains: [`TCP ${at}:80 rr`, ...servers.map(({ tunnel }) => ` ${tunnel} `)] }),
    described(
      'Why the next packet would go where it goes.',
      explained(
        'lvs1',
        client[0],
        `${at}:80`,
        'verdict forwarded',
        `service TCP ${at}:80 rr`,
        ...servers.map((server, index) => `${index === 0 ? 'chosen' : 'not'} ${listed(server)} tunnel weight 1`),
        `leaves by ${LAN} to ${dip[1]}`,
      ),
    ),
    mark,
    curls('client1', `http://${at}`, ...names, ...names),
    table('lvs1', ...servers.map((server) => `-> ${listed(server)} Tunnel 1 0 ${CONNECTIONS}`)),
    { kind: 'served', expect: Object.fromEntries(names.map((name) => [name, CONNECTIONS])) },
    described(
      'At the switches: an outer packet from the director to the server, the client’s own packet in it. Replies pass it by.',
      seen(lab),
    ),
    ...pathMtu(lab),
    ...pathMtuBehind(lab),
  ];
}

const tunLab = (lab: TunLab): Lab => ({
  name: lab.name,
  title: lab.title,
  switches: ['clients', 'director', ...lab.servers.map(({ name }) => name)],
  hosts: hosts(lab),
  needs: ['curl', ...TUNNEL_NEEDS],
  steps: steps(lab),
});

const TITLE = 'each server in a network of its own, behind ipip, GRE or GUE; outer headers, and path MTU';

export const tun = tunLab({
  name: 'tun',
  title: `VS/TUN across routed networks: ${TITLE}`,
  prefix: 24,
  client: ['198.51.100.7', '198.51.100.1'],
  dip: ['192.168.88.5', '192.168.88.1'],
  vip: '192.168.88.15',
  servers: [
    { name: 'web1', tunnel: 'ipip', rip: ['203.0.113.100', '203.0.113.1'], mtu: 1480 },
    { name: 'web2', tunnel: 'gre', rip: ['192.0.2.100', '192.0.2.1'], mtu: 1476 },
    { name: 'web3', tunnel: 'gue', rip: ['172.16.3.100', '172.16.3.1'], mtu: 1468 },
  ],
  sysctls: { 'net.ipv4.ip_forward': 0 },
  icmp: 'icmp',
  tooLarge: 'fragmentation needed',
});

export const tun6 = tunLab({
  name: 'tun-6',
  title: `VS/TUN for IPv6 across routed networks: ${TITLE}`,
  prefix: 64,
  client: ['fd00:10::7', 'fd00:10::1'],
  dip: ['fd00:88::5', 'fd00:88::1'],
  vip: 'fd00:88::15',
  servers: [
    { name: 'web1', tunnel: 'ipip', rip: ['fd00:1::100', 'fd00:1::1'], mtu: 1460 },
    { name: 'web2', tunnel: 'gre', rip: ['fd00:2::100', 'fd00:2::1'], mtu: 1456 },
    { name: 'web3', tunnel: 'gue', rip: ['fd00:3::100', 'fd00:3::1'], mtu: 1448 },
  ],
  sysctls: { 'net.ipv6.conf.all.forwarding': 1 },
  icmp: 'icmpv6',
  tooLarge: 'packet too big',
});
