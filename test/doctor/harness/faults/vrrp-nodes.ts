// Faults of the nodes of a VRRP pair.
import { configuration, type Settings, VIPS } from '../set-ups/vrrp-nodes.js';
import type { Expectation, Fault, Step, Steps } from '../types.js';

const ON = 'vrrp-nodes';
const ETC = '/etc/keepalived';
const SPLIT = 'vrrp-split-brain';
const MASTER = { priority: 150 };
const STANDBY = { priority: 100 };

const has = (vip: string): Step => `for i in $(seq 300); do ip -4 -o addr show | grep -q ${vip} && exit 0; sleep 0.1; done; exit 1`;
const hasNot = (vip: string): Step => `for i in $(seq 300); do ip -4 -o addr show | grep -q ${vip} || exit 0; sleep 0.1; done; exit 1`;
/** A daemon of this host's network namespace is there: its name appears a while after its start. */
const RUNS: Step =
  "for i in $(seq 300); do for p in /proc/[0-9]*; do [ \"$(readlink $p/ns/net)\" = \"$(readlink /proc/self/ns/net)\" ] && tr '\\0' ' ' < $p/cmdline | grep -q '^[^ ]*keepalived ' && exit 0; done; sleep 0.1; done; exit 1";
const restart = (settings: Settings): readonly Step[] => [{ keepalived: 'stop' }, { keepalived: { text: configuration(settings) } }, RUNS];
const standbyAgain: Steps = [['n2', ...restart(STANDBY), hasNot(VIPS[0])]];

/** Settings of n2 that make it master beside n1. */
const differing = (name: string, settings: Partial<Settings>, expect: readonly Expectation[]): Fault => ({
  name: `vrrp-nodes-${name}`,
  topic: 'vrrp',
  on: ON,
  breaks: [['n2', ...restart({ ...STANDBY, ...settings }), has(VIPS[0])]],
  effect: 'latent',
  expect,
  repair: standbyAgain,
});

const split = (at: string, matches: RegExp, also?: readonly string[]): Expectation => ({
  at,
  code: SPLIT,
  matches,
  ...(also === undefined ? {} : { also }),
});

const fault = (name: string, breaks: Steps, expect: Expectation, more: Partial<Fault> = {}): Fault => ({
  name: `vrrp-nodes-${name}`,
  topic: 'vrrp',
  on: ON,
  breaks,
  effect: 'latent',
  expect: [expect],
  ...more,
});

const settings: readonly Fault[] = [
  differing('password', { password: '4321' }, [split('n1', /auth_pass differs/), split('n2', /auth_pass differs/)]),
  differing('vrid', { vrid: 45 }, [split('n1', /uses VRID 45 where this host uses 44/, ['vrrp-other-vrid'])]),
  differing('interval', { interval: 3 }, [split('n1', /advert_int is 3 there and 1 here/)]),
  differing('version', { version: 3 }, [split('n1', /vrrp_version is 3 there and 2 here/)]),
  differing('unicast', { more: 'unicast_peer {\n 10.44.0.11\n }' }, [split('n1', /unicast_peer, the other multicast/)]),
];

const filters: readonly Fault[] = [
  fault(
    'output-drop',
    [
      ['n1', 'iptables -A OUTPUT -p 112 -j DROP'],
      ['n2', has(VIPS[0])],
    ],
    split('n1', /-p (112|vrrp) -j DROP.*drops our own adverts/),
    {
      undo: [
        ['n1', 'iptables -F'],
        ['n2', hasNot(VIPS[0])],
      ],
    },
  ),
  fault(
    'default-deny',
    [
      [
        'n2',
        'nft add table inet f',
        "nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'",
        'nft add rule inet f in ct state established,related accept',
        'nft add rule inet f in iifname lo accept',
        'nft add rule inet f in meta l4proto { tcp, icmp } accept',
        has(VIPS[0]),
      ],
    ],
    split('n2', /policy drop.*nft inet f in.*drops adverts of 10\.44\.0\.11/),
    { undo: [['n2', 'nft delete table inet f', hasNot(VIPS[0])]] },
  ),
];

