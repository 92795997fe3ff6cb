// VS/NAT with a two-legged director: round robin, weighted round robin, port mapping.
import type { Lab } from '../model.js';

const sites = (host: string) => [{ port: 80 }, { port: 8080, body: `Welcome from ${host} on port 8080` }];

export const nat: Lab = {
  name: 'nat',
  title: 'VS/NAT: a director with a leg in each of two networks',
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
    web1: { interfaces: { eth1: { switch: 'back', addresses: ['192.168.99.100/24'] } }, gateway: '192.168.99.5', sites: sites('web1') },
    web2: { interfaces: { eth1: { switch: 'back', addresses: ['192.168.99.200/24'] } }, gateway: '192.168.99.5', sites: sites('web2') },
  },
  needs: ['curl'],
  steps: [
    { kind: 'run', say: 'Before there is a service, the client reaches both servers by plain routing.', on: 'client1', command: 'curl http://192.168.99.100', expect: { answers: ['Welcome from web1'] } },
    { kind: 'run', on: 'client1', command: 'curl http://192.168.99.200', expect: { answers: ['Welcome from web2'] } },
    { kind: 'run', on: 'client1', command: 'curl http://192.168.88.5', expect: { exit: 7 } },

    { kind: 'run', say: 'A virtual service with two servers, round robin: the server added last is served first, weights do not count.', on: 'lvs1', command: 'ipvsadm -A -t 192.168.88.5:80 -s rr' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.100 -w 1 -m' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.200 -w 2 -m' },
    {
      kind: 'run', on: 'lvs1', command: 'ipvsadm -Ln',
      expect: {
        contains: [
          'Prot LocalAddress:Port Scheduler Flags', 'TCP 192.168.88.5:80 rr\n',
          '-> 192.168.99.100:80 Masq 1 0 0', '-> 192.168.99.200:80 Masq 2 0 0',
        ],
      },
    },
    { kind: 'mark' },
    {
      kind: 'run', on: 'client1', command: 'curl http://192.168.88.5', times: 6,
      expect: { answers: ['Welcome from web2', 'Welcome from web1', 'Welcome from web2', 'Welcome from web1', 'Welcome from web2', 'Welcome from web1'] },
    },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -Ln', expect: { contains: ['-> 192.168.99.100:80 Masq 1 0 3', '-> 192.168.99.200:80 Masq 2 0 3'] } },
    { kind: 'served', say: 'The servers\' own logs, and what passed the switches.', expect: { web1: 3, web2: 3 } },
    {
      kind: 'traffic', expect: [
        { say: 'SYNs that reach web1 with the client\'s address', at: 'web1', direction: 'to', source: '192.168.88.10', destination: '192.168.99.100', destinationPort: 80, flags: 'S', packets: 3 },
        { say: 'SYNs that reach web2 with the client\'s address', at: 'web2', direction: 'to', source: '192.168.88.10', destination: '192.168.99.200', destinationPort: 80, flags: 'S', packets: 3 },
        { say: 'answers to SYNs that reach the client from the VIP', at: 'client1', direction: 'to', from: 'lvs1', source: '192.168.88.5', sourcePort: 80, flags: 'SA', packets: 6 },
        { say: 'packets that reach the client from a server\'s own address', at: 'client1', direction: 'to', source: '192.168.99.100', packets: 0 },
        { say: 'connections torn down by a reset', protocol: 'tcp', flags: 'R', packets: 0 },
      ],
    },

    { kind: 'run', say: 'Weighted round robin: web2 twice for each time web1.', on: 'lvs1', command: 'ipvsadm -E -t 192.168.88.5:80 -s wrr' },
    { kind: 'mark' },
    {
      kind: 'run', on: 'client1', command: 'curl http://192.168.88.5', times: 6,
      expect: { answers: ['Welcome from web2', 'Welcome from web2', 'Welcome from web1', 'Welcome from web2', 'Welcome from web2', 'Welcome from web1'] },
    },
    { kind: 'served', expect: { web1: 2, web2: 4 } },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -Ln', expect: { contains: ['TCP 192.168.88.5:80 wrr'] } },

    { kind: 'run', say: 'Without the service the director answers for itself again, and nobody listens there.', on: 'lvs1', command: 'ipvsadm -D -t 192.168.88.5:80' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -Ln', expect: { lacks: ['192.168.88.5:80'] } },
    { kind: 'run', on: 'client1', command: 'curl http://192.168.88.5', expect: { exit: 7 } },

    { kind: 'run', say: 'Port mapping: VIP:80 to port 8080 of the servers.', on: 'lvs1', command: 'ipvsadm -A -t 192.168.88.5:80 -s rr' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.100:8080 -m' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.200:8080 -m' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -Ln', expect: { contains: ['-> 192.168.99.100:8080 Masq 1', '-> 192.168.99.200:8080 Masq 1'] } },
    {
      kind: 'run', on: 'client1', command: 'curl http://192.168.88.5', times: 2,
      expect: { answers: ['Welcome from web2 on port 8080', 'Welcome from web1 on port 8080'] },
    },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -D -t 192.168.88.5:80' },
    { kind: 'run', on: 'lvs1', command: 'ipvsadm -D -t 192.168.88.5:80', expect: { exit: 255, errors: ['No such service'] } },
    { kind: 'run', on: 'client1', command: 'curl http://192.168.99.100', expect: { answers: ['Welcome from web1'] } },
  ],
};
