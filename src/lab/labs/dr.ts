// VS/DR on one switch: the servers hold the VIP themselves and answer the client directly. For both families.
import type { Lab, LabHost, Step, TrafficExpectation } from '../definition/lab.js';
import { curls, described, explained, inUrl, mark, run, table } from './steps.js';

interface DrLab {
  readonly name: string;
  readonly title: string;
  readonly client: string;
  readonly dip: string;
  readonly vip: string;
  readonly servers: readonly [string, string];
  readonly prefix: number;
  /** Of the director. */
  readonly sysctls: Readonly<Record<string, number>>;
  /** Of the service. */
  readonly say: string;
  /** How a neighbour answers for an address. */
  readonly reply: 'arp-reply' | 'neighbour-reply';
  /** What `weir realserver` has done on web1, and has undone. */
  readonly done: readonly Step[];
  readonly undone: readonly Step[];
  /** At the switch, beside what both families have. */
  readonly seen: readonly TrafficExpectation[];
}

function hosts({ client, dip, vip, servers: [one, two], prefix, sysctls }: DrLab): Lab['hosts'] {
  const server = (address: string): LabHost => ({
    interfaces: { eth0: { switch: 'lan', addresses: [`${address}/${prefix}`] } },
    sites: [{ port: 80 }],
  });
  return {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: [`${client}/${prefix}`] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: [`${dip}/${prefix}`, `${vip}/${prefix}`] } },
      sysctls,
    },
    web1: server(one),
    web2: server(two),
  };
}

/** The traffic of one server with so many connections. */
const ofServer = (host: string, { client, vip }: DrLab, connections: number): readonly TrafficExpectation[] => [
  {
    say: `SYNs from the director to ${host}, for the VIP`,
    at: host,
    direction: 'to',
    from: 'lvs1',
    source: client,
    destination: vip,
    flags: 'S',
    packets: connections,
  },
  {
    say: `answers to the client from ${host} itself`,
    at: 'client1',
    direction: 'to',
    from: host,
    source: vip,
    flags: 'SA',
    packets: connections,
  },
];

const seenAtSwitch = (lab: DrLab): Step => {
  const { vip, reply, seen } = lab;
  return {
    kind: 'traffic',
    expect: [
      { say: 'SYNs to the director', at: 'lvs1', direction: 'to', from: 'client1', destination: vip, flags: 'S', packets: 6 },
      ...ofServer('web1', lab, 2),
      ...ofServer('web2', lab, 4),
      { say: 'packets of any reply at the director', at: 'lvs1', source: vip, sourcePort: 80, packets: 0 },
      { say: 'the director answers for the VIP', protocol: reply, from: 'lvs1', source: vip, packets: { min: 1 } },
      { say: 'web1 answers for the VIP', protocol: reply, from: 'web1', source: vip, packets: 0 },
      { say: 'web2 answers for the VIP', protocol: reply, from: 'web2', source: vip, packets: 0 },
      ...seen,
    ],
  };
};

