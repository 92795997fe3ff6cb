// The three-tier set-up: two directors, a VIP each, HTTP balanced on both by weir proxy, or by nginx with what the same weir.yaml has. A script watches
// the balancer, so that a VIP goes where one works.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { KEEPALIVED } from './dual.js';
import { described, run } from './steps.js';

const VIP = { a: '172.16.1.100', b: '172.16.1.200' } as const;
const CLIENT = '172.16.1.10';
const WEBS = ['172.17.0.2', '172.17.0.3'] as const;
const PORTS = { a: 80, b: 81 } as const;
type Business = keyof typeof VIP;

/** What answers on a server: which business, where, and what it was asked. */
const SERVER = `import { createServer } from 'node:http';
const [, , address] = process.argv;
for (const [name, port] of [['a', ${PORTS.a}], ['b', ${PORTS.b}]])
  createServer(({ url, headers }, response) => {
    const asked = url === '/headers' ? ' ' + headers.host + ' ' + headers['x-forwarded-for'] : '';
    response.end('business-' + name + ' ' + address + ':' + port + asked + '\\n');
  }).listen(port, address);
`;

const CONFIG = `layer7:
  listeners:
    a: ${VIP.a}:80
    b: ${VIP.b}:80
  pools:
    business-a:
      servers: ["${WEBS[0]}:${PORTS.a}", "${WEBS[1]}:${PORTS.a}"]
      checks: { delay_loop: 1, TCP_CHECK: { connect_timeout: 1 } }
    business-b:
      servers:
        - { address: "${WEBS[0]}:${PORTS.b}", weight: 3 }
        - { address: "${WEBS[1]}:${PORTS.b}", weight: 1 }
      checks: { delay_loop: 1, TCP_CHECK: { connect_timeout: 1 } }
  hosts:
    - { listen: a, default_server: true, locations: [{ location: /, pool: business-a }] }
    - { server_name: [business-b.example], listen: a, locations: [{ location: /, pool: business-b }] }
    - { listen: b, default_server: true, locations: [{ location: /, pool: business-b }] }
`;

/** Succeeds while something takes connections for a VIP of this host. */
const CHECK = `#!/bin/sh
for vip in ${VIP.a} ${VIP.b}; do
  ss -Hltn "sport = :80" | grep -q "$vip:80 " || exit 1
done
`;

function configuration(own: Business): string {
  const instance = (name: Business, vrid: number): string => `
vrrp_instance Business${name.toUpperCase()} {
    state ${name === own ? 'MASTER' : 'BACKUP'}
    interface ens32
    virtual_router_id ${vrid}
    priority ${name === own ? 120 : 100}
    advert_int 1
    virtual_ipaddress {
        ${VIP[name]}/24 dev ens32 label ens32:${name === 'a' ? 1 : 2}
    }
    track_script {
        chk_balancer
    }
}
`;
  return `global_defs {
    router_id balancer_${own}
    vrrp_garp_master_delay 1
}
vrrp_script chk_balancer {
    script "/bin/sh \${_PWD}/check.sh"
    interval 1
    weight -30
    user root
}
${instance('a', 100)}${instance('b', 200)}`;
}

const director = (number: number, own: Business): LabHost => ({
  interfaces: {
    ens32: { switch: 'lan', addresses: [`172.16.1.${127 + number}/24`] },
    ens33: { switch: 'back', addresses: [`172.17.0.${250 + number}/24`] },
  },
  // nginx listens on a VIP that the other director holds; weir proxy would need no such setting.
  sysctls: { 'net.ipv4.ip_nonlocal_bind': 1 },
  files: { 'keepalived.conf': configuration(own), 'weir.yaml': CONFIG, 'check.sh': CHECK },
});

const web = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${address}/24`] } },
  files: { 'server.mjs': SERVER },
});

const startServer = (number: number): Step =>
  run(`web${number}`, `node server.mjs ${WEBS[number - 1]} >server.log 2>&1 & echo $! >server.pid`);

const answerOf = (business: Business, number: number): string => `business-${business} ${WEBS[number - 1]}:${PORTS[business]}`;

/** So many requests on one connection, which one process serves. */
const requests = (vip: Business, count: number, options = ''): string =>
  `curl -s${options} ${Array.from({ length: count }, () => `http://${VIP[vip]}/`).join(' ')}`;
const counted = (vip: Business, count: number, options = ''): string =>
  `${requests(vip, count, options)} | sort | uniq -c | xargs -L1 | xargs`;
const shares = (vip: Business, count: number, answer: string, options = ''): Step =>
  run('client1', counted(vip, count, options), { answers: [answer] });

const holds = (on: string, ...held: readonly Business[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'ip addr show dev ens32',
  seconds: 40,
  expect: {
    contains: [`inet 172.16.1.12${on === 'lvs1' ? 8 : 9}/24`, ...held.map((vip) => `inet ${VIP[vip]}/24`)],
    ...(held.length === 2 ? {} : { lacks: (['a', 'b'] as const).filter((vip) => !held.includes(vip)).map((vip) => `inet ${VIP[vip]}/24`) }),
  },
});
const reaches = (vip: Business, business: Business): WaitStep => ({
  kind: 'wait',
  on: 'client1',
  command: `curl -s -m 5 http://${VIP[vip]}/`,
  seconds: 30,
  expect: { contains: [`business-${business} `] },
});
const status = (on: string, ...contains: readonly string[]): WaitStep => ({
  kind: 'wait',
  on,
  command: 'weir proxy status',
  seconds: 20,
  expect: { contains },
});
const EVERY = 20;
/** None of so many requests fails, each with a connection of its own. */
const noneFails = (vip: Business): Step =>
  run(
    'client1',
    `for k in $(seq ${EVERY}); do curl -s -m 5 -o /dev/null -w '%{http_code}\\n' http://${VIP[vip]}/; done | sort | uniq -c | xargs`,
    {
      answers: [`${EVERY} 200`],
    },
  );

