// FULLNAT: the servers are in networks of their own, have neither the VIP nor a route to the clients, and see local addresses of the director.
import type { Lab, LabHost, Step, TrafficExpectation } from '../definition/lab.js';
import { curls, described, explained, inUrl, mark, run, table } from './steps.js';

const PORT = 8080;
const CONNECTIONS = 3;
const RULES = 'ipvsadm.rules';

interface FullnatServer {
  readonly name: string;
  readonly rip: string;
  /** The director's address that stands for clients at this server. */
  readonly local: string;
}

interface FullnatLab {
  readonly name: string;
  readonly title: string;
  readonly prefix: number;
  readonly client: string;
  readonly vip: string;
  /** Between the director and the servers' router. */
  readonly dip: string;
  readonly router: string;
  readonly servers: readonly [FullnatServer, FullnatServer];
  /** Of the director, and of the router. */
  readonly sysctls: LabHost['sysctls'];
  readonly forwarding: string;
}

/** The router's address in the network of a server. */
const gatewayOf = (address: string): string => address.replace(/\d+$/, '1');
const networkOf = (address: string, prefix: number): string => `${address.replace(/\d+$/, prefix === 24 ? '0' : '')}/${prefix}`;

function hosts({ prefix, client, vip, dip, router, servers, sysctls = {}, forwarding }: FullnatLab): Lab['hosts'] {
  const on = (name: string, address: string) => ({ switch: name, addresses: [`${address}/${prefix}`] });
  const server = ({ name, rip }: FullnatServer): LabHost => ({
    interfaces: { eth0: on(name, rip) },
    gateway: gatewayOf(rip),
    sites: [{ port: PORT }],
  });
  const [first, second] = servers;
  return {
    client1: { interfaces: { eth0: on('front', client) } },
    lvs1: {
      director: true,
      interfaces: { eth0: on('front', vip), eth1: on('back', dip) },
      routes: servers.map(({ rip }) => ({ to: networkOf(rip, prefix), via: router })),
      sysctls,
      files: { [RULES]: '' },
    },
    router1: {
      interfaces: { eth0: on('back', router), eth1: on(first.name, gatewayOf(first.rip)), eth2: on(second.name, gatewayOf(second.rip)) },
      sysctls: { [forwarding]: 1 },
    },
    [first.name]: server(first),
    [second.name]: server(second),
  };
}

const at = (address: string, port: number): string => `${inUrl(address)}:${port}`;

function setUp({ prefix, client, vip, servers }: FullnatLab): readonly Step[] {
  const [first] = servers;
  return [
    described('The servers have no route to the client.', run(first.name, `ping -c 1 -W 2 ${client}`, { exit: 1 })),
    described('Local addresses stand for the clients. They are the director’s own, and the servers’ routes lead to them.', {
      ...run('lvs1', servers.map(({ local }) => `ip address add ${local}/${prefix} dev eth1`).join(' && ')),
    }),
    run(first.name, `ping -c 1 -W 5 ${first.local}`),
    run('lvs1', `ipvsadm -A -t ${at(vip, 80)} -s rr`),
    ...servers.map((server) =>
      run('lvs1', `ipvsadm -a -t ${at(vip, 80)} -r ${at(server.rip, PORT)} --fullnat --local-address ${server.local}`),
    ),
    table('lvs1', `TCP ${at(vip, 80)} rr`, ...servers.map(({ rip }) => `-> ${at(rip, PORT)} FullNAT 1 0 0`)),
    run('lvs1', 'ipvsadm -Sn', {
      contains: servers.map(({ rip, local }) => `-r ${at(rip, PORT)} --fullnat -w 1 --local-address ${local}`),
    }),
  ];
}

/** The traffic of one server. */
const ofServer = ({ client, vip }: FullnatLab, { name, rip, local }: FullnatServer): readonly TrafficExpectation[] => [
  {
    say: `SYNs to ${name} from the local address`,
    at: name,
    direction: 'to',
    source: local,
    destination: rip,
    destinationPort: PORT,
    flags: 'S',
    packets: CONNECTIONS,
  },
  {
    say: `answers of ${name} to the local address, at the director`,
    at: 'lvs1:eth1',
    direction: 'to',
    source: rip,
    sourcePort: PORT,
    destination: local,
    flags: 'SA',
    packets: CONNECTIONS,
  },
  { say: `packets with the client's address at ${name}`, at: name, source: client, packets: 0 },
  { say: `packets to the VIP at ${name}`, at: name, destination: vip, packets: 0 },
  { say: `packets with ${name}'s own address at the client`, at: 'client1', source: rip, packets: 0 },
];

