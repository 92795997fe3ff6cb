// Working VS/DR set-ups.
import type { HostPlan, SetUp } from '../types.js';

const server = (address: string): HostPlan => ({
  cables: { eth0: `lan ${address}/24` },
  run: ['ip route add default via 10.30.0.1', 'weir realserver start --vip 10.30.0.80'],
  listen: ['tcp 0.0.0.0:80'],
});

/** Director and servers in one network, clients behind a router. */
const oneNet: SetUp = {
  name: 'dr',
  networks: ['outside', 'lan'],
  hosts: {
    client: { cables: { eth0: 'outside 198.51.100.20/24' }, run: ['ip route add default via 198.51.100.1'] },
    router: {
      cables: { eth0: 'outside 198.51.100.1/24', eth1: 'lan 10.30.0.1/24' },
      run: ['sysctl -qw net.ipv4.ip_forward=1'],
    },
    s1: server('10.30.0.11'),
    s2: server('10.30.0.12'),
    director: {
      cables: { eth0: 'lan 10.30.0.2/24' },
      run: [
        'ip route add default via 10.30.0.1',
        'weir vip add 10.30.0.80 --dev eth0',
        'ipvsadm -A -t 10.30.0.80:80 -s rr',
        'ipvsadm -a -t 10.30.0.80:80 -r 10.30.0.11 -g',
        'ipvsadm -a -t 10.30.0.80:80 -r 10.30.0.12 -g',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 10.30.0.80:80', answers: ['s1', 's2'] }],
  doctor: { director: '', s1: '--role rs', s2: '--role rs --vip 10.30.0.80' },
};

export const setUps = [oneNet];
