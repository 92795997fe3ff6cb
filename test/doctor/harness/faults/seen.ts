// Faults that only what the datapath has seen shows: drops by reason, a table without room, connections that stay half open.
import { fileURLToPath } from 'node:url';
import { attempts, stuck, until } from '../attempts.js';
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const dr = faultOf('seen', 'dr');
const small = faultOf('seen', 'nat-small-table');
const VIP = '198.51.100.80';

const datagrams = `${process.execPath} ${fileURLToPath(new URL('../datagrams.js', import.meta.url))}`;
const sized = (connections: number) =>
  [
    'director',
    `table=$(ipvsadm-save -n); weir unload; weir load --connections ${connections}; echo "$table" | ipvsadm-restore -n`,
  ] as const;
/** A table for more, as the advice has it; and the one that was. */
const larger = sized(262_144);
const undo = [sized(4096)];

export const faults: readonly Fault[] = [
  dr(
    'gateway-missing',
    [
      ['s1', 'ip route del default'],
      ['client', attempts('10.30.0.80', 8)],
      ['director', stuck(3, '10.30.0.11')],
    ],
    'half-open-server',
    /10\.30\.0\.80:80 → 10\.30\.0\.11:80: \d+ of \d+ connections did not get past SYN_RECV/,
    { repair: [['s1', 'ip route add default via 10.30.0.1']] },
  ),
  small('table-almost-full', [['client', `${datagrams} ${VIP} 53 7600`]], 'table-almost-full', /\d+ connections in 8192 places/, {
    effect: 'latent',
    repair: [larger],
    undo,
  }),
  small(
    'table-evicts',
    [
      ['client', { start: `${datagrams} ${VIP} 53 40000 600`, as: 'flood' }],
      ['director', until(`weir stats drops | grep -q half_open_replaced`)],
    ],
    'table-evicts',
    /half-open and UDP connections are replaced/,
    { effect: 'latent', repair: [['client', { stop: 'flood' }], larger], undo },
  ),
  faultOf('seen', 'nat-vip-on-lo-routed')(
    'vip-lost',
    [['director', 'ip addr del 203.0.113.80/32 dev lo']],
    'vip-absent',
    /VIP 203\.0\.113\.80 is on no interface: packets for it arrive here/,
    { undo: [['director', 'weir vip del 203.0.113.80 --dev eth0; ip addr add 203.0.113.80/32 dev lo']] },
  ),
  faultOf('seen', 'nat-udp-far')(
    'no-default-route',
    [
      [
        'director',
        `weir unload; ip route del default; ipvsadm -A -u ${VIP}:53 -s rr; ipvsadm -a -u ${VIP}:53 -r 10.20.0.11 -m; ipvsadm -a -u ${VIP}:53 -r 10.20.0.12 -m`,
      ],
    ],
    'client-unroutable',
    /UDP 198\.51\.100\.80:53 sends no answer to clients in other networks: this host has no default route, and UDP packets/,
    { repair: [['director', 'ip route add default via 198.51.100.1']] },
  ),
];
