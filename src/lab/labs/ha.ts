// Two directors with VRRP, and two web servers behind their VIP by VS/DR with health checks: servers fail and come back, a sorry page
// stands in for both, the directors fail over, and synchronised connections with them: what a failover costs is counted.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { KEEPALIVED } from './dual.js';
import { curls, described, explained, explainedAfterGrace, logLines, mark, run, table, tableBecomes } from './steps.js';

const VIP = '172.16.246.140';
const CLIENT = '172.16.246.10';
const SORRY = 'Sorry, we are back soon';

interface Director {
  readonly name: 'lvs1' | 'lvs2';
  readonly state: 'MASTER' | 'BACKUP';
  readonly priority: number;
}

const webServer = (address: string): string => `
    real_server ${address} 80 {
        weight 1
        HTTP_GET {
            url {
                path /
                status_code 200
            }
            connect_timeout 3
            retry 3
            delay_before_retry 3
        }
    }
`;

/** keepalived.conf of one director. A test holds examples/keepalived/ha-*.conf against it. */
const configuration = ({ name, state, priority }: Director): string => `global_defs {
    router_id ${name}
    lvs_sync_daemon ens33 VI_1
}

vrrp_instance VI_1 {
    state ${state}
    interface ens33
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${VIP}/24 dev ens33 label ens33:1
    }
}

virtual_server ${VIP} 80 {
    delay_loop 6
    lvs_sched wlc
    lvs_method DR
    persistence_timeout 50
    protocol TCP
    sorry_server 127.0.0.1 80
${webServer('172.16.246.135')}${webServer('172.16.246.136')}}
`;

/** A bash script: how many connections survive what happens between its two requests on each. */
const CONNECTIONS = `trap '' PIPE
address=$1 count=$2 lost=0
ask() {
  printf 'GET / HTTP/1.1\\r\\nHost: lab\\r\\n\\r\\n' >&"$1" || return 1
  while IFS= read -r -t 10 -u "$1" line; do case $line in Welcome*) return 0 ;; esac; done
  return 1
} 2>/dev/null
for ((i = 0; i < count; i++)); do
  exec {fd}<>"/dev/tcp/$address/80" && ask "$fd" || exit 1
  open+=("$fd")
done
echo "\${#open[@]} connections are open"
until [ -e again ]; do read -r -t 0.1 <> <(:); done
for fd in "\${open[@]}"; do ask "$fd" || lost=$((lost + 1)); done
echo "$lost of $count connections were lost"
`;

const OPENED = 20;

/** Clients of established connections, in order. */
const ESTABLISHED = 'ipvsadm -Lcn | awk \'$3 == "ESTABLISHED" { print $4 }\' | sort';

/** Opens connections that stay open, beside what follows, and waits until the standby has those of the master. */
const holdConnections: readonly Step[] = [
  run('client1', `rm -f again; bash connections.sh ${VIP} ${OPENED} >connections.log 2>&1 &`),
  {
    kind: 'wait',
    on: 'client1',
    command: 'cat connections.log',
    seconds: 30,
    expect: { contains: [`${OPENED} connections are open`] },
  },
  run('lvs1', `${ESTABLISHED} | tee "$HOME/established"`, { matches: [`^${CLIENT}:\\d+$`] }),
  { kind: 'wait', on: 'lvs2', command: `${ESTABLISHED} | comm -13 - "$HOME/established"`, seconds: 30, expect: { answers: [''] } },
];

/** Asks on them again. */
const countConnections: readonly Step[] = [
  described(
    'The connections that were open: the new master has them by synchronisation, so that none is lost.',
    run('client1', 'touch again'),
  ),
  {
    kind: 'wait',
    on: 'client1',
    command: 'cat connections.log',
    seconds: 60,
    expect: { contains: [`0 of ${OPENED} connections were lost`] },
  },
];

const LINE = `inet ${VIP}/24 scope global secondary ens33:1`;
const address = (on: string, expect: WaitStep['expect']): WaitStep => ({
  kind: 'wait',
  on,
  command: 'ip addr show dev ens33',
  seconds: 40,
  expect,
});
const holds = (on: string): WaitStep => address(on, { contains: [LINE] });
const lacks = (on: string): WaitStep => address(on, { lacks: [LINE] });

const stopWeb = (web: string): Step => run(web, 'kill $(cat nginx.pid)');
const startWeb = (web: string): Step => run(web, 'nginx -p $PWD -e $PWD/error.log -c $PWD/nginx.conf >nginx.out 2>&1 &');

