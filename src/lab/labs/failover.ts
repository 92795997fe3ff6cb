// Two directors that keep each other's connections by weir's own stream, and three servers. Chats and downloads go on while the master is killed, loses its power
// or its cables, comes back, is stopped, and gets another build: what each of these costs is counted.
import type { Lab, Step, WaitStep } from '../definition/lab.js';
import { KEEPALIVED } from './dual.js';
import { FailoverConnections, startClients } from './failover-connections.js';
import { DR_VIP, FULLNAT, hosts, NAT_VIP, PORT, SERVERS, VIPS } from './failover-hosts.js';
import { described, explainedAfterGrace, run, tableBecomes } from './steps.js';

type Director = 'lvs1' | 'lvs2';
const DIRECTORS = ['lvs1', 'lvs2'] as const;

const connections = new FailoverConnections();

const address = (on: Director, expect: WaitStep['expect']): WaitStep => ({
  kind: 'wait',
  on,
  command: 'ip -brief addr show dev eth0',
  seconds: 60,
  expect,
});
const holds = (on: Director): WaitStep => address(on, { contains: [`${NAT_VIP}/24`] });
const lacks = (on: Director): WaitStep => address(on, { lacks: [`${NAT_VIP}/24`] });

const cables = (state: 'down' | 'up'): Step =>
  run('sw', ['eth0', 'eth1', 'eth2'].map((port) => `ip link set lvs1-${port} ${state}`).join('; '));
const kill: Step = run('lvs1', 'kill -9 $(cat keepalived.pid) $(pgrep -P $(cat keepalived.pid))');
const start = (on: Director, command = KEEPALIVED): Step => run(on, `rm -f keepalived.log; ${command}`);

/** The log names what it waited for, if it did: it may have had all before it met the other one. */
const takesOver = (...log: readonly string[]): readonly Step[] => [
  {
    kind: 'wait',
    on: 'lvs1',
    command: "grep -F -e 'connections of its peers' -e 'Entering MASTER' keepalived.log",
    seconds: 90,
    expect: { contains: ['(VI_1) Entering MASTER STATE', ...log], lacks: ['preempts without'] },
  },
  holds('lvs1'),
  lacks('lvs2'),
];

const inStep = (on: Director): WaitStep => ({
  kind: 'wait',
  on,
  command: 'weir sync status',
  seconds: 60,
  expect: { contains: ['if this node dies now, 0 connections break', 'this node has all of its table'] },
});

const begin: readonly Step[] = [
  described('One key for the stream of both directors.', run('lvs1', 'weir sync keygen "$HOME/sync.key"', { matches: ['^[\\w-]{43}$'] })),
  ...DIRECTORS.map((on) => run(on, 'sed -i "s|KEYFILE|$HOME/sync.key|" keepalived.conf')),
  ...['web1', 'web2', 'web3'].map((web) => run(web, `weir realserver start --vip ${DR_VIP}`)),
  ...DIRECTORS.map((on) => start(on)),
  ...takesOver(),
  described('FULLNAT, which keepalived.conf does not have, by ipvsadm on both.', run('lvs1', FULLNAT)),
  run('lvs2', FULLNAT),
  ...DIRECTORS.map((on) =>
    tableBecomes(on, 60, ...['Masq', 'Route', 'FullNAT'].flatMap((method) => SERVERS.map((server) => `-> ${server}:${PORT} ${method} 1`))),
  ),
  explainedAfterGrace('lvs1', '203.0.113.9', `${NAT_VIP}:${PORT}`, 'verdict forwarded', `service TCP ${NAT_VIP}:${PORT} rr`),
  ...startClients,
  described(
    'Each client opens chats and a download: from outside by VS/NAT and FULLNAT, inside by VS/DR. They stay to the end.',
    inStep('lvs1'),
  ),
  ...connections.open(1),
  inStep('lvs1'),
];

/** Of the standby, and of the master while it carries all. */
const reloads: readonly Step[] = [
  described('A reload of both with another scheduler.', run('lvs2', 'sed -i s/rr$/wlc/ keepalived.conf; kill -HUP $(cat keepalived.pid)')),
  run('lvs1', 'sed -i s/rr$/wlc/ keepalived.conf; kill -HUP $(cat keepalived.pid)'),
  ...DIRECTORS.map((on) => tableBecomes(on, 60, `TCP ${NAT_VIP}:${PORT} wlc`, `TCP ${DR_VIP}:${PORT} wlc`)),
  ...connections.goOn(),
];

