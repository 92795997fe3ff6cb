// Many connections: 200,000 requests, 500 concurrent, each with its own connection, through NAT and then through DR.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { described, explained, run, tableBecomes } from './steps.js';

const DIP = '192.168.99.5';
const DR_VIP = '192.168.88.15';

/** 2^19, and then 2^20. */
const ROOM = 524_288;
const RESIZE_LATER = `(sleep 3; weir load --connections ${2 * ROOM} >"$HOME/resized" 2>&1) >/dev/null 2>&1 &`;
/** How many connections are in each state. */
const STATES = "ipvsadm -Lcn | sed -n 's/^TCP *[0-9:]* *\\([A-Z_]*\\) .*/\\1/p' | sort | uniq -c";

/** Queues large enough for 500 concurrent connects, so that the client does not fail. */
export const QUEUE_SYSCTLS = { 'net.core.somaxconn': 16384, 'net.ipv4.tcp_max_syn_backlog': 16384 };

const natServer = (address: string): LabHost => ({
  interfaces: { eth1: { switch: 'back', addresses: [`${address}/24`] } },
  gateway: DIP,
  sysctls: QUEUE_SYSCTLS,
  sites: [{ port: 80 }],
});
const drServer = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'front', addresses: [`${address}/24`] } },
  sysctls: QUEUE_SYSCTLS,
  sites: [{ port: 80 }],
});

/** `ab` stops at the first error, and counts answers of another length as failed. */
export const load = (vip: string): Step => ({
  kind: 'run',
  on: 'client1',
  command: `ab -q -n 200000 -c 500 http://${vip}/`,
  seconds: 300,
  expect: { contains: ['Complete requests: 200000', 'Failed requests: 0'], lacks: ['Non-2xx', 'Write errors'] },
});

export const stress: Lab = {
  name: 'stress',
  title: '200,000 requests, 500 at once, through NAT and through DR: no error, ActiveConn back to 0',
  switches: ['front', 'back'],
  hosts: {
    client1: {
      interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } },
      gateway: '192.168.88.5',
      sysctls: { 'net.ipv4.ip_local_port_range': '1024 65535' },
    },
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: ['192.168.88.5/24', `${DR_VIP}/24`] },
        eth1: { switch: 'back', addresses: [`${DIP}/24`] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    web1: natServer('192.168.99.100'),
    web2: natServer('192.168.99.200'),
    web3: drServer('192.168.88.100'),
    web4: drServer('192.168.88.200'),
  },
  // There are too many packets to capture: the servers' logs and ab's counts are the evidence.
  capture: false,
  needs: ['curl', 'ab'],
  steps: [
    run('web3', `weir realserver start --vip ${DR_VIP}`),
    run('web4', `weir realserver start --vip ${DR_VIP}`),
    run('lvs1', 'ipvsadm -A -t 192.168.88.5:80 -s wlc'),
    run('lvs1', 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.100 -m'),
    run('lvs1', 'ipvsadm -a -t 192.168.88.5:80 -r 192.168.99.200 -m'),
    run('lvs1', `ipvsadm -A -t ${DR_VIP}:80 -s wlc`),
    run('lvs1', `ipvsadm -a -t ${DR_VIP}:80 -r 192.168.88.100 -g`),
    run('lvs1', `ipvsadm -a -t ${DR_VIP}:80 -r 192.168.88.200 -g`),
    explained('lvs1', '192.168.88.10', '192.168.88.5:80', 'verdict forwarded', `service TCP 192.168.88.5:80 wlc`, 'leaves by eth1'),
    explained('lvs1', '192.168.88.10', `${DR_VIP}:80`, 'verdict forwarded', `service TCP ${DR_VIP}:80 wlc`, 'leaves by eth0'),
    { kind: 'mark' },
    described('Through NAT.', load('192.168.88.5')),
    { kind: 'served', expect: { '*': 200_000, web1: { min: 60_000 }, web2: { min: 60_000 } } },
    tableBecomes('lvs1', 30, '^-> 192\\.168\\.99\\.100:80 Masq 1 0 \\d+', '^-> 192\\.168\\.99\\.200:80 Masq 1 0 \\d+'),
    described('The states of what is left.', run('lvs1', STATES, { matches: ['^\\d+ TIME_WAIT$'], lacks: ['ESTABLISHED', 'SYN'] })),
    described('The size of the table: another one while these connections are there, without a new build.', {
      kind: 'run',
      on: 'lvs1',
      command: `weir load --connections ${ROOM}`,
      expect: { matches: [`room for ${ROOM} connections now; \\d+ connections moved, none was lost`] },
    }),
    described(
      'Closed connections of DR, whose servers the director does not see, are to go after 2 s.',
      run('lvs1', 'ipvsadm --set 0 2 0'),
    ),
    { kind: 'mark' },
    described('Through DR, and the size changes once more meanwhile.', run('lvs1', RESIZE_LATER)),
    load(DR_VIP),
    {
      kind: 'wait',
      on: 'lvs1',
      command: 'cat "$HOME/resized"',
      seconds: 30,
      expect: { contains: [`room for ${2 * ROOM} connections now`] },
    },
    { kind: 'served', expect: { '*': 200_000, web3: { min: 60_000 }, web4: { min: 60_000 } } },
    tableBecomes('lvs1', 30, '^-> 192\\.168\\.88\\.100:80 Route 1 0 0$', '^-> 192\\.168\\.88\\.200:80 Route 1 0 0$'),
  ],
};