const VS = `[${VIP}]:tcp:80`;
const WEB1 = '[172.16.246.135]:tcp:80';
const WEB2 = '[172.16.246.136]:tcp:80';
const ROWS = ['-> 172\\.16\\.246\\.135:80 Route 1', '-> 172\\.16\\.246\\.136:80 Route 1'] as const;

/** Waits until a director's table has these of the two servers and no other. */
const serves = (on: string, ...webs: readonly (0 | 1)[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'ipvsadm -Ln',
  seconds: 60,
  expect: {
    contains: [`TCP ${VIP}:80 wlc`],
    ...(webs.length > 0 ? { matches: webs.map((web) => ROWS[web]) } : {}),
    ...(webs.length === 2
      ? {}
      : { lacks: ([0, 1] as const).filter((web) => !webs.includes(web)).map((web) => `172.16.246.13${5 + web}:80`) }),
  },
});

/** All requests reach one server; which one it is depends on the connections that were. */
const oneAnswers: Step = run('client1', `for i in $(seq 20); do curl http://${VIP}; done | sort | uniq -c`, {
  matches: ['^ ?20 Welcome from web[12]$'],
});

const start: readonly Step[] = [
  described('The servers hold the VIP on lo, hidden from ARP.', run('web1', `weir realserver start --vip ${VIP}`)),
  run('web2', `weir realserver start --vip ${VIP}`),
  described('Both directors start. lvs1 has the VIP under its label; both tables have both servers.', run('lvs1', KEEPALIVED)),
  run('lvs2', KEEPALIVED),
  holds('lvs1'),
  lacks('lvs2'),
  logLines('lvs1', '(VI_1) Entering MASTER STATE', `Activating healthchecker for service ${WEB1} for VS ${VS}`),
  logLines('lvs2', '(VI_1) Entering BACKUP STATE', `Activating healthchecker for service ${WEB1} for VS ${VS}`),
  serves('lvs1', 0, 1),
  serves('lvs2', 0, 1),
  described(
    'persistence_timeout 50: the client stays with the server of its first request.',
    run('lvs1', 'ipvsadm -Ln', { contains: [`TCP ${VIP}:80 wlc persistent 50`] }),
  ),
  oneAnswers,
  explainedAfterGrace(
    'lvs1',
    CLIENT,
    `${VIP}:80`,
    'verdict forwarded',
    `service TCP ${VIP}:80 wlc persistent 50`,
    `template ${CLIENT} -> 172.16.246.13`,
  ),
  run('lvs1', 'ipvsadm -Lcn', { matches: [`^TCP 00:[0-5][0-9] ASSURED [0-9.]+:0 ${VIP}:80 172\\.16\\.246\\.13[56]:80`] }),
  logLines('lvs1', `Remote Web server ${WEB1} succeed on service.`, `Remote Web server ${WEB2} succeed on service.`),
  logLines('lvs2', `Remote Web server ${WEB1} succeed on service.`, `Remote Web server ${WEB2} succeed on service.`),
];

const servers: readonly Step[] = [
  described("web2's server is stopped: three retries later both directors remove it, and web1 has all traffic.", stopWeb('web2')),
  serves('lvs1', 0),
  serves('lvs2', 0),
  logLines('lvs1', `HTTP_CHECK on service ${WEB2} failed after 3 retries.`, `Removing service ${WEB2} from VS ${VS}`),
  curls('client1', `http://${VIP}`, 'web1', 'web1', 'web1', 'web1'),
  described('It comes back: one success is enough.', startWeb('web2')),
  serves('lvs1', 0, 1),
  serves('lvs2', 0, 1),
  logLines('lvs1', `HTTP status code success to ${WEB2} url(/)`, `Adding service ${WEB2} to VS ${VS}`),
  oneAnswers,
  described("Both are stopped: the director's own web server says sorry.", stopWeb('web1')),
  stopWeb('web2'),
  tableBecomes('lvs1', 60, '-> 127\\.0\\.0\\.1:80 Route 1'),
  serves('lvs1'),
  logLines('lvs1', `Lost quorum 1-0=1 > 0 for VS ${VS}`, `Adding sorry server [127.0.0.1]:tcp:80 to VS ${VS}`),
  run('client1', `curl http://${VIP}`, { answers: [SORRY] }),
  explained('lvs1', '172.16.246.11', `${VIP}:80`, "verdict delivered to the director's own stack", 'chosen 127.0.0.1:80 route'),
  described('They come back, and the sorry server goes.', startWeb('web1')),
  startWeb('web2'),
  serves('lvs1', 0, 1),
  serves('lvs2', 0, 1),
  logLines('lvs1', `Gained quorum 1+0=1 <= 1 for VS ${VS}`, `Removing sorry server [127.0.0.1]:tcp:80 from VS ${VS}`),
  run('lvs1', 'ipvsadm -Ln', { lacks: ['127.0.0.1:80'] }),
  oneAnswers,
];

