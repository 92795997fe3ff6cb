// A VIP where a real server has it on its interface: no value of arp_ignore hides it there.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

export const faults: readonly Fault[] = [
  faultOf('vip', 'dr')(
    'vip-on-server-interface',
    [['s1', 'ip addr add 10.30.0.80/32 dev eth0']],
    'vip-answered-by-server',
    /real server 10\.30\.0\.11 answers ARP for VIP 10\.30\.0\.80/,
    { effect: 'latent' },
  ),
];
