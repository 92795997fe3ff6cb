// Persistence by a firewall mark under VS/DR: a client's connections to several ports go to one server, and those to other ports are no part of it.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { curls, described, explained, mark, refused, run, table } from './steps.js';

const VIP = '172.16.246.140';
const [RS1, RS2] = ['172.16.246.135', '172.16.246.136'];
const MARK = 3;
const lan = (last: number): LabHost => ({ interfaces: { ens33: { switch: 'lan', addresses: [`172.16.246.${last}/24`] } } });
const server = (last: number): LabHost => ({ ...lan(last), sites: [{ port: 80 }, { port: 443 }, { port: 8080 }] });
const [HTTP, HTTPS, OTHER] = [`http://${VIP}`, `http://${VIP}:443`, `http://${VIP}:8080`];

/** The first service of a mark loads programs, which took over 30 s on a busy machine. */
const LOAD_SECONDS = 120;

const grouped: readonly Step[] = [
  described(
    'Ports 80 and 443 of the VIP get one mark.',
    run('lvs1', `iptables -t mangle -A PREROUTING -d ${VIP} -p tcp -m multiport --dports 80,443 -j MARK --set-mark ${MARK}`),
  ),
  described('Without persistence each connection is scheduled.', { ...run('lvs1', `ipvsadm -A -f ${MARK} -s rr`), seconds: LOAD_SECONDS }),
  run('lvs1', `ipvsadm -a -f ${MARK} -r ${RS1} -g`),
  run('lvs1', `ipvsadm -a -f ${MARK} -r ${RS2} -g`),
  curls('client1', HTTP, 'rs136', 'rs135'),
  described('With it, both ports of a client go to one server.', run('lvs1', `ipvsadm -E -f ${MARK} -s rr -p 600`)),
  table('lvs1', `FWM ${MARK} rr persistent 600`, `-> ${RS1}:0 Route 1`, `-> ${RS2}:0 Route 1`),
  mark,
  curls('client1', HTTP, 'rs136', 'rs136'),
  curls('client1', HTTPS, 'rs136', 'rs136'),
  curls('client2', HTTPS, 'rs135', 'rs135'),
  curls('client2', HTTP, 'rs135', 'rs135'),
  { kind: 'served', expect: { rs135: 4, rs136: 4 } },
  described(
    'The binding names the mark; a connection names the port that the client asked for.',
    run('lvs1', 'ipvsadm -Lcn', {
      matches: [
        `^IP (10:00|09:\\d\\d) ASSURED 172\\.16\\.246\\.150:0 0\\.0\\.0\\.${MARK}:0 ${RS2.replaceAll('.', '\\.')}:0$`,
        `^TCP \\d\\d:\\d\\d [A-Z_]+ 172\\.16\\.246\\.151:\\d+ ${VIP.replaceAll('.', '\\.')}:443 ${RS1.replaceAll('.', '\\.')}:443$`,
      ],
    }),
  ),
  described('Why the next connection of a client goes where it goes: by the mark that netfilter gives it.', {
    ...run('lvs1', `weir explain --from 172.16.246.150:5000 --to ${VIP}:443 --mark ${MARK}`, {
      contains: ['verdict forwarded', `service FWM ${MARK} rr persistent 600`, 'template 172.16.246.150 ->', 'leads the client there'],
    }),
  }),
  described('Port 8080 has no mark: it is the director’s own, where nothing listens.', refused('client1', OTHER)),
  explained('lvs1', '172.16.246.150', `${VIP}:8080`, 'verdict left to the stack, unbalanced', 'service none'),
];

const changed: readonly Step[] = [
  described(
    'One more port joins the group: the rules decide about new connections only.',
    run('lvs1', `iptables -t mangle -A PREROUTING -d ${VIP} -p tcp --dport 8080 -j MARK --set-mark ${MARK}`),
  ),
  curls('client1', OTHER, 'rs136'),
  curls('client2', OTHER, 'rs135'),
  described('Without the service the VIP is the director’s alone.', run('lvs1', `ipvsadm -D -f ${MARK}`)),
  refused('client1', HTTP),
];

export const persistMarks: Lab = {
  name: 'persist-marks',
  title: 'Persistence by a firewall mark under VS/DR: ports 80 and 443 of a client go to one server',
  switches: ['lan'],
  hosts: {
    client1: lan(150),
    client2: lan(151),
    lvs1: { ...lan(134), director: true, sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.send_redirects': 0 } },
    rs135: server(135),
    rs136: server(136),
  },
  needs: ['curl', 'iptables'],
  steps: [
    run('rs135', `weir realserver start --vip ${VIP}`),
    run('rs136', `weir realserver start --vip ${VIP}`),
    run('lvs1', `weir vip add ${VIP}/24 --dev ens33 --label ens33:0`),
    ...grouped,
    ...changed,
  ],
};
