// A director with traffic for the dashboard: four servers in two services, of which one fails; a client that goes on asking.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { described, run } from './steps.js';

const VIP = '192.168.88.5';
const addressOf = (web: number): string => `192.168.99.${10 + web}`;
const WEBS = [1, 2, 3, 4] as const;

const realServer = (web: number, port: number): string => `    real_server ${addressOf(web)} ${port} {
        weight ${web}
        TCP_CHECK {
            connect_timeout 1
            retry 0
        }
    }
`;

const virtualServer = (port: number, scheduler: string): string => `virtual_server ${VIP} ${port} {
    delay_loop 1
    lvs_sched ${scheduler}
    lvs_method NAT
    protocol TCP

${WEBS.map((web) => realServer(web, port)).join('')}}
`;

const CONFIGURATION = `global_defs {
    router_id lvs1
}

vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        192.168.88.6/24
    }
}

${virtualServer(80, 'wrr')}
${virtualServer(8080, 'wlc')}`;

/** It has a weir.yaml so that process api of the daemon runs. */
const WEIR_YAML = 'api: {enabled: true}\n';

/** Tens of requests a second, to both services. */
const TRAFFIC = `while :; do
  curl -s -o /dev/null -m 2 http://${VIP}/
  curl -s -o /dev/null -m 2 http://${VIP}:8080/
  sleep 0.05
done
`;

const web = (number: number): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${addressOf(number)}/24`] } },
  gateway: '192.168.99.5',
  sites: [{ port: 80 }, { port: 8080 }],
});

const DAEMON =
  'weir run --weir-config weir.yaml -f keepalived.conf -n -l -D -p $PWD/run.pid -r $PWD/vrrp.pid -c $PWD/checkers.pid >daemon.log 2>&1 & echo $! >daemon.pid';

const answers = (path: string, ...contains: readonly string[]): Step => ({
  kind: 'wait',
  on: 'lvs1',
  command: `weir api GET ${path}`,
  seconds: 20,
  expect: { contains },
});

const steps: readonly Step[] = [
  described('The daemon starts, with the control API as one of its processes.', run('lvs1', DAEMON)),
  answers('/livez', 'ok'),
  answers('/v1/checks', '"quorumUp":true'),
  described('A client asks both services, from now on.', run('client1', 'sh traffic >/dev/null 2>&1 & echo $! >traffic.pid')),
  answers(`/v1/services/tcp:${VIP}:80`, '"up":true'),
  described(
    "web4's ports are closed to the director: its health checks find it.",
    run('web4', `iptables -A INPUT -p tcp -s 192.168.99.5 -j REJECT --reject-with tcp-reset`),
  ),
  answers('/v1/checks', '"up":false'),
  described('The page of the dashboard comes from the same process.', run('lvs1', 'weir api GET /', { contains: ['/dashboard.js'] })),
  described(
    'With --keep all this stays. This command, in another terminal, prints the address for a browser on this machine.',
    run('lvs1', "sed -n 's/.*the API answers at \\(\\S*\\) .*/weir dashboard --socket \\1/p' daemon.log", {
      contains: ['weir dashboard --socket /run/weir/api/'],
    }),
  ),
];

export const dashboard: Lab = {
  name: 'dashboard',
  title: 'a director with traffic and a server that failed, for the dashboard (with --keep)',
  switches: ['front', 'back'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } }, files: { traffic: TRAFFIC } },
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: [`${VIP}/24`] },
        eth1: { switch: 'back', addresses: ['192.168.99.5/24'] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
      files: { 'keepalived.conf': CONFIGURATION, 'weir.yaml': WEIR_YAML },
    },
    ...Object.fromEntries(WEBS.map((number) => [`web${number}`, web(number)])),
  },
  capture: false,
  needs: ['curl', 'iptables'],
  steps,
};