function balanced(lab: FullnatLab): readonly Step[] {
  const { client, vip, router, servers } = lab;
  const [first, second] = servers;
  const names = [second.name, first.name];
  return [
    described(
      'Why the next packet would go where it goes.',
      explained(
        'lvs1',
        client,
        at(vip, 80),
        'verdict forwarded',
        'because a new connection',
        `service TCP ${at(vip, 80)} rr`,
        `not ${at(first.rip, PORT)} fullnat weight 1`,
        `chosen ${at(second.rip, PORT)} fullnat weight 1`,
        `leaves by eth1 to ${router}`,
      ),
    ),
    mark,
    curls('client1', `http://${inUrl(vip)}`, ...names, ...names, ...names),
    table('lvs1', ...servers.map(({ rip }) => `-> ${at(rip, PORT)} FullNAT 1 0 ${CONNECTIONS}`)),
    { kind: 'served', expect: Object.fromEntries(names.map((name) => [name, CONNECTIONS])) },
    described('At the switches: both ends are rewritten, both ways; the servers’ router needs to know nothing of the clients.', {
      kind: 'traffic',
      expect: [
        ...servers.flatMap((server) => ofServer(lab, server)),
        {
          say: 'answers to the client from the VIP',
          at: 'client1',
          direction: 'to',
          from: 'lvs1',
          source: vip,
          sourcePort: 80,
          flags: 'SA',
          packets: 2 * CONNECTIONS,
        },
        { say: 'resets', protocol: 'tcp', flags: 'R', packets: 0 },
      ],
    }),
    described('The connections of the table are the clients’.', {
      ...run('lvs1', 'ipvsadm -Lcn', { contains: servers.map(({ rip }) => `${at(vip, 80)} ${at(rip, PORT)}`) }),
    }),
  ];
}

function pools({ vip, servers: [first, second] }: FullnatLab): readonly Step[] {
  const service = `-t ${at(vip, 80)}`;
  const [server, pool] = [`-r ${at(second.rip, PORT)} --fullnat`, `--local-address ${second.local},${first.local}`];
  return [
    described(
      'While a destination has connections its method stays.',
      run('lvs1', `ipvsadm -e ${service} -r ${at(first.rip, PORT)} -m`, { exit: 255 }),
    ),
    described('A pool of two addresses has twice the ports.', run('lvs1', `ipvsadm -e ${service} ${server} ${pool}`)),
    described('The table is saved, cleared and restored, with the local addresses.', run('lvs1', `ipvsadm-save -n > ${RULES}`)),
    run('lvs1', 'ipvsadm -C'),
    run('lvs1', `ipvsadm-restore < ${RULES}`),
    run('lvs1', 'ipvsadm -Sn', { contains: [`${server} -w 1 ${pool}`] }),
    {
      kind: 'run',
      on: 'client1',
      command: `curl http://${inUrl(vip)}`,
      times: 4,
      expect: { tally: { [`Welcome from ${first.name}`]: 2, [`Welcome from ${second.name}`]: 2 } },
    },
    described('No packet was dropped.', run('lvs1', 'weir stats drops', { answers: ['none'] })),
  ];
}

const fullnatLab = (lab: FullnatLab): Lab => ({
  name: lab.name,
  title: lab.title,
  switches: ['front', 'back', ...lab.servers.map(({ name }) => name)],
  hosts: hosts(lab),
  needs: ['curl'],
  steps: [...setUp(lab), ...balanced(lab), ...pools(lab)],
});

const TITLE = 'servers without the VIP and without a route to the clients see local addresses of the director';

export const fullnat = fullnatLab({
  name: 'fullnat',
  title: `FULLNAT: ${TITLE}`,
  prefix: 24,
  client: '192.168.88.10',
  vip: '192.168.88.5',
  dip: '192.168.99.5',
  router: '192.168.99.1',
  servers: [
    { name: 'web1', rip: '203.0.113.100', local: '192.168.99.9' },
    { name: 'web2', rip: '198.51.100.101', local: '192.168.99.10' },
  ],
  sysctls: { 'net.ipv4.ip_forward': 0 },
  forwarding: 'net.ipv4.ip_forward',
});

export const fullnat6 = fullnatLab({
  name: 'fullnat-6',
  title: `FULLNAT for IPv6: ${TITLE}`,
  prefix: 64,
  client: 'fd00:88::10',
  vip: 'fd00:88::5',
  dip: 'fd00:99::5',
  router: 'fd00:99::1',
  servers: [
    { name: 'web1', rip: 'fd00:1::100', local: 'fd00:99::9' },
    { name: 'web2', rip: 'fd00:2::101', local: 'fd00:99::10' },
  ],
  sysctls: { 'net.ipv6.conf.all.forwarding': 1 },
  forwarding: 'net.ipv6.conf.all.forwarding',
});
