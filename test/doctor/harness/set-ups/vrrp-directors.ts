// Working pairs of directors: keepalived moves the VIP and keeps the table, on the node that serves and on the standby.
import type { HostPlan, SetUp } from '../types.js';
import { instance } from './vrrp.js';

const VIP = '10.50.0.80';

const virtualServer = (vip: string, kind: 'DR' | 'NAT', servers: readonly string[]): string =>
  [
    `virtual_server ${vip} 80 {`,
    '  lb_algo rr',
    `  lb_kind ${kind}`,
    '  protocol TCP',
    ...servers.flatMap((server) => [`  real_server ${server} {`, '    weight 1', '  }']),
    '}',
    '',
  ].join('\n');

const addresses = (...lines: readonly string[]): string =>
  `version 3\n  advert_int 0.5\n  virtual_ipaddress {\n${lines.map((line) => `    ${line}\n`).join('')}  }`;

const ready = (vip: string): SetUp['ready'] => [
  ['d1', `ip -o addr show | grep -q ' ${vip}/'`],
  ['d2', `! ip -o addr show | grep -q ' ${vip}/'`],
  ['d1', `ipvsadm -Ln | grep -q ${vip}:80`],
  ['d2', `ipvsadm -Ln | grep -q ${vip}:80`],
];

const drServer = (last: number): HostPlan => ({
  cables: { eth0: `lan 10.50.0.${last}/24` },
  run: [`weir realserver start --vip ${VIP}`, 'ip route add default via 10.50.0.1'],
  listen: ['tcp 0.0.0.0:80'],
});

function directRoute(name: string, body = addresses(`${VIP}/32`), more: readonly string[] = []): SetUp {
  const director = (last: number, priority: number): HostPlan => ({
    cables: { eth0: `lan 10.50.0.${last}/24` },
    run: ['weir load', ...more],
    keepalived: `${instance({ priority, body })}${virtualServer(VIP, 'DR', ['10.50.0.11 80', '10.50.0.12 80'])}`,
  });
  return {
    name,
    networks: ['lan'],
    hosts: {
      client: { cables: { eth0: 'lan 10.50.0.20/24' } },
      router: { cables: { eth0: 'lan 10.50.0.1/24' } },
      s1: drServer(11),
      s2: drServer(12),
      d1: director(2, 150),
      d2: director(3, 100),
    },
    ready: ready(VIP) ?? [],
    traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1', 's2'] }],
    doctor: { d1: '--wait 2', d2: '--wait 2', s1: '--role rs' },
  };
}

/** The servers' gateway moves with the VIP. */
function nat(): SetUp {
  const director = (last: number, priority: number): HostPlan => ({
    cables: { eth0: `front 198.51.100.${last}/24`, eth1: `back 10.50.0.${last}/24` },
    run: ['sysctl -qw net.ipv4.ip_forward=1', 'weir load'],
    keepalived: `${instance({
      priority,
      body: addresses('198.51.100.80/24', '10.50.0.1/24 dev eth1'),
    })}${virtualServer('198.51.100.80', 'NAT', ['10.50.0.11 8080', '10.50.0.12 8080'])}`,
  });
  const server = (last: number): HostPlan => ({
    cables: { eth0: `back 10.50.0.${last}/24` },
    run: ['ip route add default via 10.50.0.1'],
    listen: ['tcp 0.0.0.0:8080'],
  });
  return {
    name: 'vrrp-nat-directors',
    networks: ['front', 'back'],
    hosts: {
      client: { cables: { eth0: 'front 198.51.100.20/24' } },
      s1: server(11),
      s2: server(12),
      d1: director(2, 150),
      d2: director(3, 100),
    },
    ready: ready('198.51.100.80') ?? [],
    traffic: [{ from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] }],
    doctor: { d1: '--wait 2', d2: '--wait 2', s1: '--role rs --dip 10.50.0.1' },
  };
}

/** keepalived for the VIP alone; the table is loaded by a script, on both. */
function tableByHand(): SetUp {
  const base = directRoute('vrrp-table-by-hand');
  const director = (last: number, priority: number): HostPlan => ({
    cables: { eth0: `lan 10.50.0.${last}/24` },
    run: [`ipvsadm -A -t ${VIP}:80 -s rr`, ...[11, 12].map((server) => `ipvsadm -a -t ${VIP}:80 -r 10.50.0.${server} -g`)],
    keepalived: instance({ priority, body: addresses(`${VIP}/32`) }),
  });
  return { ...base, hosts: { ...base.hosts, d1: director(2, 150), d2: director(3, 100) } };
}

export const setUps: readonly SetUp[] = [
  directRoute('vrrp-directors'),
  directRoute('vrrp-directors-virtual-mac', `use_vmac\n  ${addresses(`${VIP}/32`)}`),
  directRoute('vrrp-directors-forwarding', undefined, ['sysctl -qw net.ipv4.ip_forward=1']),
  nat(),
  tableByHand(),
];
