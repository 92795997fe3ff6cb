// Working VS/NAT set-ups.
import type { SetUp } from '../types.js';

/** Clients in front, two servers behind the director, which is their gateway. */
const twoNets: SetUp = {
  name: 'nat',
  networks: ['front', 'back'],
  hosts: {
    client: { cables: { eth0: 'front 198.51.100.20/24' } },
    s1: { cables: { eth0: 'back 10.20.0.11/24' }, run: ['ip route add default via 10.20.0.1'], listen: ['tcp 0.0.0.0:8080'] },
    s2: { cables: { eth0: 'back 10.20.0.12/24' }, run: ['ip route add default via 10.20.0.1'], listen: ['tcp 0.0.0.0:8080'] },
    director: {
      cables: { eth0: 'front 198.51.100.2/24', eth1: 'back 10.20.0.1/24' },
      run: [
        'sysctl -qw net.ipv4.ip_forward=1',
        'weir vip add 198.51.100.80 --dev eth0',
        'ipvsadm -A -t 198.51.100.80:80 -s rr',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.11:8080 -m',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.12:8080 -m',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] }],
  doctor: { director: '', s1: '--role rs --dip 10.20.0.1', s2: '--role rs --dip 10.20.0.1' },
};

export const setUps = [twoNets];
