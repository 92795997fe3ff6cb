// Faults of real servers of VS/TUN, seen by doctor on the server itself, and on the director.
import { faultOf, onServer } from '../fault-of.js';
import type { Fault } from '../types.js';

const VIP = '203.0.113.80';

const devices: readonly Fault[] = [
  onServer('server-tun', 'device-gone', ['ip link del weir-ipip'], ['server-tunnel-absent', /the tunnel device weir-ipip is not there/]),
  onServer('server-tun', 'device-down', ['ip link set weir-ipip down'], ['server-tunnel-down', /the tunnel device weir-ipip is down/]),
  onServer('server-tun-gue', 'device-gone', ['ip link del weir-ip6'], ['server-tunnel-absent', /the tunnel device weir-ip6 is not there/]),
  onServer(
    'server-tun-gue',
    'port-closed',
    ['ip -6 fou del port 6080'],
    ['server-tunnel-port', /UDP port 6080 is not open for GUE over IPv6/],
  ),
  onServer(
    'server-tun-gue',
    'mtu',
    ['ip link set weir-ip6 mtu 1200'],
    ['server-tunnel-mtu', /the MTU of the tunnel device weir-ip6 is 1200/],
  ),
];

const vip: readonly Fault[] = [
  onServer(
    'server-tun',
    'vip-absent',
    [`ip addr del ${VIP}/32 dev weir-ipip`],
    ['server-vip-absent', /VIP 203\.0\.113\.80 is not on this host/],
  ),
  onServer(
    'server-tun',
    'arp-ignore',
    ['sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.eth0.arp_ignore=0'],
    ['server-arp-ignore', /arp_ignore is 0 on eth0/],
    { effect: 'latent' },
  ),
];

const LOOSE = 'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.weir-ipip.rp_filter=0';

const filters: readonly Fault[] = [
  onServer(
    'server-tun',
    'strict',
    ['sysctl -qw net.ipv4.conf.all.rp_filter=1'],
    ['server-reverse-path', /rp_filter is 1 there \(the larger of all, 1, and weir-ipip\)/],
    { undo: [['s1', LOOSE]] },
  ),
  onServer(
    'server-tun',
    'loose-without-address',
    [`ip addr add ${VIP}/32 dev lo; ip addr del ${VIP}/32 dev weir-ipip; sysctl -qw net.ipv4.conf.all.rp_filter=2`],
    ['server-reverse-path', /weir-ipip has no IPv4 address/],
    { undo: [['s1', `ip addr del ${VIP}/32 dev lo; ${LOOSE}`]] },
  ),
  onServer(
    'server-tun',
    'outer-dropped',
    ['iptables -D INPUT -p 4 -j ACCEPT'],
    ['server-tunnel-filter', /drops the tunnels for weir-ipip \(IPv4 in IPv4\): policy/],
  ),
];

const byDirector = faultOf('server', 'tun-director');

const seenByDirector: readonly Fault[] = [
  byDirector(
    'device-gone',
    [['s1', 'ip link del weir-ipip']],
    'server-without-tunnel',
    /either no device there takes IP in IP over IPv4, or a packet filter there rejects it \(ICMP/,
  ),
  byDirector(
    'gue-port-closed',
    [['s2', 'ip -6 fou del port 6080']],
    'server-without-tunnel',
    /either UDP port 6080 is not open for GUE there, or a packet filter there rejects it \(ICMP port unreachable\)/,
  ),
  byDirector(
    'strict',
    [['s1', 'sysctl -qw net.ipv4.conf.all.rp_filter=1']],
    'server-without-tunnel',
    /nothing in the tunnel \(IP in IP over IPv4\): either no device there takes it, or rp_filter on that device drops/,
    { undo: [['s1', LOOSE]] },
  ),
  byDirector(
    'vip-absent',
    [['s1', `ip addr del ${VIP}/32 dev weir-ipip`]],
    'server-without-vip',
    /takes packets for 10\.34\.0\.11 out of the tunnel and drops those for 203\.0\.113\.80/,
  ),
];

export const faults = [...seenByDirector, ...devices, ...vip, ...filters];
