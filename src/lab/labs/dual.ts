// Two VRRP instances, both directors active: each holds one VIP and stands by for the other's.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { described, run } from './steps.js';

/** The daemon as a service manager starts it, with its log and pid files in the host's folder. */
export const KEEPALIVED =
  'keepalived -D -G -f $PWD/keepalived.conf --log-file=$PWD/keepalived.log -p $PWD/keepalived.pid -r $PWD/vrrp.pid -c $PWD/checkers.pid';

/** keepalived.conf of one director: both instances, of which `own` has the higher priority. */
const configuration = (own: 'BusinessA' | 'BusinessB'): string => {
  const instance = (name: string, state: string, vrid: number, priority: number, vip: string, label: string): string => `
vrrp_instance ${name} {
    state ${state}
    interface ens32
    virtual_router_id ${vrid}
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${vip}/24 dev ens32 label ${label}
    }
    track_script {
        chk_${name}
    }
}
`;
  const script = (name: string): string => `
vrrp_script chk_${name} {
    script "/usr/bin/test ! -e \${_PWD}/${name}.down"
    interval 1
    weight -30
}
`;
  const [a, b] = own === 'BusinessA' ? (['MASTER', 'BACKUP'] as const) : (['BACKUP', 'MASTER'] as const);
  const priority = (state: string): number => (state === 'MASTER' ? 120 : 100);
  return `global_defs {
    router_id ${own}
    vrrp_garp_master_delay 1
}
${script('BusinessA')}${script('BusinessB')}${instance('BusinessA', a, 100, priority(a), '172.16.1.100', 'ens32:1')}${instance('BusinessB', b, 200, priority(b), '172.16.1.200', 'ens32:2')}`;
};

/** A member of another pair on the same LAN: the same VRID in another multicast group. */
const OTHER_PAIR = `global_defs {
    vrrp_mcast_group4 224.0.0.50
}
vrrp_instance Other {
    interface ens32
    virtual_router_id 100
    priority 250
    virtual_ipaddress {
        172.16.1.210/24
    }
}
`;

const director = (address: string, own: 'BusinessA' | 'BusinessB'): LabHost => ({
  interfaces: { ens32: { switch: 'lan', addresses: [`${address}/24`] } },
  // A server may listen on a VIP that the other director holds.
  sysctls: { 'net.ipv4.ip_nonlocal_bind': 1 },
  sites: [{ port: 80 }, { port: 8100, address: '172.16.1.100' }],
  files: { 'keepalived.conf': configuration(own) },
});

const VIP = { a: '172.16.1.100', b: '172.16.1.200' } as const;
const LINES = {
  a: 'inet 172.16.1.100/24 scope global secondary ens32:1',
  b: 'inet 172.16.1.200/24 scope global secondary ens32:2',
} as const;

/** Waits until `ip addr` of a director shows these of the two VIPs and no other. */
const shows = (on: string, ...held: readonly ('a' | 'b')[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'ip addr show dev ens32',
  seconds: 40,
  expect: {
    contains: [`inet 172.16.1.12${on === 'lvs1' ? 8 : 9}/24`, ...held.map((vip) => LINES[vip])],
    ...(held.length === 2 ? {} : { lacks: (['a', 'b'] as const).filter((vip) => !held.includes(vip)).map((vip) => LINES[vip]) }),
  },
});

/** The client reaches a VIP, and this director answers. */
const reaches = (vip: 'a' | 'b', answer: string, port = 80): WaitStep => ({
  kind: 'wait',
  on: 'client1',
  command: `curl http://${VIP[vip]}:${port}`,
  seconds: 30,
  expect: { answers: [`Welcome from ${answer}`] },
});

/** Waits until the log contains these lines. */
export const logs = (on: string, ...contains: readonly string[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'cat keepalived.log',
  seconds: 40,
  expect: { contains },
});

