// FTP under VS/NAT: the helper for FTP leads data connections, active and passive, to the server of the commands, without persistence.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { described, explained, mark, run } from './steps.js';

const [CLIENT, VIP, DIP] = ['192.168.88.10', '192.168.88.5', '192.168.99.5'];
const [RS1, RS2] = ['192.168.99.100', '192.168.99.200'];
const FILE = `ftp://${VIP}/welcome.txt`;

const server = (address: string, number: number): LabHost => ({
  interfaces: { eth1: { switch: 'back', addresses: [`${address}/24`] } },
  gateway: DIP,
  sites: [{ port: 21, protocol: 'ftp', body: `Welcome to FTP${number} server` }],
});

/** The file from both servers in turn. */
const fetched = (say: string, options: string): Step =>
  described(say, {
    kind: 'run',
    on: 'client1',
    command: `curl -m 10 ${options} ${FILE}`,
    times: 2,
    expect: { tally: { 'Welcome to FTP1 server': 1, 'Welcome to FTP2 server': 1 } },
  });

export const natFtp: Lab = {
  name: 'nat-ftp',
  title: 'FTP under VS/NAT: data connections, active and passive, by the helper for FTP',
  switches: ['front', 'back'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'front', addresses: [`${CLIENT}/24`] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'front', addresses: [`${VIP}/24`] }, eth1: { switch: 'back', addresses: [`${DIP}/24`] } },
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    ftp1: server(RS1, 1),
    ftp2: server(RS2, 2),
  },
  needs: ['curl'],
  steps: [
    run('lvs1', `ipvsadm -A -t ${VIP}:21 -s rr`),
    run('lvs1', `ipvsadm -a -t ${VIP}:21 -r ${RS1}:21 -m`),
    run('lvs1', `ipvsadm -a -t ${VIP}:21 -r ${RS2}:21 -m`),
    explained(
      'lvs1',
      CLIENT,
      `${VIP}:21`,
      'verdict forwarded',
      `service TCP ${VIP}:21 rr`,
      `chosen ${RS2}:21 masq`,
      `becomes TCP ${CLIENT}:5000 -> ${RS2}:21`,
    ),
    described('A connection to another port is left to the stack, until commands have named that port.', {
      ...explained('lvs1', CLIENT, `${VIP}:50000`, 'verdict left to the stack, unbalanced', 'connection none'),
    }),
    mark,
    fetched('Passive (PASV): the reply names the VIP in the server’s place.', '--disable-epsv'),
    fetched('Extended passive (EPSV): the reply names a port alone.', ''),
    fetched('Active (PORT): the server’s connection comes from port 20 of the VIP.', '--disable-eprt -P -'),
    fetched('Extended active (EPRT).', '-P -'),
    {
      kind: 'traffic',
      expect: [
        {
          say: 'data connections from port 20 of the VIP',
          at: 'client1',
          direction: 'to',
          source: VIP,
          sourcePort: 20,
          flags: 'S',
          packets: 4,
        },
        { say: 'of a server’s own address', at: 'client1', direction: 'to', source: RS1, packets: 0 },
        { say: 'to a server’s own address', at: 'client1', direction: 'from', destination: RS1, packets: 0 },
      ],
    },
    described('All connections, of commands and of data, are in the table.', {
      kind: 'run',
      on: 'lvs1',
      command: 'ipvsadm -Ln',
      expect: { contains: [`${RS1}:21 Masq`, `${RS2}:21 Masq`] },
    }),
    run('lvs1', 'weir doctor', { lacks: ['FTP'] }),
  ],
};
