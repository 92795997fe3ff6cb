// weir's own things on the director: unloaded, not attached, its pair, sysctls.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const nat = faultOf('datapath', 'nat');
const bridge = faultOf('datapath', 'nat-front-bridge');
const director = (...commands: readonly string[]) => [['director', commands.join('; ')]] as const;
const TABLE = [
  'ipvsadm -A -t 198.51.100.80:80 -s rr',
  'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.11:8080 -m',
  'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.12:8080 -m',
];

export const faults: readonly Fault[] = [
  {
    ...nat('forwarding-off', director('sysctl -qw net.ipv4.ip_forward=0'), 'forwarding-off', /ip_forward is 0/),
    effect: 'latent',
  },
  nat('pair-gone', director('ip link del weir0'), 'pair-changed', /weir0/, { effect: 'latent' }),
  nat('pair-down', director('ip link set weir0 down'), 'pair-changed', /weir0/, { effect: 'latent' }),
  bridge(
    'made-again',
    director(
      'ip link del br0',
      'ip link add br0 type bridge',
      'ip link set eth0 master br0',
      'ip link set br0 up',
      'ip addr add 198.51.100.2/24 dev br0',
      'ip addr add 198.51.100.80/32 dev br0',
    ),
    'interface-uncovered',
    /br0/,
    { effect: 'latent' },
  ),
  nat('unloaded', director('weir unload'), 'table-empty', /the table has no service/, {
    repair: director(...TABLE),
    open: 'without a table nothing shows that this is a director',
  }),
];
