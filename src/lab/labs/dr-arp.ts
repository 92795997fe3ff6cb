// A deliberate fault: web1 has the VIP and answers ARP for it, so clients may reach it without the director.
import type { Lab, LabHost } from '../definition/lab.js';
import { described, explained, mark, run } from './steps.js';

const VIP = '192.168.88.15';
const server = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  sites: [{ port: 80 }],
});

const ask = run('client1', `ip neighbour flush dev eth0; curl http://${VIP}`);

export const drArp: Lab = {
  name: 'dr-arp',
  title: 'VS/DR with a fault: web1 answers ARP for the VIP; weir doctor finds it',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.10/24'] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.5/24', `${VIP}/24`] } },
      sysctls: { 'net.ipv4.ip_forward': 0 },
    },
    web1: server('192.168.88.100'),
    web2: server('192.168.88.200'),
  },
  needs: ['curl'],
  steps: [
    described(
      'web1 gets the VIP by hand, without the ARP settings; web2 gets it with them.',
      run('web1', `ip address add ${VIP}/32 dev lo`),
    ),
    run('web2', `weir realserver start --vip ${VIP}`),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.100 -g`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.200 -g`),
    described('What reaches the director would go to web2.', {
      ...explained(
        'lvs1',
        '192.168.88.10',
        `${VIP}:80`,
        'verdict forwarded',
        'chosen 192.168.88.200:80 route',
        'not 192.168.88.100:80 route',
      ),
    }),
    mark,
    described('The client asks by ARP for the VIP, and two hosts answer: it uses either one.', ask),
    {
      kind: 'traffic',
      expect: [
        { say: 'ARP answers for the VIP by the director', protocol: 'arp-reply', from: 'lvs1', source: VIP, packets: { min: 1 } },
        { say: 'ARP answers for the VIP by web1', protocol: 'arp-reply', from: 'web1', source: VIP, packets: { min: 1 } },
        { say: 'ARP answers for the VIP by web2', protocol: 'arp-reply', from: 'web2', source: VIP, packets: 0 },
      ],
    },
    described(
      'On the director, weir doctor names the other host that answers; on web1 it names the settings.',
      run('lvs1', 'weir doctor', {
        exit: 2,
        contains: [`real server 192.168.88.100 answers ARP for VIP ${VIP}`, 'arp_ignore', `weir realserver start --vip ${VIP}`],
      }),
    ),
    run('web1', `weir doctor --role rs --vip ${VIP}`, { exit: 2, contains: ['arp_ignore'] }),

    described('The fix.', run('web1', `weir realserver start --vip ${VIP}`)),
    run('lvs1', 'weir doctor', { contains: ['nothing is wrong'] }),
    mark,
    ask,
    {
      kind: 'traffic',
      expect: [
        { say: 'ARP answers for the VIP by the director', protocol: 'arp-reply', from: 'lvs1', source: VIP, packets: { min: 1 } },
        { say: 'ARP answers for the VIP by web1', protocol: 'arp-reply', from: 'web1', source: VIP, packets: 0 },
      ],
    },
    mark,
    // The next server depends on whether the first ARP request above was answered by the director.
    {
      kind: 'run',
      on: 'client1',
      command: `curl http://${VIP}`,
      times: 2,
      expect: { tally: { 'Welcome from web1': 1, 'Welcome from web2': 1 } },
    },
    { kind: 'served', expect: { web1: 1, web2: 1 } },
  ],
};
