// VS/NAT with a director that has two interfaces: round robin, weighted round robin, port mapping.
import type { Lab } from '../definition/lab.js';
import { curls, described, mark, refused, run, table } from './steps.js';

const sites = (host: string) => [{ port: 80 }, { port: 8080, body: `Welcome from ${host} on port 8080` }];
const VIP = 'http://192.168.88.5';

export const nat: Lab = {
  name: 'nat',
  title: 'VS/NAT: a director with an interface in each of two networks; rr, wrr, port mapping',
  switches: ['front', 'back'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } }, gateway: '192.168.88.5' },
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: ['192.168.88.5/24'] },
        eth1: { switch: 'back', addresses: ['192.168.99.5/24'] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    web1: {
      interfaces: { eth1: { switch: 'back', addresses: ['192.168.99.100/24'] } },
      gateway: '192.168.99.5',
      sites: sites('web1'),
    },
    web2: {
      interfaces: { eth1: { switch: 'back', addresses: ['192.168.99.200/24'] } },
      gateway: '192.168.99.5',
      sites: sites('web2'),
    },
  },
  needs: ['curl'],
  steps: [
    described('Without a service the client reaches both servers by plain routing.', curls('client1', 'http://192.168.99.100', 'web1')),
    curls('client1', 'http://192.168.99.200', 'web2'),
    refused('client1', VIP),

    described(
      'A virtual service with two servers, round robin: the server added last gets the first connection, and weights are not used.',
      run('lvs1', 'ipvsadm -A -t 192.168.88.5:80 -s rr'),
    ),
    run('lvs1', 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.100 -w 1 -m'),
    run('lvs1', 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.200 -w 2 -m'),
    table('lvs1', 'TCP 192.168.88.5:80 rr', '-> 192.168.99.100:80 Masq 1 0 0', '-> 192.168.99.200:80 Masq 2 0 0'),
    mark,
    curls('client1', VIP, 'web2', 'web1', 'web2', 'web1', 'web2', 'web1'),
    table('lvs1', '-> 192.168.99.100:80 Masq 1 0 3', '-> 192.168.99.200:80 Masq 2 0 3'),
    described("The servers' own logs, and what passed the switches.", { kind: 'served', expect: { web1: 3, web2: 3 } }),
    {
      kind: 'traffic',
      expect: [
        {
          say: "SYNs to web1's own address",
          at: 'web1',
          direction: 'to',
          source: '192.168.88.10',
          destination: '192.168.99.100',
          flags: 'S',
          packets: 3,
        },
        {
          say: "SYNs to web2's own address",
          at: 'web2',
          direction: 'to',
          source: '192.168.88.10',
          destination: '192.168.99.200',
          flags: 'S',
          packets: 3,
        },
        {
          say: 'answers to the client from the VIP',
          at: 'client1',
          direction: 'to',
          from: 'lvs1',
          source: '192.168.88.5',
          flags: 'SA',
          packets: 6,
        },
        { say: "packets to the client from web1's own address", at: 'client1', direction: 'to', source: '192.168.99.100', packets: 0 },
        { say: "packets to the client from web2's own address", at: 'client1', direction: 'to', source: '192.168.99.200', packets: 0 },
        { say: 'resets', protocol: 'tcp', flags: 'R', packets: 0 },
      ],
    },

    described('Weighted round robin: two requests to web2 for each request to web1.', run('lvs1', 'ipvsadm -E -t 192.168.88.5:80 -s wrr')),
    mark,
    curls('client1', VIP, 'web2', 'web2', 'web1', 'web2', 'web2', 'web1'),
    { kind: 'served', expect: { web1: 2, web2: 4 } },
    table('lvs1', 'TCP 192.168.88.5:80 wrr', '-> 192.168.99.100:80 Masq 1', '-> 192.168.99.200:80 Masq 2'),

    described(
      'Without the service the director itself answers again, and no process listens there.',
      run('lvs1', 'ipvsadm -D -t 192.168.88.5:80'),
    ),
    run('lvs1', 'ipvsadm -Ln', { lacks: ['192.168.88.5:80'] }),
    refused('client1', VIP),

    described('Port mapping: VIP:80 to port 8080 of the servers.', run('lvs1', 'ipvsadm -A -t 192.168.88.5:80 -s rr')),
    run('lvs1', 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.100:8080 -m'),
    run('lvs1', 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.200:8080 -m'),
    table('lvs1', '-> 192.168.99.100:8080 Masq 1', '-> 192.168.99.200:8080 Masq 1'),
    curls('client1', VIP, 'web2 on port 8080', 'web1 on port 8080'),
    run('lvs1', 'ipvsadm -D -t 192.168.88.5:80'),
    run('lvs1', 'ipvsadm -D -t 192.168.88.5:80', { exit: 255, errors: ['No such service'] }),
    curls('client1', 'http://192.168.99.100', 'web1'),
  ],
};
