// A fault on purpose: web1 has the VIP but answers ARP for it, so clients may find it without the director.
import type { Lab, LabHost } from '../definition/lab.js';
import { mark, run, tell } from './steps.js';

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
    tell('web1 gets the VIP by hand, without the ARP settings; web2 as it should be.', run('web1', `ip address add ${VIP}/32 dev lo`)),
    run('web2', `weir realserver start --vip ${VIP}`),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.100 -g`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.200 -g`),
    mark,
    tell('The client asks who has the VIP, and two hosts answer: which one it takes is chance.', ask),
    {
      kind: 'traffic',
      expect: [
        { say: 'ARP answers for the VIP by the director', protocol: 'arp-reply', from: 'lvs1', source: VIP, packets: { min: 1 } },
        { say: 'ARP answers for the VIP by web1', protocol: 'arp-reply', from: 'web1', source: VIP, packets: { min: 1 } },
        { say: 'ARP answers for the VIP by web2', protocol: 'arp-reply', from: 'web2', source: VIP, packets: 0 },
      ],
    },
    tell(
      'weir doctor on the director names who else answers; on web1 it names the settings.',
      run('lvs1', 'weir doctor', {
        exit: 2,
        contains: [`real server 192.168.88.100 answers ARP for VIP ${VIP}`, 'arp_ignore', `weir realserver start --vip ${VIP}`],
      }),
    ),
    run('web1', `weir doctor --role rs --vip ${VIP}`, { exit: 2, contains: ['arp_ignore'] }),

    tell('The fix.', run('web1', `weir realserver start --vip ${VIP}`)),
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
    // Whose turn it is depends on whether the first question above met the director.
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
