// Weights that follow the load: a neighbour takes 60 % of web1's time and goes again; then an agent falls silent, and another one lies.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { described, explained, run, table } from './steps.js';

const VIP = '192.168.88.5';
const SERVICE = `tcp:${VIP}:80`;
const addressOf = (web: number): string => `192.168.99.${10 + web}`;

/**
 * A web server with one worker: a request takes 20 ms of its time. While the file `neighbour` is there, something else has 60 % of that time, and a request
 * takes 50 ms. What the worker does is what the agent reports, so that the lab does not depend on how many CPUs this machine has.
 */
const SERVER = `import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [WORK_MS, TAKEN] = [20, 0.6];
let [busyMs, idleTakenMs, completed, reported, last] = [0, 0, 0, 0, 0];
const queue = [];
let working = false;
const now = () => performance.now();
const taken = () => (existsSync('neighbour') ? TAKEN : 0);
last = now();
function account(share) {
  busyMs += (now() - last) * share;
  last = now();
}
function next() {
  const response = queue.shift();
  account(working ? 1 : taken());
  working = response !== undefined;
  if (!working) return;
  setTimeout(() => {
    response.end('done\\n');
    completed++;
    next();
  }, WORK_MS / (1 - taken()));
}
createServer((request, response) => {
  queue.push(response);
  if (!working) next();
}).listen(80);
setInterval(() => {
  account(working ? 1 : taken());
  if (!existsSync('lie')) reported = busyMs;
  const worker = { busy: reported, total: now() };
  writeFileSync('counters.new', JSON.stringify({ format: 1, run: 'worker', clock_us: now() * 1000, resources: { worker }, completed }));
  renameSync('counters.new', 'counters.json');
}, 200);
`;

/** So many requests a second, each with a connection of its own, whatever becomes of them. */
const CLIENT = `import { get } from 'node:http';
const [, , host, perSecond] = process.argv;
const EVERY_MS = 50;
let due = 0;
setInterval(() => {
  for (due += (perSecond * EVERY_MS) / 1000; due >= 1; due--)
    get({ host, agent: false, timeout: 5000 }, (response) => response.resume()).on('error', () => {}).on('timeout', function () { this.destroy(); });
}, EVERY_MS);
`;

const web = (number: number): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${addressOf(number)}/24`] } },
  gateway: '192.168.99.5',
  files: { 'server.mjs': SERVER },
});

const startServer = (number: number): readonly Step[] => [
  run(`web${number}`, 'node server.mjs >server.log 2>&1 & echo $! >server.pid'),
  run(`web${number}`, `weir agent --http ${addressOf(number)}:8088 --counters counters.json --no-cpu >agent.log 2>&1 & echo $! >agent.pid`),
];

/** The row of a server in weir feedback status. `weight`, `state`: regular expressions. */
const row = (number: number, weight: string, state = 'measured'): string =>
  `^${addressOf(number).replaceAll('.', '\\.')}:80 100 ${weight} .* ${state}`;

const becomes = (seconds: number, ...matches: readonly string[]): WaitStep => ({
  kind: 'wait',
  on: 'lvs1',
  command: 'weir feedback status',
  seconds,
  expect: { matches },
});

const SUM = 'ipvsadm -Ln | awk \'/^ *->.*Masq/ { sum += $4; if ($4 < 1) zero = 1 } END { print "sum", sum; exit zero }\'';
const sumKept = run('lvs1', SUM, { answers: ['sum 300'] });
const WEIGHTS = "ipvsadm -Ln | awk '/^ *->.*Masq/ { print $2, $4 }'\n";

const steps: readonly Step[] = [
  ...[1, 2, 3].flatMap(startServer),
  run('lvs1', `ipvsadm -A -t ${VIP}:80 -s wrr`),
  ...[1, 2, 3].map((number) => run('lvs1', `ipvsadm -a -t ${VIP}:80 -r ${addressOf(number)}:80 -m -w 100`)),
  explained('lvs1', '192.168.88.10', `${VIP}:80`, 'verdict forwarded', `service TCP ${VIP}:80 wrr`),
  described('90 requests a second: 60 % of what the three can do.', run('client1', `node load.mjs ${VIP} 90 >load.log 2>&1 &`)),
  run('lvs1', `weir feedback run ${SERVICE} >feedback.log 2>&1 & echo $! >feedback.pid`),
  becomes(30, ...[1, 2, 3].map((number) => row(number, '(?:9\\d|1[01]\\d)'))),

  described('A neighbour takes 60 % of the time of web1.', run('web1', 'touch neighbour')),
  described('Within three periods its weight has fallen, and so has its share of the new connections.', {
    ...becomes(20, row(1, '(?:[1-6]\\d|70) \\d+% (?:\\d|1\\d|2[0-6])%')),
  }),
  sumKept,
  run('lvs1', `weir feedback explain ${SERVICE} ${addressOf(1)}:80`, {
    contains: ['configured 100', 'pool mean'],
    matches: [`^${addressOf(1).replaceAll('.', '\\.')}:80 of ${SERVICE}: weight \\d+`, '100→\\d+: busy [01]\\.\\d\\d over \\d\\.\\d s, '],
  }),

  described('The neighbour goes. Within ten periods web1 has its weight again.', run('web1', 'rm neighbour')),
  becomes(55, row(1, '(?:8[5-9]|9\\d|1[01]\\d)')),
  sumKept,

  described('The agent of web2 ends, and that of web3 reports no load.', run('web2', 'kill $(cat agent.pid)')),
  run('web3', 'touch lie'),
  becomes(20, row(2, '\\d+', 'measured, silent for [12] periods'), row(3, '\\d+', 'measured, silent for [12] periods')),
  described(
    'No weight changes by what they do.',
    run('lvs1', 'sh weights >before; sleep 6; sh weights | diff before - && echo the same', { answers: ['the same'] }),
  ),
  run('lvs1', "grep -F 'its report is ignored' feedback.log", {
    contains: [`${addressOf(3)}:80: its report is ignored: it reports no load, and completed `],
  }),

  described('It ends: the configured weights are back.', run('lvs1', 'kill $(cat feedback.pid)')),
  {
    kind: 'wait',
    on: 'lvs1',
    command: 'ipvsadm -Ln',
    seconds: 10,
    expect: { matches: [1, 2, 3].map((number) => `-> ${addressOf(number).replaceAll('.', '\\.')}:80 Masq 100 `) },
  },
  table('lvs1', `TCP ${VIP}:80 wrr`),
];

export const feedback: Lab = {
  name: 'feedback',
  title: 'weights that follow the load: a busy server gets less and recovers; silent and lying agents change nothing',
  switches: ['front', 'back'],
  hosts: {
    client1: {
      interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } },
      files: { 'load.mjs': CLIENT },
    },
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: [`${VIP}/24`] },
        eth1: { switch: 'back', addresses: ['192.168.99.5/24'] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
      files: { weights: WEIGHTS },
    },
    web1: web(1),
    web2: web(2),
    web3: web(3),
  },
  // What counts is where connections go, which the director counts.
  capture: false,
  needs: ['node'],
  steps,
};