const PROXY = 'weir proxy --config weir.yaml --workers 2 --log access.log >proxy.log 2>&1 & echo $! >proxy.pid';

const steps: readonly Step[] = [
  ...[1, 2].map(startServer),
  described('weir proxy on both directors, on both VIPs, wherever these are.', run('lvs1', PROXY)),
  run('lvs2', PROXY),
  run('lvs1', KEEPALIVED),
  run('lvs2', KEEPALIVED),
  holds('lvs1', 'a'),
  holds('lvs2', 'b'),
  reaches('a', 'a'),
  reaches('b', 'b'),

  described('By the VIP: business A has two servers, which take turns.', shares('a', 4, `2 ${answerOf('a', 1)} 2 ${answerOf('a', 2)}`)),
  described('Business B has weights of 3 and 1.', shares('b', 8, `6 ${answerOf('b', 1)} 2 ${answerOf('b', 2)}`)),
  described(
    'By the Host, on the VIP of A.',
    shares('a', 4, `3 ${answerOf('b', 1)} 1 ${answerOf('b', 2)}`, " -H 'Host: business-b.example'"),
  ),
  described(
    'Servers get the Host of the client, and its address.',
    run('client1', `curl -s -H 'Host: www.business-a.example' http://${VIP.a}/headers`, { contains: [`www.business-a.example ${CLIENT}`] }),
  ),

  described('web2 is stopped: no request fails, from the first one on.', run('web2', 'kill $(cat server.pid)')),
  noneFails('a'),
  noneFails('b'),
  described('The check takes it out.', status('lvs1', `${WEBS[1]}:${PORTS.a} down`, `${WEBS[0]}:${PORTS.a} up`)),
  shares('a', 4, `4 ${answerOf('a', 1)}`),
  described('It is back.', startServer(2)),
  status('lvs1', `${WEBS[1]}:${PORTS.a} up`),
  run('client1', requests('a', 4), { contains: [answerOf('a', 2)] }),

  described(
    'A process of the proxy is killed: its sibling serves, and another one takes its place.',
    run('lvs1', 'kill -9 $(pgrep -P $(cat proxy.pid) | head -1)'),
  ),
  noneFails('a'),
  run('lvs1', 'sleep 1; pgrep -cP $(cat proxy.pid)', { answers: ['2'] }),

  described('The proxy of lvs1 is stopped: the script finds that out, and lvs2 has both VIPs.', run('lvs1', 'kill $(cat proxy.pid)')),
  holds('lvs1'),
  holds('lvs2', 'a', 'b'),
  reaches('a', 'a'),
  noneFails('a'),

  described(
    'The other way: nginx in its place, with what the same file has, and with the verdicts of the same checks.',
    run('lvs1', 'weir engine nginx --config weir.yaml --dir $PWD/engine >engine.log 2>&1 & echo $! >engine.pid'),
  ),
  holds('lvs1', 'a'),
  holds('lvs2', 'b'),
  reaches('a', 'a'),
  run('lvs1', 'ss -Hltnp "sport = :80"', { contains: [`${VIP.a}:80`, '"nginx"'], lacks: ['"node"'] }),
  shares('a', 4, `2 ${answerOf('a', 1)} 2 ${answerOf('a', 2)}`),
  shares('a', 4, `3 ${answerOf('b', 1)} 1 ${answerOf('b', 2)}`, " -H 'Host: business-b.example'"),
  run('client1', `curl -s -H 'Host: www.business-a.example' http://${VIP.a}/headers`, { contains: [`www.business-a.example ${CLIENT}`] }),

  run('lvs1', 'kill $(cat engine.pid) $(cat keepalived.pid)'),
  run('lvs2', 'kill $(cat proxy.pid) $(cat keepalived.pid)'),
  ...[1, 2].map((number) => run(`web${number}`, 'kill $(cat server.pid)')),
];

export const l7: Lab = {
  name: 'l7',
  title: 'HTTP behind two VIPs on two directors, by weir proxy and by nginx, with health checks',
  switches: ['lan', 'back'],
  hosts: {
    client1: { interfaces: { ens32: { switch: 'lan', addresses: [`${CLIENT}/24`] } } },
    lvs1: director(1, 'a'),
    lvs2: director(2, 'b'),
    web1: web(WEBS[0]),
    web2: web(WEBS[1]),
  },
  // Which server a client reached is in its answer.
  capture: false,
  needs: ['curl', 'node', 'nginx', 'ss'],
  steps,
};