const killed: readonly Step[] = [
  described('kill -9 of all processes of the master. Its tables and addresses stay, and nothing sends adverts.', kill),
  holds('lvs2'),
  ...connections.goOn(),
  ...connections.open(0),
  described('It is started again, and takes over when it has all connections.', start('lvs1')),
  ...takesOver(),
  ...connections.goOn(),
];

const powerOff: readonly Step[] = [
  described('Power-off: all processes gone, all cables dead, then no tables and no addresses.', kill),
  cables('down'),
  run('lvs1', `weir unload; ${VIPS.map((vip) => `ip addr del ${vip}`).join('; ')}`),
  holds('lvs2'),
  ...connections.goOn(),
  ...connections.open(1),
  described('The power is back. The tables are empty, and it takes over when they are not.', cables('up')),
  run('lvs1', 'ipvsadm -Lcn', { lacks: ['TCP'] }),
  run('lvs1', FULLNAT),
  start('lvs1'),
  ...takesOver(),
  ...connections.goOn(),
];

const cablesCut: readonly Step[] = [
  described('All cables of the master are cut, that between the directors, too. Both live.', cables('down')),
  holds('lvs2'),
  lacks('lvs1'),
  ...connections.goOn(),
  ...connections.open(0),
  described('They are put back. The last connections are not here yet, and it waits for them.', run('lvs1', ': >keepalived.log')),
  cables('up'),
  ...takesOver('waits for connections of its peers', 'has all connections of its peers, and waits no longer'),
  ...connections.goOn(),
];

const handOver: readonly Step[] = [
  described(
    'A planned hand-over: the daemon of the master is stopped, and its last advert has priority 0.',
    run('lvs1', 'kill $(cat keepalived.pid)'),
  ),
  holds('lvs2'),
  lacks('lvs1'),
  ...connections.goOn(),
  ...connections.open(0),
  described('It is started again.', start('lvs1')),
  ...takesOver(),
  ...connections.goOn(),
];

/** Copied, and longer by a byte that no loader reads: the number of a build is that of its files. */
const COPY =
  'root=$(dirname $(dirname $(readlink -f $(command -v weir)))); mkdir "$HOME/other"; cp -a "$root/bin" "$root/dist" "$root/package.json" "$HOME/other"; printf " " >>"$HOME/other/dist/weir.bpf.o"';
const OTHER = '"$HOME/other/bin/weir"';
const OTHER_DAEMON = KEEPALIVED.replace('keepalived', '"$HOME/other/bin/keepalived"');

const loadOther = (on: Director): readonly Step[] => [
  run(on, `${OTHER} upgrade --check`, {
    contains: ['weir load replaces the programs that run by those of this build', 'kept as they are'],
  }),
  run(on, `${OTHER} load`, { contains: ['the programs of this build replaced those of another; the table and its connections stay'] }),
];

const upgrade: readonly Step[] = [
  described('An upgrade to another build: a copy of weir in another folder, whose programs have another number.', run('sw', COPY)),
  described('The standby first: its programs are exchanged, and its daemon is replaced.', inStep('lvs2')),
  ...loadOther('lvs2'),
  run('lvs2', 'kill $(cat keepalived.pid); while [ -e keepalived.pid ]; do sleep 0.1; done'),
  start('lvs2', OTHER_DAEMON),
  inStep('lvs1'),
  ...connections.goOn(),
  described('Then the master, while it carries all connections.', inStep('lvs2')),
  ...loadOther('lvs1'),
  ...connections.goOn(),
  described('Its daemon is replaced: the standby stands in for it meanwhile.', run('lvs1', 'kill $(cat keepalived.pid)')),
  holds('lvs2'),
  lacks('lvs1'),
  ...connections.goOn(),
  start('lvs1', OTHER_DAEMON),
  ...takesOver(),
  ...connections.goOn(),
];

export const failover: Lab = {
  name: 'failover',
  title: "two directors that keep each other's connections, three servers, VS/NAT, VS/DR and FULLNAT; no fault ends a chat or a download",
  switches: ['front', 'back', 'link'],
  hosts,
  // Downloads go on all the time.
  capture: false,
  needs: ['curl', 'pgrep'],
  steps: [
    ...begin,
    ...reloads,
    ...killed,
    ...powerOff,
    ...cablesCut,
    ...handOver,
    ...upgrade,
    described('All of them come to their end: the chats get their last answers, and the downloads their last bytes.', inStep('lvs1')),
    ...connections.end(),
  ],
};
