// Working nodes of VRRP that neither balance nor are real servers: pairs in the variants that keepalived.conf has.
import type { HostPlan, SetUp } from '../types.js';
import { variant } from '../variant.js';

interface Wanted {
  readonly name?: string;
  readonly vrid?: number;
  readonly priority: number;
  /** Statements of the instance, with its addresses. */
  readonly body?: string;
}

/** Long enough that no backup takes over from a master that was a second late. */
const VERSION_3 = 'version 3\n  advert_int 0.5';

/** `body` without addresses gets the one. */
export function instance({ name = 'web', vrid = 51, priority, body = VERSION_3 }: Wanted): string {
  const addresses = body.includes('virtual_ipaddress') ? '' : '  virtual_ipaddress {\n    10.40.0.80/24\n  }\n';
  return `vrrp_instance ${name} {\n  interface eth0\n  virtual_router_id ${vrid}\n  priority ${priority}\n  ${body}\n${addresses}}\n`;
}

const node = (last: number, keepalived: string, ...run: readonly string[]): HostPlan => ({
  cables: { eth0: `lan 10.40.0.${last}/24 fd00:40::${last}/64` },
  listen: ['tcp 0.0.0.0:80'],
  keepalived,
  ...(run.length === 0 ? {} : { run }),
});

const has = (address: string): string => `ip -o addr show | grep -q ' ${address}/'`;
const hasNot = (address: string): string => `! ip -o addr show | grep -q ' ${address}/'`;

/** Two hosts that hold one address: the one with the higher priority serves. */
function pair(name: string, body?: string, more: { readonly head?: string; readonly run?: readonly string[] } = {}): SetUp {
  const [head = '', run = []] = [more.head, more.run];
  const text = (priority: number): string => `${head}${instance({ priority, ...(body === undefined ? {} : { body }) })}`;
  return {
    name,
    networks: ['lan'],
    hosts: {
      client: { cables: { eth0: 'lan 10.40.0.20/24' } },
      n1: node(11, text(150), ...run),
      n2: node(12, text(100), ...run),
    },
    ready: [
      ['n1', has('10.40.0.80')],
      ['n2', hasNot('10.40.0.80')],
    ],
    traffic: [{ from: 'client', to: 'tcp 10.40.0.80:80', answers: ['n1'] }],
    doctor: { n1: '--wait 2', n2: '--wait 2' },
  };
}

const vrrp = pair('vrrp');

const unicast = (own: number, peer: number): string =>
  `${VERSION_3}\n  unicast_src_ip 10.40.0.${own}\n  unicast_peer {\n    10.40.0.${peer}\n  }`;

const both = (mine: number, other: number): string =>
  [
    instance({ name: 'one', vrid: 51, priority: mine, body: `${VERSION_3}\n  virtual_ipaddress {\n    10.40.0.80/24\n  }` }),
    instance({ name: 'two', vrid: 52, priority: other, body: `${VERSION_3}\n  virtual_ipaddress {\n    10.40.0.81/24\n  }` }),
  ].join('');

const nopreempt = `state BACKUP\n  nopreempt\n  ${VERSION_3}`;
const six = `${VERSION_3}\n  virtual_ipaddress {\n    fe80::80\n    fd00:40::80/64\n  }`;

const allows = [
  'iptables -P INPUT DROP',
  'iptables -A INPUT -i lo -j ACCEPT',
  'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  'iptables -A INPUT -p icmp -j ACCEPT',
  'iptables -A INPUT -p tcp --dport 80 -j ACCEPT',
  'iptables -A INPUT -p vrrp -j ACCEPT',
];

export const setUps: readonly SetUp[] = [
  vrrp,
  pair('vrrp-version-2', 'advert_int 1\n  authentication {\n    auth_type PASS\n    auth_pass s3cret\n  }'),
  pair('vrrp-virtual-mac', `${VERSION_3}\n  use_vmac`),
  pair('vrrp-label', `${VERSION_3}\n  virtual_ipaddress {\n    10.40.0.80/32 dev eth0 label eth0:1\n  }`),
  pair(
    'vrrp-excluded',
    `${VERSION_3}\n  virtual_ipaddress {\n    10.40.0.80/24\n  }\n  virtual_ipaddress_excluded {\n    10.40.0.82/24\n  }`,
  ),
  pair('vrrp-routes', `${VERSION_3}\n  virtual_routes {\n    192.0.2.0/24 via 10.40.0.20\n  }`),
  pair('vrrp-tracks-interface', `${VERSION_3}\n  track_interface {\n    lo\n  }`),
  pair('vrrp-script', `${VERSION_3}\n  track_script {\n    fine\n  }`, {
    head: 'global_defs {\n  script_user root\n}\nvrrp_script fine {\n  script "/bin/true"\n  interval 1\n}\n',
  }),
  pair('vrrp-packet-filter', undefined, { run: allows }),
  pair('vrrp-nonlocal-bind', undefined, { run: ['sysctl -qw net.ipv4.ip_nonlocal_bind=1'] }),
  {
    ...vrrp,
    name: 'vrrp-nopreempt',
    hosts: {
      ...vrrp.hosts,
      n1: node(11, instance({ priority: 100, body: nopreempt })),
      // Comes later, and does not take over although its priority is higher.
      n2: node(12, instance({ priority: 150, body: nopreempt }), 'until ping -c 1 -W 1 10.40.0.80 >/dev/null; do :; done'),
    },
  },
  {
    ...vrrp,
    name: 'vrrp-unicast',
    hosts: {
      ...vrrp.hosts,
      n1: node(11, instance({ priority: 150, body: unicast(11, 12) })),
      n2: node(12, instance({ priority: 100, body: unicast(12, 11) })),
    },
  },
  {
    ...vrrp,
    name: 'vrrp-each-serves',
    hosts: { ...vrrp.hosts, n1: node(11, both(150, 100)), n2: node(12, both(100, 150)) },
    ready: [
      ['n1', has('10.40.0.80')],
      ['n2', has('10.40.0.81')],
      ['n1', hasNot('10.40.0.81')],
    ],
    traffic: [...vrrp.traffic, { from: 'client', to: 'tcp 10.40.0.81:80', answers: ['n2'] }],
  },
  variant(
    'vrrp-three-nodes',
    vrrp,
    { n3: node(13, instance({ priority: 50 })) },
    { doctor: { ...vrrp.doctor, n3: '--wait 2' }, ready: [...(vrrp.ready ?? []), ['n3', hasNot('10.40.0.80')]] },
  ),
  {
    ...pair('vrrp-ipv6', six),
    ready: [
      ['n1', has('fd00:40::80')],
      ['n2', hasNot('fd00:40::80')],
    ],
    traffic: [],
  },
];