const steps: readonly Step[] = [
  described('Both directors start; each shows its own VIP, under its label.', run('lvs1', KEEPALIVED)),
  run('lvs2', KEEPALIVED),
  shows('lvs1', 'a'),
  shows('lvs2', 'b'),
  logs('lvs1', '(BusinessA) Entering MASTER STATE', '(BusinessB) Entering BACKUP STATE'),
  logs('lvs2', '(BusinessB) Entering MASTER STATE', '(BusinessA) Entering BACKUP STATE'),
  reaches('a', 'lvs1'),
  reaches('b', 'lvs2'),
  reaches('a', 'lvs1', 8100),

  described(
    'The service behind BusinessA fails on lvs1: its script reports it, and only that VIP moves.',
    run('lvs1', 'touch BusinessA.down'),
  ),
  shows('lvs1'),
  shows('lvs2', 'a', 'b'),
  logs('lvs1', 'VRRP_Script(chk_BusinessA) failed (exited with status 1)', '(BusinessA) Changing effective priority from 120 to 90'),
  reaches('a', 'lvs2'),
  reaches('a', 'lvs2', 8100),
  reaches('b', 'lvs2'),
  described('The service works again: BusinessA moves back, BusinessB has not moved.', run('lvs1', 'rm BusinessA.down')),
  shows('lvs1', 'a'),
  shows('lvs2', 'b'),
  logs('lvs1', 'VRRP_Script(chk_BusinessA) succeeded', '(BusinessA) Changing effective priority from 90 to 120'),
  reaches('a', 'lvs1'),

  described(
    'lvs2 is stopped for maintenance: it sends priority 0, and lvs1 has both VIPs within a second.',
    run('lvs2', 'kill $(cat keepalived.pid)'),
  ),
  shows('lvs2'),
  shows('lvs1', 'a', 'b'),
  logs('lvs1', '(BusinessB) Backup received priority 0 advertisement', '(BusinessB) Entering MASTER STATE'),
  reaches('b', 'lvs1'),
  reaches('a', 'lvs1'),
  described('It starts again and takes its VIP back.', run('lvs2', `rm keepalived.log; ${KEEPALIVED}`)),
  shows('lvs2', 'b'),
  shows('lvs1', 'a'),
  reaches('b', 'lvs2'),

  described(
    'lvs1 crashes: every process at once, its cable cut. lvs2 waits for three missing adverts.',
    run('sw', 'ip link set lvs1-ens32 down'),
  ),
  run('lvs1', 'kill -9 $(cat vrrp.pid keepalived.pid)'),
  shows('lvs2', 'a', 'b'),
  logs('lvs2', '(BusinessA) Receive advertisement timeout', '(BusinessA) Entering MASTER STATE'),
  reaches('a', 'lvs2'),
  described(
    'It boots again. Addresses that the crash left are removed before it sends adverts.',
    run('lvs1', `rm keepalived.log; ${KEEPALIVED}`),
  ),
  run('sw', 'ip link set lvs1-ens32 up'),
  shows('lvs1', 'a'),
  shows('lvs2', 'b'),
  reaches('a', 'lvs1'),

  described(
    'Another pair on this LAN uses VRID 100, too, but its own multicast group: the pairs do not affect each other.',
    run('other1', KEEPALIVED),
  ),
  logs('other1', '(Other) Entering MASTER STATE'),
  shows('lvs1', 'a'),
  run('lvs1', 'cat keepalived.log', { lacks: ['172.16.1.140', 'higher priority 250'] }),
  reaches('a', 'lvs1'),
];

export const dual: Lab = {
  name: 'dual',
  title: 'two VRRP instances, both directors active; each VIP fails over alone',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { ens32: { switch: 'lan', addresses: ['172.16.1.10/24'] } } },
    lvs1: director('172.16.1.128', 'BusinessA'),
    lvs2: director('172.16.1.129', 'BusinessB'),
    other1: {
      interfaces: { ens32: { switch: 'lan', addresses: ['172.16.1.140/24'] } },
      files: { 'keepalived.conf': OTHER_PAIR },
    },
  },
  needs: ['curl'],
  steps,
};
