// VS/NAT again with other addresses: statistics, a destination added twice, weights 5 and 3.
import type { Lab } from '../definition/lab.js';
import { curls, described, explained, mark, run, table } from './steps.js';

const VIP = 'http://192.168.205.152';
const server = (address: string) => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${address}/24`] } },
  gateway: '172.16.184.130',
  sites: [{ port: 80 }],
});

export const nat2: Lab = {
  name: 'nat-2',
  title: 'VS/NAT with other addresses: statistics in both directions, weights 5 and 3',
  switches: ['front', 'back'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'front', addresses: ['192.168.205.151/24'] } }, gateway: '192.168.205.152' },
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: ['192.168.205.152/24'] },
        eth1: { switch: 'back', addresses: ['172.16.184.130/24'] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    rs131: server('172.16.184.131'),
    rs132: server('172.16.184.132'),
  },
  needs: ['curl'],
  steps: [
    described('From an empty table.', run('lvs1', 'ipvsadm -C')),
    run('lvs1', 'ipvsadm -A -t 192.168.205.152:80 -s rr'),
    run('lvs1', 'ipvsadm -a -t 192.168.205.152:80 -r 172.16.184.131:80 -m'),
    run('lvs1', 'ipvsadm -a -t 192.168.205.152:80 -r 172.16.184.132:80 -m'),
    explained(
      'lvs1',
      '192.168.205.151',
      '192.168.205.152:80',
      'verdict forwarded',
      'chosen 172.16.184.132:80 masq weight 1',
      'leaves by eth1',
    ),
    mark,
    curls('client1', VIP, 'rs132', 'rs131', 'rs132', 'rs131', 'rs132', 'rs131', 'rs132'),
    { kind: 'served', expect: { rs131: 3, rs132: 4 } },
    described('Connections, packets and bytes in both directions; the counters are updated every two seconds.', {
      kind: 'wait',
      on: 'lvs1',
      command: 'ipvsadm -L -n --stats',
      seconds: 10,
      expect: {
        matches: [
          '^TCP 192\\.168\\.205\\.152:80 7 [1-9]\\d+ [1-9]\\d+ [1-9]\\d+ [1-9]\\d+$',
          '^-> 172\\.16\\.184\\.131:80 3 [1-9]\\d+ [1-9]\\d+ [1-9]\\d+ [1-9]\\d+$',
          '^-> 172\\.16\\.184\\.132:80 4 [1-9]\\d+ [1-9]\\d+ [1-9]\\d+ [1-9]\\d+$',
        ],
      },
    }),
    described(
      'A destination can be in a service only once.',
      run('lvs1', 'ipvsadm -a -t 192.168.205.152:80 -r 172.16.184.131:80 -m', { exit: 255, errors: ['Destination already exists'] }),
    ),
    described('Weights 5 and 3 under wrr.', run('lvs1', 'ipvsadm -e -t 192.168.205.152:80 -r 172.16.184.131:80 -m -w 5')),
    run('lvs1', 'ipvsadm -e -t 192.168.205.152:80 -r 172.16.184.132:80 -m -w 3'),
    run('lvs1', 'ipvsadm -E -t 192.168.205.152:80 -s wrr'),
    table('lvs1', 'TCP 192.168.205.152:80 wrr', '-> 172.16.184.131:80 Masq 5', '-> 172.16.184.132:80 Masq 3'),
    mark,
    {
      kind: 'run',
      on: 'client1',
      command: `curl ${VIP}`,
      times: 16,
      expect: { tally: { 'Welcome from rs131': 10, 'Welcome from rs132': 6 } },
    },
    { kind: 'served', expect: { rs131: 10, rs132: 6 } },
  ],
};
