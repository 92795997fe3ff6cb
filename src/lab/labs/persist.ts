// Persistence under VS/DR: a client stays with its server, for one port of the VIP and for all of them; networks of clients; servers that retire.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { curls, described, explained, mark, run, table } from './steps.js';

const VIP = '172.16.246.140';
const [RS1, RS2] = ['172.16.246.135', '172.16.246.136'];
const [CLIENT1, CLIENT2] = ['172.16.246.150', '172.16.246.151'];
const lan = (last: number): LabHost => ({ interfaces: { ens33: { switch: 'lan', addresses: [`172.16.246.${last}/24`] } } });
const server = (last: number): LabHost => ({ ...lan(last), sites: [{ port: 80 }, { port: 8080 }] });

/** In the form of a regular expression. */
const pattern = (address: string): string => address.replaceAll('.', '\\.');

const onePort: readonly Step[] = [
  run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
  run('lvs1', `ipvsadm -a -t ${VIP}:80 -r ${RS1} -g -w 3`),
  run('lvs1', `ipvsadm -a -t ${VIP}:80 -r ${RS2} -g -w 4`),
  described('Without -p each connection is scheduled.', curls('client1', `http://${VIP}`, 'rs136', 'rs135')),
  described('With -p, and without -s, the scheduler becomes wlc.', run('lvs1', `ipvsadm -E -t ${VIP}:80 -p 600`)),
  table('lvs1', `TCP ${VIP}:80 wlc persistent 600`),
  mark,
  curls('client1', `http://${VIP}`, 'rs136', 'rs136', 'rs136', 'rs136'),
  described('PersistConn: one client is bound to rs136, none to rs135.', {
    kind: 'run',
    on: 'lvs1',
    command: 'ipvsadm -Ln --persistent-conn',
    expect: { matches: [`^-> ${pattern(RS1)}:80 3 0 0 1$`, `^-> ${pattern(RS2)}:80 4 1 0 5$`] },
  }),
  described(
    'The binding itself is a connection of port 0: its time begins again with each new connection.',
    run('lvs1', 'ipvsadm -Lcn', {
      matches: [`^TCP (10:00|09:\\d\\d) ASSURED 172\\.16\\.246\\.150:0 ${pattern(VIP)}:80 ${pattern(RS2)}:80$`],
    }),
  ),
  described('A next connection would go there by that template; a client without one is scheduled.', {
    ...explained(
      'lvs1',
      CLIENT1,
      `${VIP}:80`,
      'verdict forwarded',
      `service TCP ${VIP}:80 wlc persistent 600`,
      `template ${CLIENT1} -> ${RS2}:80,`,
      'leads the client there',
    ),
  }),
  explained('lvs1', CLIENT2, `${VIP}:80`, `chosen ${RS1}:80 route weight 3`, `not ${RS2}:80 route weight 4`),
  described('Another client is scheduled by itself.', curls('client2', `http://${VIP}`, 'rs135', 'rs135', 'rs135')),
  { kind: 'served', expect: { rs135: 3, rs136: 4 } },
];

const retired: readonly Step[] = [
  described(
    'rs136 retires: weight 0. Its clients stay, which is how kernels have it by default.',
    run('lvs1', `ipvsadm -e -t ${VIP}:80 -r ${RS2} -g -w 0`),
  ),
  curls('client1', `http://${VIP}`, 'rs136', 'rs136'),
  described('With expire_quiescent_template their next connections go elsewhere.', {
    kind: 'run',
    on: 'lvs1',
    command: 'weir sysctl -w net.ipv4.vs.expire_quiescent_template=1',
  }),
  explained(
    'lvs1',
    CLIENT1,
    `${VIP}:80`,
    `template ${CLIENT1} -> ${RS2}:80,`,
    'does not lead: its server was removed, or is quiesced',
    `chosen ${RS1}:80`,
  ),
  curls('client1', `http://${VIP}`, 'rs135', 'rs135'),
  run('lvs1', 'weir sysctl -w net.ipv4.vs.expire_quiescent_template=0'),
  run('lvs1', `ipvsadm -D -t ${VIP}:80`),
];

const allPorts: readonly Step[] = [
  described('Port 0: all ports of the VIP, which goes with -p only.', run('lvs1', `ipvsadm -A -t ${VIP}:0 -s rr -p 600`)),
  run('lvs1', `ipvsadm -a -t ${VIP}:0 -r ${RS1} -g`),
  run('lvs1', `ipvsadm -a -t ${VIP}:0 -r ${RS2} -g`),
  table('lvs1', `TCP ${VIP}:0 rr persistent 600`, `-> ${RS1}:0 Route 1`, `-> ${RS2}:0 Route 1`),
  mark,
  curls('client1', `http://${VIP}`, 'rs136', 'rs136'),
  described('Another port, the same server.', curls('client1', `http://${VIP}:8080`, 'rs136', 'rs136')),
  curls('client2', `http://${VIP}:8080`, 'rs135', 'rs135'),
  curls('client2', `http://${VIP}`, 'rs135', 'rs135'),
  { kind: 'served', expect: { rs135: 4, rs136: 4 } },
];

/** Whose turn it is under rr. */
const NEXT = 'rs136';
const networks: readonly Step[] = [
  described('-M: the clients of a network are one client.', run('lvs1', `ipvsadm -E -t ${VIP}:0 -s rr -p 600 -M 255.255.255.0`)),
  table('lvs1', `TCP ${VIP}:0 rr persistent 600 mask 255.255.255.0`),
  mark,
  curls('client1', `http://${VIP}:8080`, NEXT, NEXT),
  curls('client2', `http://${VIP}`, NEXT, NEXT),
  { kind: 'served', expect: { [NEXT]: 4 } },
];

export const persist: Lab = {
  name: 'persist',
  title: 'Persistence under VS/DR: one port, all ports, networks of clients, a server that retires',
  switches: ['lan'],
  hosts: {
    client1: lan(150),
    client2: lan(151),
    lvs1: { ...lan(134), director: true },
    rs135: server(135),
    rs136: server(136),
  },
  needs: ['curl'],
  steps: [
    run('rs135', `weir realserver start --vip ${VIP}`),
    run('rs136', `weir realserver start --vip ${VIP}`),
    run('lvs1', `weir vip add ${VIP}/24 --dev ens33 --label ens33:0`),
    ...onePort,
    ...retired,
    ...allPorts,
    ...networks,
  ],
};
