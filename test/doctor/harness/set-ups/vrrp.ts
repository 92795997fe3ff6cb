// Working pairs of VRRP nodes.
import type { HostPlan, SetUp } from '../types.js';

const configuration = (priority: number): string => `vrrp_instance web {
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int 0.2
  version 3
  virtual_ipaddress {
    10.40.0.80/24
  }
}
`;

const node = (address: string, priority: number): HostPlan => ({
  cables: { eth0: `lan ${address}/24` },
  listen: ['tcp 0.0.0.0:80'],
  keepalived: configuration(priority),
});

/** Two hosts that hold one address: the one with the higher priority serves. */
const pair: SetUp = {
  name: 'vrrp',
  networks: ['lan'],
  hosts: {
    client: { cables: { eth0: 'lan 10.40.0.20/24' } },
    n1: node('10.40.0.11', 150),
    n2: node('10.40.0.12', 100),
  },
  ready: [
    ['n1', 'ip -4 -o addr show | grep -q 10.40.0.80'],
    ['n2', '! ip -4 -o addr show | grep -q 10.40.0.80'],
  ],
  traffic: [{ from: 'client', to: 'tcp 10.40.0.80:80', answers: ['n1'] }],
  doctor: { n1: '--wait 1', n2: '--wait 1' },
};

export const setUps = [pair];