const gratuitousArp: Step = {
  kind: 'traffic',
  say: 'lvs2 says to everybody that the VIP has its MAC now.',
  expect: [
    {
      say: 'gratuitous ARP of lvs2 for the VIP',
      at: 'client1',
      direction: 'to',
      from: 'lvs2',
      protocol: 'arp-request',
      source: VIP,
      destination: VIP,
      packets: { min: 1 },
    },
  ],
};

/** lvs2 has taken over, and the client reaches the servers by it. */
const takenOver: readonly Step[] = [
  holds('lvs2'),
  gratuitousArp,
  logLines('lvs2', '(VI_1) Entering MASTER STATE', `Sending gratuitous ARP on ens33 for ${VIP}`),
  table('lvs2', `TCP ${VIP}:80 wlc`, '-> 172.16.246.135:80 Route 1', '-> 172.16.246.136:80 Route 1'),
  oneAnswers,
  ...countConnections,
];

const failovers: readonly Step[] = [
  described(`${OPENED} connections are open when the master is stopped for maintenance.`, mark),
  ...holdConnections,
  run('lvs1', 'kill $(cat keepalived.pid)'),
  lacks('lvs1'),
  run('lvs1', 'ipvsadm -Ln', { lacks: [VIP] }),
  ...takenOver,
  logLines('lvs2', '(VI_1) Backup received priority 0 advertisement'),
  described(
    'The master starts again: it has the higher priority, and takes the VIP back.',
    run('lvs1', `rm keepalived.log; ${KEEPALIVED}`),
  ),
  holds('lvs1'),
  lacks('lvs2'),
  serves('lvs1', 0, 1),
  logLines('lvs2', '(VI_1) Master received advert from 172.16.246.134 with higher priority 120, ours 100'),
  oneAnswers,

  described(`${OPENED} connections are open when the master crashes: every process at once, its cable cut.`, mark),
  ...holdConnections,
  run('sw', 'ip link set lvs1-ens33 down'),
  run('lvs1', 'kill -9 $(cat checkers.pid vrrp.pid keepalived.pid)'),
  ...takenOver,
  logLines('lvs2', '(VI_1) Receive advertisement timeout'),
  described(
    'With nopreempt the master that returns leaves the VIP where it is.',
    run('lvs1', 'sed -i "s/state MASTER/state BACKUP\\n    nopreempt/" keepalived.conf'),
  ),
  run('lvs1', `rm keepalived.log; ${KEEPALIVED}`),
  logLines('lvs1', 'entering FAULT state (interface ens33 down)'),
  run('sw', 'ip link set lvs1-ens33 up'),
  logLines('lvs1', '(VI_1) Entering BACKUP STATE'),
  // Longer than a backup waits for adverts.
  run('lvs1', 'sleep 6'),
  lacks('lvs1'),
  holds('lvs2'),
  serves('lvs1', 0, 1),
  oneAnswers,
];

const onLan = (last: number): LabHost['interfaces'] => ({ ens33: { switch: 'lan', addresses: [`172.16.246.${last}/24`] } });
const director = (which: Director, last: number): LabHost => ({
  director: true,
  interfaces: onLan(last),
  sites: [{ port: 80, body: SORRY }],
  files: { 'keepalived.conf': configuration(which) },
});

export const ha: Lab = {
  name: 'ha',
  title: 'two directors with VRRP and health checks, VS/DR, wlc, a sorry page; failovers that lose no connection',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: onLan(10), files: { 'connections.sh': CONNECTIONS } },
    lvs1: director({ name: 'lvs1', state: 'MASTER', priority: 120 }, 134),
    lvs2: director({ name: 'lvs2', state: 'BACKUP', priority: 100 }, 133),
    web1: { interfaces: onLan(135), sites: [{ port: 80 }] },
    web2: { interfaces: onLan(136), sites: [{ port: 80 }] },
  },
  needs: ['curl', 'nginx', 'bash'],
  steps: [...start, ...servers, ...failovers],
};
