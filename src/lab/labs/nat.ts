// VS/NAT with a director that has two interfaces: round robin, weighted round robin, port mapping. For both families.
import type { Lab, Step } from '../definition/lab.js';
import { curls, described, explained, inUrl, mark, refused, run, table } from './steps.js';

const sites = (host: string) => [{ port: 80 }, { port: 8080, body: `Welcome from ${host} on port 8080` }];

interface NatLab {
  readonly name: string;
  readonly title: string;
  readonly client: string;
  readonly vip: string;
  readonly dip: string;
  readonly servers: readonly [string, string];
  /** The length of every network's prefix. */
  readonly prefix: number;
  /** The sysctl that makes the director a router. */
  readonly forwarding: string;
}

interface Ends extends NatLab {
  /** As ipvsadm takes them before a port: the VIP and the servers. */
  readonly at: string;
  readonly one: string;
  readonly two: string;
  readonly url: string;
}

const hosts = ({ client, vip, dip, servers: [first, second], prefix, forwarding }: NatLab): Lab['hosts'] => ({
  client1: { interfaces: { eth0: { switch: 'front', addresses: [`${client}/${prefix}`] } }, gateway: vip },
  lvs1: {
    director: true,
    interfaces: {
      eth0: { switch: 'front', addresses: [`${vip}/${prefix}`] },
      eth1: { switch: 'back', addresses: [`${dip}/${prefix}`] },
    },
    sysctls: { [forwarding]: 1 },
  },
  web1: {
    interfaces: { eth1: { switch: 'back', addresses: [`${first}/${prefix}`] } },
    gateway: dip,
    sites: sites('web1'),
  },
  web2: {
    interfaces: { eth1: { switch: 'back', addresses: [`${second}/${prefix}`] } },
    gateway: dip,
    sites: sites('web2'),
  },
});

const seenAtSwitches = ({ client, vip, servers: [first, second] }: NatLab): Step => ({
  kind: 'traffic',
  expect: [
    {
      say: "SYNs to web1's own address",
      at: 'web1',
      direction: 'to',
      source: client,
      destination: first,
      flags: 'S',
      packets: 3,
    },
    {
      say: "SYNs to web2's own address",
      at: 'web2',
      direction: 'to',
      source: client,
      destination: second,
      flags: 'S',
      packets: 3,
    },
    {
      say: 'answers to the client from the VIP',
      at: 'client1',
      direction: 'to',
      from: 'lvs1',
      source: vip,
      flags: 'SA',
      packets: 6,
    },
    { say: "packets to the client from web1's own address", at: 'client1', direction: 'to', source: first, packets: 0 },
    { say: "packets to the client from web2's own address", at: 'client1', direction: 'to', source: second, packets: 0 },
    { say: 'resets', protocol: 'tcp', flags: 'R', packets: 0 },
  ],
});

const roundRobin = ({ at, one, two, url, servers, client }: Ends): readonly Step[] => [
  described('Without a service the client reaches both servers by plain routing.', curls('client1', `http://${one}`, 'web1')),
  curls('client1', `http://${two}`, 'web2'),
  refused('client1', url),

  described(
    'A virtual service with two servers, round robin: the server added last gets the first connection, and weights are not used.',
    run('lvs1', `ipvsadm -A -t ${at}:80 -s rr`),
  ),
  run('lvs1', `ipvsadm -a -t ${at}:80 -r ${servers[0]} -w 1 -m`),
  run('lvs1', `ipvsadm -a -t ${at}:80 -r ${servers[1]} -w 2 -m`),
  table('lvs1', `TCP ${at}:80 rr`, `-> ${one}:80 Masq 1 0 0`, `-> ${two}:80 Masq 2 0 0`),
  described(
    'Why the next packet would go where it goes.',
    explained(
      'lvs1',
      client,
      `${at}:80`,
      'verdict forwarded',
      'because a new connection',
      `service TCP ${at}:80 rr`,
      `not ${one}:80 masq weight 1, active 0, inactive 0:`,
      `chosen ${two}:80 masq weight 2, active 0, inactive 0: its turn`,
      `leaves by eth1 to ${servers[1]}`,
      `becomes TCP ${inUrl(client)}:5000 -> ${two}:80, TTL 63`,
    ),
  ),
  mark,
  curls('client1', url, 'web2', 'web1', 'web2', 'web1', 'web2', 'web1'),
  table('lvs1', `-> ${one}:80 Masq 1 0 3`, `-> ${two}:80 Masq 2 0 3`),
  described("The servers' own logs, and what passed the switches.", { kind: 'served', expect: { web1: 3, web2: 3 } }),
];

