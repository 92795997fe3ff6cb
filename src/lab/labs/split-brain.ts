// VRRP blocked by a firewall: both directors become master and log it, and doctor finds the host, the cause and the fix. A second link for
// heartbeats prevents this when one link is cut.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { KEEPALIVED, logs } from './dual.js';
import { described, run } from './steps.js';

const VIP = 'inet 172.16.1.100/24';

/** keepalived.conf of one director. `peer`: the other's address on the second link; absent: no heartbeat. */
const configuration = (priority: number, password: string, peer?: string): string => `vrrp_instance BusinessA {
    state BACKUP
    interface ens32
    virtual_router_id 100
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass ${password}
    }
    virtual_ipaddress {
        172.16.1.100/24
    }
${peer === undefined ? '' : `    heartbeat {\n        ens33 ${peer}\n    }\n`}}
`;

const director = (number: 128 | 129, priority: number): LabHost => ({
  interfaces: {
    ens32: { switch: 'lan', addresses: [`172.16.1.${number}/24`] },
    ens33: { switch: 'second', addresses: [`10.0.0.${number}/24`] },
  },
  sites: [{ port: 80 }],
  files: {
    'keepalived.conf': configuration(priority, '1111'),
    'password.conf': configuration(priority, '2222'),
    'heartbeat.conf': configuration(priority, '1111', `10.0.0.${number === 128 ? 129 : 128}`),
  },
});

const holds = (on: string): WaitStep => ({ kind: 'wait', on, command: 'ip addr show dev ens32', seconds: 40, expect: { contains: [VIP] } });
const lacks = (on: string): WaitStep => ({ kind: 'wait', on, command: 'ip addr show dev ens32', seconds: 40, expect: { lacks: [VIP] } });

/** Always the same file name, so that the daemon's command does not change. */
const configure = (on: string, file: string): Step =>
  run(on, `cp ${file} keepalived.conf.new && mv keepalived.conf.new keepalived.conf && kill -HUP $(cat keepalived.pid)`);

const doctor = (on: string, ...matches: readonly string[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'weir doctor',
  seconds: 40,
  expect: { exit: 2, matches },
});

const firewall: readonly Step[] = [
  described('A healthy pair: lvs1 is master, and doctor finds nothing.', run('lvs1', KEEPALIVED)),
  run('lvs2', KEEPALIVED),
  holds('lvs1'),
  logs('lvs2', 'Entering BACKUP STATE'),
  lacks('lvs2'),
  run('lvs1', 'weir doctor', { contains: ['nothing is wrong'] }),
  run('lvs2', 'weir doctor', { contains: ['nothing is wrong'] }),

  described(
    'A new firewall rule on lvs2 drops adverts to 224.0.0.18. Both become master.',
    run('lvs2', 'iptables -A INPUT -d 224.0.0.18 -j DROP'),
  ),
  holds('lvs2'),
  holds('lvs1'),
  described(
    'Each daemon logs it once, with the likely cause.',
    logs('lvs1', 'SPLIT BRAIN: 172.16.1.129 is MASTER of VRID 100, too: it does not receive our adverts'),
  ),
  logs('lvs2', 'SPLIT BRAIN: 02:77:00:00:01:00 is MASTER of VRID 100, too: it answers for 172.16.1.100 on ens32'),
  described(
    'doctor on lvs2 names the other node, the rule, and the command that fixes it.',
    doctor(
      'lvs2',
      '^ERROR 172\\.16\\.1\\.100 \\(BusinessA, VRID 100\\) is here and 172\\.16\\.1\\.128 \\(02:77:00:00:01:00\\) answers for it, too, on ens32: the rule "-d 224\\.0\\.0\\.18/32 -j DROP" \\(iptables filter INPUT\\) drops adverts of 172\\.16\\.1\\.128',
      '-p 112 -s 172\\.16\\.1\\.128 -d 224\\.0\\.0\\.18 -j ACCEPT$',
    ),
  ),
  described(
    'On lvs1 no rule blocks VRRP; doctor names the host to examine.',
    doctor(
      'lvs1',
      'is here and 172\\.16\\.1\\.129 \\(02:77:00:00:02:00\\) answers for it.*its adverts \\(VRID 100, priority 100\\) arrive here: either it does not receive ours',
      'advice: weir doctor on 172\\.16\\.1\\.129 names the rule',
    ),
  ),
  described('The fix, as doctor printed it.', run('lvs2', 'sh -c "$(weir doctor | sed -n \'s/^ERROR.* fix: //p\')"')),
  lacks('lvs2'),
  logs('lvs2', 'Master received advert from 172.16.1.128 with higher priority 120, ours 100'),
  logs('lvs1', 'split brain is over after'),
  run('lvs2', 'weir doctor', { contains: ['nothing is wrong'] }),
  run('lvs2', 'iptables -F INPUT'),
];

const settings: readonly Step[] = [
  described(
    'Another password on lvs2: each refuses the other, both are master, and each log names the difference.',
    configure('lvs2', 'password.conf'),
  ),
  holds('lvs2'),
  holds('lvs1'),
  logs('lvs1', '172.16.1.129 is MASTER of VRID 100, too: auth_pass (or key) differs between the nodes'),
  logs('lvs2', '172.16.1.128 is MASTER of VRID 100, too: auth_pass (or key) differs between the nodes'),
  doctor('lvs1', 'is here and 172\\.16\\.1\\.129 .* answers for it.*auth_pass'),
];

const heartbeat: readonly Step[] = [
  described('Both get a heartbeat over the second link. Healthy again.', configure('lvs2', 'heartbeat.conf')),
  configure('lvs1', 'heartbeat.conf'),
  holds('lvs1'),
  lacks('lvs2'),
  described(
    'The same rule again: lvs2 receives no advert, but the heartbeat reports that lvs1 is master. lvs2 stays backup.',
    run('lvs2', 'iptables -A INPUT -d 224.0.0.18 -j DROP'),
  ),
  // Twice as long as a backup waits for adverts.
  run('lvs2', 'sleep 8'),
  lacks('lvs2'),
  holds('lvs1'),
  run('lvs2', 'iptables -F INPUT'),
  described('The second link is cut instead: adverts are enough.', run('sw', 'ip link set lvs2-ens33 down')),
  run('lvs2', 'sleep 4'),
  lacks('lvs2'),
  holds('lvs1'),
  described('When lvs1 stops, both adverts and heartbeats stop.', run('lvs1', 'kill -9 $(cat vrrp.pid keepalived.pid)')),
  run('sw', 'ip link set lvs1-ens32 down'),
  holds('lvs2'),
];

export const splitBrain: Lab = {
  name: 'split-brain',
  title: 'VRRP blocked by a firewall: both are master, both log it, doctor finds the fix; a second link prevents it',
  switches: ['lan', 'second'],
  hosts: {
    client1: { interfaces: { ens32: { switch: 'lan', addresses: ['172.16.1.10/24'] } } },
    lvs1: director(128, 120),
    lvs2: director(129, 100),
  },
  needs: ['iptables', 'nft'],
  steps: [...firewall, ...settings, ...heartbeat],
};