const places: readonly Fault[] = [
  fault(
    'left',
    [
      ['n1', { keepalived: 'stop' }],
      ['n2', has(VIPS[0])],
      ['n1', `ip addr add ${VIPS[0]}/24 dev eth0`],
    ],
    {
      at: 'n1',
      code: 'vrrp-vip-left',
      matches: /10\.44\.0\.80 .*is here without VRRP: no keepalived .*another node has the address, too/,
      also: ['vrrp-not-running', 'table-empty', 'datapath-absent', 'interface-uncovered'],
    },
    {
      undo: [
        ['n1', { keepalived: { text: configuration(MASTER) } }, has(VIPS[0])],
        ['n2', hasNot(VIPS[0])],
      ],
    },
  ),
  fault(
    'interface-down',
    [['n2', 'ip link set eth0 down']],
    {
      at: 'n2',
      code: 'vrrp-fault',
      matches: /cannot become master here: it needs eth0, which is down/,
      also: ['interface-down', 'server-unreachable', 'vip-down', 'clients-unreachable', 'no-way-back'],
    },
    {
      undo: [['n2', hasNot(VIPS[0])]],
    },
  ),
  fault(
    'interface-unknown',
    [['n2', ...restart({ ...STANDBY, more: 'track_interface {\n eth9\n }' })]],
    { at: 'n2', code: 'vrrp-fault', matches: /it needs eth9, which does not exist here/ },
    {
      repair: standbyAgain,
    },
  ),
  fault(
    'source-absent',
    [['n2', ...restart({ ...STANDBY, more: 'unicast_src_ip 10.44.0.99\n unicast_peer {\n 10.44.0.11\n }' })]],
    { at: 'n2', code: 'vrrp-fault', matches: /source address 10\.44\.0\.99 is not on this host/, also: ['vrrp-peer-differs'] },
    {
      repair: standbyAgain,
    },
  ),
];

const tables: readonly Fault[] = [
  fault(
    'table-cleared',
    [['n1', 'ipvsadm -C']],
    { at: 'n1', code: 'virtual-server-absent', matches: /TCP 10\.44\.0\.80:80 of .* is not in the table/, also: ['table-empty'] },
    { effect: 'traffic' },
  ),
  fault(
    'server-removed',
    [['n1', `ipvsadm -d -t ${VIPS[0]}:80 -r 10.44.0.32`]],
    { at: 'n1', code: 'real-server-absent', matches: /10\.44\.0\.32:80 of TCP 10\.44\.0\.80:80 is not in the table/ },
    { effect: 'traffic' },
  ),
  fault(
    'service-bound',
    [['n1', { listen: `tcp ${VIPS[1]}:8099` }]],
    { at: 'n1', code: 'vrrp-nonlocal-bind', matches: /listens on tcp 10\.44\.0\.81:8099/ },
    {
      undo: [['n1', { close: `tcp ${VIPS[1]}:8099` }, 'sysctl -qw net.ipv4.ip_nonlocal_bind=0']],
    },
  ),
];

const daemons: readonly Fault[] = [
  fault(
    'two-daemons',
    [
      [
        'n1',
        {
          start: `keepalived -n -l -f ${ETC}/keepalived.conf -p ${ETC}/second.pid -r ${ETC}/second-vrrp.pid -c ${ETC}/second-checkers.pid`,
          as: 'second',
        },
        `for i in $(seq 300); do [ -s ${ETC}/second-vrrp.pid ] && exit 0; sleep 0.1; done; exit 1`,
      ],
    ],
    { at: 'n1', code: 'vrrp-two-daemons', matches: /two keepalived run here: .*both serve/ },
  ),
];

export const faults: readonly Fault[] = [...daemons, ...settings, ...filters, ...places, ...tables];
