// A pair of directors with version 2 of VRRP, a password and two addresses; keepalived.conf is also where a daemon would look by itself.
import type { HostPlan, SetUp } from '../types.js';

export const VIPS = ['10.44.0.80', '10.44.0.81'] as const;

export interface Settings {
  readonly priority: number;
  readonly vrid?: number;
  readonly password?: string;
  readonly interval?: number;
  readonly version?: 2 | 3;
  readonly vips?: readonly string[];
  /** More statements of the instance. */
  readonly more?: string;
}

export function configuration(settings: Settings): string {
  const { priority, vrid = 44, password = '1234', interval = 1, version = 2, vips = VIPS, more = '' } = settings;
  return `vrrp_instance nodes {
  interface eth0
  version ${version}
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int ${interval}
  ${version === 2 ? `authentication {\n    auth_type PASS\n    auth_pass ${password}\n  }` : ''}
  ${more}
  virtual_ipaddress {
${vips.map((vip) => `    ${vip}/24\n`).join('')}  }
}
virtual_server ${VIPS[0]} 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 10.44.0.31 80 {
    weight 1
  }
  real_server 10.44.0.32 80 {
    weight 1
  }
}
`;
}

const node = (last: number, priority: number): HostPlan => ({
  cables: { eth0: `lan 10.44.0.${last}/24`, eth1: `side 10.45.0.${last}/24` },
  run: [
    'mkdir -p /etc/keepalived',
    'mount -t tmpfs none /etc/keepalived',
    `cat > /etc/keepalived/keepalived.conf << 'END'\n${configuration({ priority })}END`,
    'weir load',
  ],
  keepalived: configuration({ priority }),
});

const server = (last: number): HostPlan => ({
  cables: { eth0: `lan 10.44.0.${last}/24` },
  run: [`weir realserver start --vip ${VIPS[0]}`, 'ip route add default via 10.44.0.1'],
  listen: ['tcp 0.0.0.0:80'],
});

const nodes: SetUp = {
  name: 'vrrp-nodes',
  networks: ['lan', 'side'],
  hosts: {
    client: { cables: { eth0: 'lan 10.44.0.20/24' } },
    router: { cables: { eth0: 'lan 10.44.0.1/24' } },
    s1: server(31),
    s2: server(32),
    n1: node(11, 150),
    n2: node(12, 100),
  },
  ready: [
    ['n1', `ip -4 -o addr show | grep -q ${VIPS[1]}`],
    ['n2', `! ip -4 -o addr show | grep -q ${VIPS[0]}`],
    ['n1', `ipvsadm -Ln | grep -q ${VIPS[0]}:80`],
    ['n2', `ipvsadm -Ln | grep -q ${VIPS[0]}:80`],
  ],
  traffic: [{ from: 'client', to: `tcp ${VIPS[0]}:80`, answers: ['s1', 's2'] }],
  doctor: { n1: '', n2: '' },
};

export const setUps = [nodes];