function balanced(lab: DrLab): readonly Step[] {
  const { vip, servers, client } = lab;
  const [at, one, two] = [inUrl(vip), inUrl(servers[0]), inUrl(servers[1])];
  return [
    described(lab.say, run('lvs1', `ipvsadm -A -t ${at}:80 -s wlc`)),
    run('lvs1', `ipvsadm -a -t ${at}:80 -r ${servers[0]} -w 1 -g`),
    run('lvs1', `ipvsadm -a -t ${at}:80 -r ${servers[1]} -w 2 -g`),
    table('lvs1', `TCP ${at}:80 wlc`, `-> ${one}:80 Route 1 0 0`, `-> ${two}:80 Route 2 0 0`),
    described(
      'Why the next packet would go where it goes: to the server’s MAC, and else as it is.',
      explained(
        'lvs1',
        client,
        `${at}:80`,
        'verdict forwarded',
        `service TCP ${at}:80 wlc`,
        `not ${one}:80 route weight 1, active 0, inactive 0:`,
        `chosen ${two}:80 route weight 2, active 0, inactive 0: the fewest connections for its weight`,
        `leaves by eth0 to ${servers[1]}`,
        `becomes TCP ${inUrl(client)}:5000 -> ${at}:80, TTL 63`,
      ),
    ),
    mark,
    curls('client1', `http://${at}`, 'web2', 'web1', 'web2', 'web2', 'web1', 'web2'),
    table('lvs1', `-> ${one}:80 Route 1 0 2`, `-> ${two}:80 Route 2 0 4`),
    { kind: 'served', expect: { web1: 2, web2: 4 } },
    described('At the switch: requests pass the director, with only the frame header changed; replies do not.', seenAtSwitch(lab)),
    described(
      'DR maps no ports: another port silently becomes the port of the service, so this server is already in the table.',
      run('lvs1', `ipvsadm -a -t ${at}:80 -r ${one}:8080 -g`, { exit: 255, errors: ['Destination already exists'] }),
    ),
  ];
}

function drLab(lab: DrLab): Lab {
  const { name, title, vip, done, undone } = lab;
  const realServer = (host: string, word: 'start' | 'stop'): Step => run(host, `weir realserver ${word} --vip ${vip}`);
  return {
    name,
    title,
    switches: ['lan'],
    hosts: hosts(lab),
    needs: ['curl'],
    steps: [
      described('Each server gets the VIP on lo, where no neighbour learns of it.', realServer('web1', 'start')),
      realServer('web2', 'start'),
      ...done,
      ...balanced(lab),
      described('The reverse.', realServer('web1', 'stop')),
      realServer('web2', 'stop'),
      ...undone,
    ],
  };
}

const ARP_SETTINGS = 'cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce';
const [VIP, VIP6] = ['192.168.88.15', 'fd00:88::15'];

export const dr = drLab({
  name: 'dr',
  title: 'VS/DR on one switch: the servers answer the client directly; wlc, ip_forward=0',
  client: '192.168.88.10',
  dip: '192.168.88.5',
  vip: VIP,
  servers: ['192.168.88.100', '192.168.88.200'],
  prefix: 24,
  sysctls: { 'net.ipv4.ip_forward': 0, 'net.ipv4.conf.all.send_redirects': 1, 'net.ipv4.conf.eth0.send_redirects': 1 },
  say: 'The service. ip_forward is 0: DR does not need it.',
  reply: 'arp-reply',
  done: [
    run('web1', 'ip -4 address show dev lo', { contains: [`inet ${VIP}/32`, 'lo:0'] }),
    described('Settings that hide it from ARP were made before.', run('web1', ARP_SETTINGS, { answers: ['1\n2'] })),
  ],
  undone: [run('web1', 'ip -4 address show dev lo', { lacks: [VIP] }), run('web1', ARP_SETTINGS, { answers: ['0\n0'] })],
  seen: [{ say: 'ICMP, redirects included', protocol: 'icmp', packets: 0 }],
});

export const dr6 = drLab({
  name: 'dr-6',
  title: 'VS/DR for IPv6 on one switch: the servers answer the client directly; wlc',
  client: 'fd00:88::10',
  dip: 'fd00:88::5',
  vip: VIP6,
  servers: ['fd00:88::100', 'fd00:88::200'],
  prefix: 64,
  // The datapath asks the kernel for routes, which answers for IPv6 only where the interface forwards.
  sysctls: { 'net.ipv6.conf.all.forwarding': 1 },
  say: 'The service.',
  reply: 'neighbour-reply',
  done: [
    described(
      'A host answers no solicitation for an address of lo: no setting is needed.',
      run('web1', 'ip -6 address show dev lo', { contains: [`inet6 ${VIP6}/128`] }),
    ),
  ],
  undone: [run('web1', 'ip -6 address show dev lo', { lacks: [VIP6] })],
  seen: [],
});
