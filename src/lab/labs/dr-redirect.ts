// Two sites behind two VIPs on the same servers: the second VIP's port 80 is redirected to port 4000 on the servers.
import type { Lab, LabHost } from '../definition/lab.js';
import { curls, described, explained, mark, run, table } from './steps.js';

const server = (name: string, address: string): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  sites: [{ port: 80 }, { port: 4000, body: `Welcome from ${name} (second site)` }],
});

const REDIRECT = 'iptables -t nat -A PREROUTING -d 192.168.2.213 -p tcp --dport 80 -j REDIRECT --to-ports 4000';

export const drRedirect: Lab = {
  name: 'dr-redirect',
  title: 'VS/DR with two VIPs over the same servers; iptables gives the second site its own port',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.2.10/24'] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.168.2.211/24', '192.168.2.212/24', '192.168.2.213/24'] } },
      sysctls: { 'net.ipv4.ip_forward': 0 },
    },
    web1: server('web1', '192.168.2.220'),
    web2: server('web2', '192.168.2.221'),
  },
  needs: ['curl', 'iptables'],
  steps: [
    run('web1', 'weir realserver start --vip 192.168.2.212,192.168.2.213'),
    run('web2', 'weir realserver start --vip 192.168.2.212,192.168.2.213'),
    run('web1', 'ip -4 address show dev lo', { contains: ['inet 192.168.2.212/32', 'lo:0', 'inet 192.168.2.213/32', 'lo:1'] }),
    described('DR keeps the port, so the servers themselves separate the sites by VIP.', run('web1', REDIRECT)),
    run('web2', REDIRECT),
    ...['192.168.2.212', '192.168.2.213'].flatMap((vip) => [
      run('lvs1', `ipvsadm -A -t ${vip}:80 -s rr`),
      run('lvs1', `ipvsadm -a -t ${vip}:80 -r 192.168.2.220 -g`),
      run('lvs1', `ipvsadm -a -t ${vip}:80 -r 192.168.2.221 -g`),
    ]),
    explained(
      'lvs1',
      '192.168.2.10',
      '192.168.2.213:80',
      'service TCP 192.168.2.213:80 rr',
      'becomes TCP 192.168.2.10:5000 -> 192.168.2.213:80',
    ),
    mark,
    curls('client1', 'http://192.168.2.212', 'web2', 'web1', 'web2', 'web1'),
    curls('client1', 'http://192.168.2.213', 'web2 (second site)', 'web1 (second site)', 'web2 (second site)', 'web1 (second site)'),
    table(
      'lvs1',
      'TCP 192.168.2.212:80 rr',
      'TCP 192.168.2.213:80 rr',
      '-> 192.168.2.220:80 Route 1 0 2',
      '-> 192.168.2.221:80 Route 1 0 2',
    ),
    { kind: 'served', expect: { web1: 4, web2: 4 } },
    {
      kind: 'traffic',
      expect: [
        {
          say: 'answers of the first site',
          at: 'client1',
          direction: 'to',
          source: '192.168.2.212',
          sourcePort: 80,
          flags: 'SA',
          packets: 4,
        },
        {
          say: 'answers of the second site',
          at: 'client1',
          direction: 'to',
          source: '192.168.2.213',
          sourcePort: 80,
          flags: 'SA',
          packets: 4,
        },
        { say: 'answers from port 4000', sourcePort: 4000, packets: 0 },
        { say: 'replies of the first site at the director', at: 'lvs1', source: '192.168.2.212', sourcePort: 80, packets: 0 },
        { say: 'replies of the second site at the director', at: 'lvs1', source: '192.168.2.213', sourcePort: 80, packets: 0 },
      ],
    },
  ],
};
