// VS/DR again with other addresses: a VIP with a label, weights 3 and 4.
import type { Lab, LabHost } from '../definition/lab.js';
import { curls, described, explained, mark, run, table } from './steps.js';

const VIP = '172.16.246.140';
const server = (address: string): LabHost => ({
  interfaces: { ens33: { switch: 'lan', addresses: [`${address}/24`] } },
  sites: [{ port: 80 }],
});

export const dr2: Lab = {
  name: 'dr-2',
  title: 'VS/DR with the VIP as ens33:0, weights 3 and 4',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { ens33: { switch: 'lan', addresses: ['172.16.246.150/24'] } } },
    lvs1: {
      director: true,
      interfaces: { ens33: { switch: 'lan', addresses: ['172.16.246.134/24'] } },
      sysctls: { 'net.ipv4.ip_forward': 0 },
    },
    rs135: server('172.16.246.135'),
    rs136: server('172.16.246.136'),
  },
  needs: ['curl'],
  steps: [
    run('rs135', `weir realserver start --vip ${VIP}`),
    run('rs136', `weir realserver start --vip ${VIP}`),
    described(
      'The VIP as an alias of the director’s interface, after a check that no other host has it.',
      run('lvs1', `weir vip add ${VIP}/24 --dev ens33 --label ens33:0`),
    ),
    run('lvs1', 'ip -4 address show dev ens33', { contains: [`inet ${VIP}/24`, 'ens33:0'] }),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s wlc`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 172.16.246.135 -g -w 3`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 172.16.246.136 -g -w 4`),
    explained(
      'lvs1',
      '172.16.246.150',
      `${VIP}:80`,
      'verdict forwarded',
      'chosen 172.16.246.136:80 route weight 4',
      'leaves by ens33 to 172.16.246.136',
    ),
    mark,
    curls('client1', `http://${VIP}`, 'rs136', 'rs135', 'rs136', 'rs135', 'rs136', 'rs135', 'rs136'),
    table('lvs1', `TCP ${VIP}:80 wlc`, '-> 172.16.246.135:80 Route 3 0 3', '-> 172.16.246.136:80 Route 4 0 4'),
    { kind: 'served', expect: { rs135: 3, rs136: 4 } },
    {
      kind: 'traffic',
      expect: [
        { say: 'answers to the client from the servers themselves', at: 'client1', direction: 'to', source: VIP, flags: 'SA', packets: 7 },
        { say: 'packets of any reply at the director', at: 'lvs1', source: VIP, sourcePort: 80, packets: 0 },
      ],
    },
  ],
};
