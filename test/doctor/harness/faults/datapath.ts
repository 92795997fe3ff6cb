// weir's own things on the director: unloaded, not attached, its pair, sysctls.
import { fileURLToPath } from 'node:url';
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const nat = faultOf('datapath', 'nat');
const bridge = faultOf('datapath', 'nat-front-bridge');
const marks = faultOf('datapath', 'nat-marks');
const director = (...commands: readonly string[]) => [['director', commands.join('; ')]] as const;
/** Goes to the pins of this namespace. */
const PINS = `cd $(${process.execPath} ${fileURLToPath(new URL('../pins.js', import.meta.url))}) || exit 1`;
const TABLE = [
  'ipvsadm -A -t 198.51.100.80:80 -s rr',
  'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.11:8080 -m',
  'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.12:8080 -m',
];

const UPLINK_RULE = 'ip rule add from 192.0.2.0/24 lookup 102';

export const faults: readonly Fault[] = [
  {
    ...nat('forwarding-off', director('sysctl -qw net.ipv4.ip_forward=0'), 'forwarding-off', /ip_forward is 0/),
    effect: 'latent',
  },
  marks('forwarding-off', director('sysctl -qw net.ipv4.ip_forward=0'), 'mark-forwarding-off', /IPv4 forwarding is 0/),
  marks('forward-drops', director('iptables -P FORWARD DROP'), 'mark-forward-dropped', /filter FORWARD drops them/),
  marks(
    'forward-rejects',
    director(
      'nft "add table inet guard; add chain inet guard way { type filter hook forward priority 5; }"',
      'nft add rule inet guard way reject',
    ),
    'mark-forward-dropped',
    /inet guard way drops them/,
  ),
  marks('rule-gone', director('ip rule del pref 1 fwmark 3'), 'mark-rules-changed', /policy rules of weir/),
  faultOf('datapath', 'nat-two-uplinks')(
    'rule-unknown',
    director(`${UPLINK_RULE.replace('add', 'del')}; weir load; ${UPLINK_RULE}`),
    'source-rules-changed',
    /replies of one virtual address may leave by the route of another/,
    { effect: 'latent' },
  ),
  marks('pair-gone', director('ip link del weir0'), 'pair-changed', /weir0/),
  nat('pair-gone', director('ip link del weir0'), 'pair-changed', /weir0/, { effect: 'latent' }),
  nat('pair-renamed', director('ip link set weir0 down', 'ip link set weir0 name foo'), 'pair-changed', /weir0 was renamed to foo/, {
    effect: 'latent',
  }),
  nat('pair-far-renamed', director('ip link set weir1 down', 'ip link set weir1 name foo'), 'pair-changed', /weir1 was renamed to foo/, {
    effect: 'latent',
  }),
  nat('pair-half-foreign', director('ip link del weir0', 'ip link add weir0 type bridge'), 'pair-changed', /weir0 is there without weir1/, {
    effect: 'latent',
  }),
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
  // Without --role nothing shows that this is a director: doctor then ends with 3, and names weir load.
  faultOf('datapath', 'nat-role-named')('unloaded', director('weir unload'), 'datapath-absent', /no datapath in this network namespace/, {
    afterwards: director(...TABLE),
  }),
  nat('programs-mixed', director(PINS, 'rm build_*'), 'programs-mixed', /programs of two builds/, { effect: 'latent' }),
  nat('programs-other', director(PINS, 'mv build_* build_00000000000000000000000000000000'), 'programs-other-build', /another build/, {
    effect: 'latent',
  }),
  nat(
    'pair-setting',
    director('sysctl -qw net.ipv4.conf.weir0.forwarding=0', 'sysctl -qw net.ipv4.ip_forward=0'),
    'forwarding-off',
    /took the forwarding of weir0/,
    { effect: 'latent' },
  ),
  nat('pair-made-again', director('ip link del weir0', 'ip link add weir0 type veth peer name weir1'), 'pair-changed', /was made again/, {
    effect: 'latent',
  }),
  nat('detached', director(PINS, 'rm *_$(cat /sys/class/net/eth0/ifindex)_*'), 'interface-uncovered', /eth0 is not covered/),
];
