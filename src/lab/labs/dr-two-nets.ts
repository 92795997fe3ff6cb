// VS/DR with the servers in another subnet of the same switch; their gateway is a router, not the director.
import type { Lab, LabHost } from '../definition/lab.js';
import { curls, described, explained, mark, run, table } from './steps.js';

const VIP = '192.168.88.15';
const server = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  gateway: '192.168.99.1',
  sites: [{ port: 80 }],
});

export const drTwoNets: Lab = {
  name: 'dr-two-nets',
  title: 'VS/DR with the servers in another subnet of the same switch, behind another gateway',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.10/24'] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.5/24', `${VIP}/24`, '192.168.99.5/24'] } },
      sysctls: { 'net.ipv4.ip_forward': 0 },
    },
    router1: {
      interfaces: {
        eth0: { switch: 'lan', addresses: ['192.168.88.1/24'] },
        eth1: { switch: 'lan', addresses: ['192.168.99.1/24'] },
      },
      // Both interfaces are on one switch: each answers only for its own address.
      sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.arp_ignore': 1 },
    },
    web1: server('192.168.99.100'),
    web2: server('192.168.99.200'),
  },
  needs: ['curl'],
  steps: [
    run('web1', `weir realserver start --vip ${VIP}`),
    run('web2', `weir realserver start --vip ${VIP}`),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.99.100 -g`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.99.200 -g`),
    explained(
      'lvs1',
      '192.168.88.10',
      `${VIP}:80`,
      'verdict forwarded',
      'chosen 192.168.99.200:80 route',
      'leaves by eth0 to 192.168.99.200',
    ),
    mark,
    curls('client1', `http://${VIP}`, 'web2', 'web1', 'web2', 'web1'),
    table('lvs1', '-> 192.168.99.100:80 Route 1 0 2', '-> 192.168.99.200:80 Route 1 0 2'),
    described('Replies leave through the servers’ own gateway and do not pass the director.', {
      kind: 'traffic',
      expect: [
        {
          say: 'SYNs from the director to web1, for the VIP',
          at: 'web1',
          direction: 'to',
          from: 'lvs1',
          destination: VIP,
          flags: 'S',
          packets: 2,
        },
        {
          say: 'SYNs from the director to web2, for the VIP',
          at: 'web2',
          direction: 'to',
          from: 'lvs1',
          destination: VIP,
          flags: 'S',
          packets: 2,
        },
        { say: 'answers to the router', at: 'router1:eth1', direction: 'to', source: VIP, flags: 'SA', packets: 4 },
        {
          say: 'answers to the client from the router',
          at: 'client1',
          direction: 'to',
          from: 'router1',
          source: VIP,
          flags: 'SA',
          packets: 4,
        },
        { say: 'packets of any reply at the director', at: 'lvs1', source: VIP, sourcePort: 80, packets: 0 },
      ],
    }),
  ],
};
