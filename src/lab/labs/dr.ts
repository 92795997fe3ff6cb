// VS/DR on one switch: the servers hold the VIP themselves and answer the client directly.
import type { Lab, LabHost } from '../definition/lab.js';
import { curls, described, mark, run, table } from './steps.js';

const VIP = '192.168.88.15';
const server = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  sites: [{ port: 80 }],
});

export const dr: Lab = {
  name: 'dr',
  title: 'VS/DR on one switch: the servers answer the client directly; wlc, ip_forward=0',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.10/24'] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.5/24', `${VIP}/24`] } },
      sysctls: { 'net.ipv4.ip_forward': 0, 'net.ipv4.conf.all.send_redirects': 1, 'net.ipv4.conf.eth0.send_redirects': 1 },
    },
    web1: server('192.168.88.100'),
    web2: server('192.168.88.200'),
  },
  needs: ['curl'],
  steps: [
    described(
      'Each server gets the VIP on lo, after the sysctls that hide it from ARP.',
      run('web1', `weir realserver start --vip ${VIP}`),
    ),
    run('web2', `weir realserver start --vip ${VIP}`),
    run('web1', 'ip -4 address show dev lo', { contains: [`inet ${VIP}/32`, 'lo:0'] }),
    run('web1', 'cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce', { answers: ['1\n2'] }),

    described('The service. ip_forward is 0: DR does not need it.', run('lvs1', `ipvsadm -A -t ${VIP}:80 -s wlc`)),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.100 -w 1 -g`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.200 -w 2 -g`),
    table('lvs1', `TCP ${VIP}:80 wlc`, '-> 192.168.88.100:80 Route 1 0 0', '-> 192.168.88.200:80 Route 2 0 0'),
    mark,
    curls('client1', `http://${VIP}`, 'web2', 'web1', 'web2', 'web2', 'web1', 'web2'),
    table('lvs1', '-> 192.168.88.100:80 Route 1 0 2', '-> 192.168.88.200:80 Route 2 0 4'),
    { kind: 'served', expect: { web1: 2, web2: 4 } },
    described('At the switch: requests pass the director, with only the frame header changed; replies do not.', {
      kind: 'traffic',
      expect: [
        { say: 'SYNs to the director', at: 'lvs1', direction: 'to', from: 'client1', destination: VIP, flags: 'S', packets: 6 },
        {
          say: 'SYNs from the director to web1, for the VIP',
          at: 'web1',
          direction: 'to',
          from: 'lvs1',
          source: '192.168.88.10',
          destination: VIP,
          flags: 'S',
          packets: 2,
        },
        {
          say: 'SYNs from the director to web2, for the VIP',
          at: 'web2',
          direction: 'to',
          from: 'lvs1',
          source: '192.168.88.10',
          destination: VIP,
          flags: 'S',
          packets: 4,
        },
        {
          say: 'answers to the client from web1 itself',
          at: 'client1',
          direction: 'to',
          from: 'web1',
          source: VIP,
          flags: 'SA',
          packets: 2,
        },
        {
          say: 'answers to the client from web2 itself',
          at: 'client1',
          direction: 'to',
          from: 'web2',
          source: VIP,
          flags: 'SA',
          packets: 4,
        },
        { say: 'packets of any reply at the director', at: 'lvs1', source: VIP, sourcePort: 80, packets: 0 },
        { say: 'ARP answers for the VIP by web1', protocol: 'arp-reply', from: 'web1', source: VIP, packets: 0 },
        { say: 'ARP answers for the VIP by web2', protocol: 'arp-reply', from: 'web2', source: VIP, packets: 0 },
        { say: 'ICMP, redirects included', protocol: 'icmp', packets: 0 },
      ],
    }),

    described(
      'DR maps no ports: another port silently becomes the port of the service, so this server is already in the table.',
      run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.100:8080 -g`, { exit: 255, errors: ['Destination already exists'] }),
    ),
    described('The reverse.', run('web1', `weir realserver stop --vip ${VIP}`)),
    run('web2', `weir realserver stop --vip ${VIP}`),
    run('web1', 'ip -4 address show dev lo', { lacks: [VIP] }),
    run('web1', 'cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce', { answers: ['0\n0'] }),
  ],
};
