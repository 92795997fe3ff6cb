// VS/DR with a real server on the director itself; as in current kernels, the table shows the configured method.
import type { Lab } from '../definition/lab.js';
import { curls, described, explained, mark, run, table } from './steps.js';

const VIP = '192.168.88.15';

export const drLocal: Lab = {
  name: 'dr-local',
  title: 'VS/DR with one of the real servers on the director itself',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.10/24'] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.5/24', `${VIP}/24`] } },
      sysctls: { 'net.ipv4.ip_forward': 0 },
      sites: [{ port: 80 }],
    },
    web1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.100/24'] } }, sites: [{ port: 80 }] },
  },
  needs: ['curl'],
  steps: [
    run('web1', `weir realserver start --vip ${VIP}`),
    described('Without a service the director’s own web server answers at the VIP.', curls('client1', `http://${VIP}`, 'lvs1')),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.100 -g`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r 192.168.88.5 -g`),
    table('lvs1', '-> 192.168.88.5:80 Route 1 0 0', '-> 192.168.88.100:80 Route 1 0 0'),
    described('The director’s own stack would get the next packet.', {
      ...explained(
        'lvs1',
        '192.168.88.10',
        `${VIP}:80`,
        "verdict delivered to the director's own stack, where the server is",
        'chosen 192.168.88.5:80 route',
      ),
    }),
    mark,
    curls('client1', `http://${VIP}`, 'lvs1', 'web1', 'lvs1', 'web1', 'lvs1', 'web1'),
    table('lvs1', '-> 192.168.88.5:80 Route 1 0 3', '-> 192.168.88.100:80 Route 1 0 3'),
    { kind: 'served', expect: { lvs1: 3, web1: 3 } },
    {
      kind: 'traffic',
      expect: [
        { say: 'answers of the director’s own server', at: 'lvs1', direction: 'from', source: VIP, flags: 'SA', packets: 3 },
        { say: 'answers of web1 to the client', at: 'client1', direction: 'to', from: 'web1', source: VIP, flags: 'SA', packets: 3 },
      ],
    },
  ],
};