const otherSettings = ({ at, one, two, url, client }: Ends): readonly Step[] => [
  described('Weighted round robin: two requests to web2 for each request to web1.', run('lvs1', `ipvsadm -E -t ${at}:80 -s wrr`)),
  explained(
    'lvs1',
    client,
    `${at}:80`,
    `service TCP ${at}:80 wrr`,
    `chosen ${two}:80 masq weight 2, active 0, inactive 3: its turn by weight`,
  ),
  mark,
  curls('client1', url, 'web2', 'web2', 'web1', 'web2', 'web2', 'web1'),
  { kind: 'served', expect: { web1: 2, web2: 4 } },
  table('lvs1', `TCP ${at}:80 wrr`, `-> ${one}:80 Masq 1`, `-> ${two}:80 Masq 2`),

  described('Without the service the director itself answers again, and no process listens there.', run('lvs1', `ipvsadm -D -t ${at}:80`)),
  run('lvs1', 'ipvsadm -Ln', { lacks: [`${at}:80`] }),
  explained('lvs1', client, `${at}:80`, 'verdict left to the stack, unbalanced'),
  refused('client1', url),

  described('Port mapping: VIP:80 to port 8080 of the servers.', run('lvs1', `ipvsadm -A -t ${at}:80 -s rr`)),
  run('lvs1', `ipvsadm -a -t ${at}:80 -r ${one}:8080 -m`),
  run('lvs1', `ipvsadm -a -t ${at}:80 -r ${two}:8080 -m`),
  table('lvs1', `-> ${one}:8080 Masq 1`, `-> ${two}:8080 Masq 1`),
  explained('lvs1', client, `${at}:80`, `becomes TCP ${inUrl(client)}:5000 -> ${two}:8080`),
  curls('client1', url, 'web2 on port 8080', 'web1 on port 8080'),
  run('lvs1', `ipvsadm -D -t ${at}:80`),
  run('lvs1', `ipvsadm -D -t ${at}:80`, { exit: 255, errors: ['No such service'] }),
  curls('client1', `http://${one}`, 'web1'),
];

function natLab(lab: NatLab): Lab {
  const { name, title, vip, servers } = lab;
  const at = inUrl(vip);
  const ends: Ends = { ...lab, at, one: inUrl(servers[0]), two: inUrl(servers[1]), url: `http://${at}` };
  return {
    name,
    title,
    switches: ['front', 'back'],
    hosts: hosts(lab),
    needs: ['curl'],
    steps: [...roundRobin(ends), seenAtSwitches(lab), ...otherSettings(ends)],
  };
}

const TITLE = 'a director with an interface in each of two networks; rr, wrr, port mapping';

export const nat = natLab({
  name: 'nat',
  title: `VS/NAT: ${TITLE}`,
  client: '192.168.88.10',
  vip: '192.168.88.5',
  dip: '192.168.99.5',
  servers: ['192.168.99.100', '192.168.99.200'],
  prefix: 24,
  forwarding: 'net.ipv4.ip_forward',
});

export const nat6 = natLab({
  name: 'nat-6',
  title: `VS/NAT for IPv6: ${TITLE}`,
  client: 'fd00:88::10',
  vip: 'fd00:88::5',
  dip: 'fd00:99::5',
  servers: ['fd00:99::100', 'fd00:99::200'],
  prefix: 64,
  forwarding: 'net.ipv6.conf.all.forwarding',
});
