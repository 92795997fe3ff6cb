// FTP under VS/DR: data connections fail by port 21 alone, and work with persistence, by a service of all ports and by a mark.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { described, explained, mark, run } from './steps.js';

const [CLIENT, VIP] = ['10.83.33.50', '10.83.33.100'];
const [RS1, RS2] = ['10.83.33.76', '10.83.33.2'];
const MARK = 21;
const server = (address: string, number: number): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  sites: [{ port: 21, protocol: 'ftp', body: `Welcome to FTP${number} server` }],
});

/** The first line of a server, by a control connection alone. */
const BANNER = `bash -c 'exec 3<>/dev/tcp/${VIP}/21; read -r line <&3; echo "$line"' | tr -d '\\r'`;
const FILE = `ftp://${VIP}/welcome.txt`;
const PASSIVE = `curl -m 10 --disable-epsv ${FILE}`;

const servers = (service: string): readonly Step[] => [
  run('lvs1', `ipvsadm -a ${service} -r ${RS1} -g -w 3`),
  run('lvs1', `ipvsadm -a ${service} -r ${RS2} -g -w 1`),
];

/** The file by passive and active data connections, from one server; the packets of the latter come from port 20, and their answers go by the director. */
const fetched = (text: string): readonly Step[] => [
  mark,
  { kind: 'run', on: 'client1', command: PASSIVE, times: 2, expect: { answers: [text, text] } },
  { kind: 'run', on: 'client1', command: `curl -m 10 ${FILE}`, times: 2, expect: { answers: [text, text] } },
  { kind: 'run', on: 'client1', command: `curl -m 10 -P - ${FILE}`, times: 2, expect: { answers: [text, text] } },
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
        packets: 2,
      },
    ],
  },
];

const commandsAlone: readonly Step[] = [
  described('The port of commands alone: each connection gets a server by the weights.', run('lvs1', `ipvsadm -A -t ${VIP}:21 -s wrr`)),
  ...servers(`-t ${VIP}:21`),
  {
    kind: 'run',
    on: 'client1',
    command: BANNER,
    times: 4,
    expect: { tally: { '220 Welcome to FTP1 server': 3, '220 Welcome to FTP2 server': 1 } },
  },
  described(
    'Passive: the client opens a second connection to the VIP, to a port of which the director knows nothing.',
    run('client1', PASSIVE, { exit: 7 }),
  ),
  explained('lvs1', CLIENT, `${VIP}:50000`, 'verdict left to the stack, unbalanced', 'connection none'),
  described('doctor names it.', run('lvs1', 'weir doctor', { exit: 1, contains: ['data connections of FTP find no server'] })),
];

const persistent: readonly Step[] = [
  described('Its fix: with persistence the data connections of port 21 go to the server of the commands.', {
    ...run('lvs1', `ipvsadm -E -t ${VIP}:21 -s wrr -p 300`),
  }),
  ...fetched('Welcome to FTP1 server'),
  described('A data connection finds the client’s template.', {
    ...explained(
      'lvs1',
      CLIENT,
      `${VIP}:50000`,
      'verdict forwarded',
      `service TCP ${VIP}:21 wrr persistent 300`,
      `template ${CLIENT} -> ${RS1}:`,
    ),
  }),
  run('lvs1', 'weir doctor', { lacks: ['FTP'] }),
  run('lvs1', `ipvsadm -D -t ${VIP}:21`),
];

const allPorts: readonly Step[] = [
  described('All ports of the VIP, and persistence: a client has one server for commands and data.', {
    ...run('lvs1', `ipvsadm -A -t ${VIP}:0 -s wrr -p 600`),
  }),
  ...servers(`-t ${VIP}:0`),
  ...fetched('Welcome to FTP2 server'),
  run('lvs1', 'weir doctor', { lacks: ['FTP'] }),
  run('lvs1', `ipvsadm -D -t ${VIP}:0`),
];

const byMark: readonly Step[] = [
  described(
    'Or a mark for the ports of commands and of data: other ports of the VIP are no part of it.',
    run('lvs1', `iptables -t mangle -A PREROUTING -d ${VIP} -p tcp -m multiport --dports 20,21,1024:65535 -j MARK --set-mark ${MARK}`),
  ),
  run('lvs1', 'sysctl -w net.ipv4.ip_forward=1'),
  run('lvs1', `ipvsadm -A -f ${MARK} -s wrr -p 600`),
  ...servers(`-f ${MARK}`),
  ...fetched('Welcome to FTP2 server'),
];

export const drFtp: Lab = {
  name: 'dr-ftp',
  title: 'FTP under VS/DR: data connections with persistence, by port 21, all ports of the VIP, and a mark',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: [`${CLIENT}/24`] } } },
    lvs1: { director: true, interfaces: { eth0: { switch: 'lan', addresses: ['10.83.33.83/24'] } }, sysctls: { 'net.ipv4.ip_forward': 0 } },
    ftp1: server(RS1, 1),
    ftp2: server(RS2, 2),
  },
  needs: ['curl', 'iptables', 'bash'],
  steps: [
    run('ftp1', `weir realserver start --vip ${VIP}`),
    run('ftp2', `weir realserver start --vip ${VIP}`),
    run('lvs1', `weir vip add ${VIP}/24 --dev eth0 --label eth0:0`),
    ...commandsAlone,
    ...persistent,
    ...allPorts,
    ...byMark,
  ],
};
