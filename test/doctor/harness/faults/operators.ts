// What operators do to a director and to what surrounds it.
import { attempts, stuck } from '../attempts.js';
import { faultOf } from '../fault-of.js';
import type { Fault, Steps } from '../types.js';

const nat = faultOf('operator', 'nat');
const dr = faultOf('operator', 'dr');
const director = (...commands: readonly string[]): Steps => [['director', commands.join('; ')]];
const s1 = (...commands: readonly string[]): Steps => [['s1', commands.join('; ')]];
const GATEWAY = /gateway to other networks is not 10\.20\.0\.1/;
const NEAR = /answers other networks through this director, and not the network of 198\.51\.100\.80, where clients are/;

const table: readonly Fault[] = [
  nat(
    'server-of-clients-network',
    director('ipvsadm -a -t 198.51.100.80:80 -r 198.51.100.20:8080 -m'),
    'server-unreachable',
    /198\.51\.100\.20:8080 does not answer: either no process listens/,
    { repair: director('ipvsadm -d -t 198.51.100.80:80 -r 198.51.100.20:8080') },
  ),
  dr(
    'service-on-own-address',
    director(
      'ipvsadm -A -t 10.30.0.2:80 -s rr',
      'ipvsadm -a -t 10.30.0.2:80 -r 10.30.0.11 -g',
      'ipvsadm -a -t 10.30.0.2:80 -r 10.30.0.12 -g',
      'ipvsadm -D -t 10.30.0.80:80',
    ),
    'server-without-vip',
    /10\.30\.0\.2:80 → 10\.30\.0\.1[12]:80/,
    {
      repair: director(
        'ipvsadm -D -t 10.30.0.2:80',
        'ipvsadm -A -t 10.30.0.80:80 -s rr',
        'ipvsadm -a -t 10.30.0.80:80 -r 10.30.0.11 -g',
        'ipvsadm -a -t 10.30.0.80:80 -r 10.30.0.12 -g',
      ),
    },
  ),
];

const ways: readonly Fault[] = [
  nat(
    'rule-blackholes-server',
    director('ip rule add to 10.20.0.11 blackhole'),
    'server-unreachable',
    /a blackhole rule or route of this host refuses/,
    {
      repair: director('ip rule del to 10.20.0.11 blackhole'),
    },
  ),
  nat(
    'arp-rules-left',
    [
      ['director', 'arptables -A INPUT -d 198.51.100.80 -j DROP'],
      ['client', 'ip neigh flush all'],
    ],
    'vip-arp-filtered',
    /no ARP request for VIP 198\.51\.100\.80 is answered on eth0/,
    {
      repair: director('arptables -F'),
    },
  ),
  nat(
    'nft-arp-rules-left',
    [
      [
        'director',
        "nft 'add table arp f; add chain arp f out { type filter hook output priority 0; }; add rule arp f out arp saddr ip 198.51.100.80 drop'",
      ],
      ['client', 'ip neigh flush all'],
    ],
    'vip-arp-filtered',
    /198\.51\.100\.80/,
    {
      repair: director('nft flush ruleset'),
    },
  ),
  nat(
    'back-address-other-subnet',
    director('ip addr flush dev eth1', 'ip addr add 10.21.0.1/24 dev eth1'),
    'server-unreachable',
    /10\.20\.0\.1[12]:8080/,
    {
      undo: director('ip route del 10.20.0.11', 'ip route del 10.20.0.12', 'ip addr flush dev eth1', 'ip addr add 10.20.0.1/24 dev eth1'),
      repair: director('ip addr flush dev eth1', 'ip addr add 10.20.0.1/24 dev eth1'),
    },
  ),
  nat('servers-route-via-client', director('ip route add 10.20.0.0/25 via 198.51.100.20'), 'server-unreachable', /10\.20\.0\.1[12]:8080/, {
    repair: director('ip route del 10.20.0.0/25'),
  }),
];

const servers: readonly Fault[] = [
  // The VIP is answered for on the servers' wire as well, so that doctor's own tests pass.
  nat(
    'server-in-clients-network',
    [
      ['s1', 'ip route add 198.51.100.0/24 dev eth0'],
      ['client', attempts('198.51.100.80', 8)],
      ['director', stuck(3, '10.20.0.11')],
    ],
    'half-open-server',
    /198\.51\.100\.80:80 → 10\.20\.0\.11:8080: \d+ of \d+ connections did not get past SYN_RECV/,
    { repair: s1('ip route del 198.51.100.0/24 dev eth0') },
  ),
  nat('server-blackholes-clients', s1('ip route add blackhole 198.51.100.0/24'), 'server-answers-elsewhere', NEAR, {
    repair: s1('ip route del blackhole 198.51.100.0/24'),
  }),
  nat('server-drops-clients', s1('iptables -A INPUT -s 198.51.100.0/24 -j DROP'), 'server-answers-elsewhere', NEAR, {
    repair: s1('iptables -F'),
  }),
  nat(
    'server-policy-route',
    s1(
      'ip rule add from 10.20.0.11 lookup 100',
      'ip route add 10.20.0.0/24 dev eth0 table 100',
      'ip route add default via 10.20.0.254 table 100',
    ),
    'server-answers-elsewhere',
    GATEWAY,
    {
      symptoms: [],
      undo: s1('ip rule del from 10.20.0.11 lookup 100'),
      repair: s1('ip rule del from 10.20.0.11 lookup 100'),
      open: 'from the director a rule of the server looks as a wrong default route does; with --role rs it is found there',
    },
  ),
  nat(
    'server-drops-new',
    s1('iptables -A INPUT -p tcp --dport 8080 -m conntrack --ctstate NEW -j DROP'),
    'server-unreachable',
    /answers ping and not TCP port 8080/,
    {
      repair: s1('iptables -F'),
    },
  ),
  nat(
    'server-output-drops',
    s1('iptables -A OUTPUT -p tcp --sport 8080 -j DROP'),
    'server-unreachable',
    /answers ping and not TCP port 8080/,
    {
      repair: s1('iptables -F'),
    },
  ),
  dr(
    'server-ignores-vip-by-rule',
    s1('ip rule add pref 0 to 10.30.0.80 blackhole; ip rule del pref 0 lookup local; ip rule add pref 1 lookup local'),
    'server-without-vip',
    /10\.30\.0\.11/,
    {
      undo: s1('ip rule del to 10.30.0.80 blackhole'),
      open: 'a rule of the server looks as a missing VIP does from the director',
      repair: s1('ip rule del to 10.30.0.80 blackhole'),
    },
  ),
];

export const faults: readonly Fault[] = [...table, ...ways, ...servers];
