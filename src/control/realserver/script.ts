// A real server's setup as a self-contained POSIX sh script, for hosts without weir. It needs only `ip` (iproute2 or busybox).
//
// It saves its state as lines that weir also reads (saved.ts), so that each can undo what the other did.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { SavedSetting } from './saved.js';
import { portLine, TUNNEL_FUNCTIONS, tunnelLine } from './script-tunnels.js';
import type { TunnelDevice, TunnelPort } from './tunnel-devices.js';

export interface ScriptOptions {
  /** Those on lo (VS/DR). */
  readonly vips: readonly Address[];
  readonly tunnels?: ScriptTunnels;
  /** Empty: found when the script runs. */
  readonly interfaces: readonly string[];
  /** Values from before the first start, for a host where sysctl.d sets ours at boot before the script can see the old ones. */
  readonly known: readonly SavedSetting[];
}

/** VS/TUN. */
export interface ScriptTunnels {
  readonly vips: readonly Address[];
  readonly devices: readonly TunnelDevice[];
  readonly ports: readonly TunnelPort[];
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

const HEAD = `#!/bin/sh
# Makes this host a real server of the virtual addresses below (VS/DR, VS/TUN), or undoes exactly that.
# usage: realserver start|stop|status      status: exit 0 all in place, 1 partly, 3 not started
# Printed by "weir realserver script"; needs root and ip.
`;

const BODY = String.raw`
set -u
PATH=$PATH:/usr/sbin:/sbin
folder=/run/weir/realserver
state=$folder/script-$(readlink /proc/self/ns/net | tr -dc 0-9)
conf=/proc/sys/net/ipv4/conf

# IPv6 needs no sysctls and no route of ours: the kernel answers only for addresses of the interface that is asked.
is6() { case $1 in *:*) return 0 ;; *) return 1 ;; esac; }
ips() { if is6 "$1"; then echo 'ip -6'; else echo 'ip -4'; fi; }
bits() { if is6 "$1"; then echo 128; else echo 32; fi; }
has_ipv4() { for vip in $VIPS $TUNNEL_VIPS; do is6 "$vip" || return 0; done; return 1; }

fail() { echo "realserver: $*" >&2; exit 1; }
command -v ip >/dev/null || fail "ip is missing: apt-get install iproute2"

# Every interface that faces the cluster: up, with ARP and an IPv4 address.
interfaces() {
  [ -n "$INTERFACES" ] && { echo "$INTERFACES" | tr ' ' '\n'; return; }
  ip -o link show up | sed -n 's/^[0-9]*: \([^:@ ]*\)[^ ]* <\([^>]*\)>.*/\1 \2/p' | while read -r name flags; do
    case $flags in *LOOPBACK* | *NOARP*) continue ;; esac
    ip -4 addr show dev "$name" | grep -q ' inet ' && echo "$name"
  done
}
# The sysctls' paths and the values that they get: all and lo first.
settings() {
  has_ipv4 || return 0
  { echo all; echo lo; interfaces; } | while read -r name; do
    echo "net/ipv4/conf/$name/arp_ignore 1"
    echo "net/ipv4/conf/$name/arp_announce 2"
  done
}
# hides PATH VALUE: whether this value keeps the VIP from being announced (the kernel takes the larger of all and the interface).
hides() {
  case $1:$2 in *arp_ignore:[128] | *arp_announce:2) return 0 ;; *) return 1 ;; esac
}
value() { cat "/proc/sys/$1" 2>/dev/null; }
put() { echo "$2" >"/proc/sys/$1" || fail "cannot set $1 to $2: run as root"; }
on_dev() { $(ips "$1") addr show dev "$2" 2>/dev/null | grep -qF " $1/$(bits "$1") "; }
place() { if [ -n "$1" ]; then echo "$1"; else echo lo; fi; }
on_lo() { on_dev "$1" lo; }
routed() { is6 "$1" || ip -4 route show | grep -q "^$(echo "$1" | sed 's/\./\\./g') dev lo"; }
lo_is_up() { ip -o link show up | grep -q '^[0-9]*: lo:'; }
larger() { if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi; }
remembers() { [ -f "$state" ] && grep -q "^$1" "$state"; }
labels() {
  ip -4 addr show dev lo | sed -n 's/.* \(lo:[0-9]*\) *$/\1/p'
  [ ! -f "$state.new" ] || sed -n 's/^address [^ ]* //p' "$state.new"
}
free_label() {
  n=0
  while labels | grep -qx "lo:$n"; do n=$((n + 1)); done
  echo "lo:$n"
}

# TUNNELS

problems() {
  tunnel_problems
  for vip in $VIPS $TUNNEL_VIPS; do
    asked=ARP
    if is6 "$vip"; then
      asked='neighbour solicitations'
      [ "$(value net/ipv6/conf/lo/disable_ipv6)" = 0 ] || echo "IPv6 is off on lo; first: sysctl -w net.ipv6.conf.lo.disable_ipv6=0"
    fi
    $(ips "$vip") -o addr show | grep -F " $vip/" | while read -r _ name _ address _; do
      ip -o link show dev "$name" | grep -q NOARP && continue
      [ "$name" = lo ] || { echo "$vip is on $name: a real server that answers $asked for the VIP takes it from the director"; break; }
      [ "$address" = "$vip/$(bits "$vip")" ] || { echo "$address is on lo, which makes the whole subnet local; first: ip addr del $address dev lo"; break; }
    done
  done
  for name in $INTERFACES; do
    [ -d "$conf/$name" ] || echo "no such interface: $name"
  done
}

# Saves all that start will do, in one write and before it is done: whenever start is killed, stop undoes it.
remember() {
  mkdir -p "$folder" || fail "cannot write $folder: run as root"
  { if [ -f "$state" ]; then cat "$state"; fi; } >"$state.new" || fail "cannot write $state.new: run as root"
  settings | while read -r path good; do
    remembers "setting $path " && continue
    now=$(value "$path")
    if ! hides "$path" "$now"; then
      echo "setting $path $now $good"
    elif echo "$KNOWN" | grep -q "^setting $path [^ ]* $now\$"; then
      echo "$KNOWN" | grep "^setting $path "
    fi
  done >>"$state.new"
  lo_is_up || remembers loopback-was-down || echo loopback-was-down >>"$state.new"
  for vip in $VIPS; do
    remembers "vip $vip\$" || echo "vip $vip" >>"$state.new"
    on_lo "$vip" || remembers "address $vip " || echo "address $vip $(if is6 "$vip"; then echo none; else free_label; fi)" >>"$state.new"
    routed "$vip" || remembers "route $vip\$" || echo "route $vip" >>"$state.new"
  done
  remember_tunnels
  mv "$state.new" "$state" || fail "cannot write $state: run as root"
}

start() {
  wrong=$(problems | head -n 1)
  [ -z "$wrong" ] || fail "$wrong"
  rm -f "$state.new" 2>/dev/null
  remember
  lo_is_up || ip link set lo up || exit 1
  settings | while read -r path good; do
    hides "$path" "$(value "$path")" || put "$path" "$good"
  done || exit 1
  for vip in $VIPS; do
    if ! on_lo "$vip"; then
      label=$(sed -n "s/^address $vip //p" "$state")
      if is6 "$vip"; then ip addr add "$vip/128" dev lo preferred_lft 0; else ip addr add "$vip/32" dev lo label "$label"; fi || exit 1
    fi
    routed "$vip" || ip route add "$vip" dev lo || exit 1
  done
  start_tunnels
}

stop() {
  [ -f "$state" ] || return 0
  while read -r word first second third; do
    case $word in
    route) if routed "$first"; then ip route del "$first" dev lo || exit 1; fi ;;
    esac
  done <"$state"
  while read -r word first second third; do
    case $word in
    address) if on_dev "$first" "$(place "$third")"; then ip addr del "$first/$(bits "$first")" dev "$(place "$third")" || exit 1; fi ;;
    esac
  done <"$state"
  stop_tunnels
  while read -r word first second third; do
    [ "$word" = setting ] || continue
    now=$(value "$first")
    if [ "$now" = "$third" ]; then
      [ "$now" = "$second" ] || put "$first" "$second"
    elif [ -n "$now" ] && [ "$now" != "$second" ]; then
      echo "$first is $now, not $third as start set it: left unchanged"
    fi
  done <"$state"
  if remembers loopback-was-down && lo_is_up; then ip link set lo down || exit 1; fi
  rm -f "$state"
}

status() {
  present=0 missing=0 loud=0
  for vip in $VIPS; do
    if on_lo "$vip" && routed "$vip"; then
      echo "$vip on lo, routed"; present=$((present + 1))
    elif on_lo "$vip"; then
      echo "$vip on lo, not routed"; present=$((present + 1)); missing=$((missing + 1))
    else
      echo "$vip not on lo"; missing=$((missing + 1))
    fi
  done
  for name in $(has_ipv4 && interfaces); do
    ignore=$(larger "$(cat $conf/all/arp_ignore)" "$(cat "$conf/$name/arp_ignore")")
    announce=$(larger "$(cat $conf/all/arp_announce)" "$(cat "$conf/$name/arp_announce")")
    if hides arp_ignore "$ignore" && hides arp_announce "$announce"; then word=silent; else word='announces the VIP'; loud=$((loud + 1)); fi
    echo "$name arp_ignore $ignore arp_announce $announce: $word"
  done
  tunnel_status || missing=$((missing + 1))
  for vip in $TUNNEL_VIPS; do
    if ip -o addr show | grep -qF " $vip/$(bits "$vip") "; then present=$((present + 1)); fi
  done
  [ "$present" -gt 0 ] || return 3
  [ $((missing + loud)) -eq 0 ]
}

case $* in
start | stop | status) "$1" ;;
*) echo "usage: $0 start|stop|status" >&2; exit 2 ;;
esac
`;

/** The script's text. Addresses and interfaces are quoted, so that nothing in them is executed. */
export function realServerScript(options: ScriptOptions): string {
  const known = options.known.map(({ path, previous, set }) => `setting ${path} ${previous} ${set}`).join('\n');
  return [
    HEAD,
    `VIPS=${quote(options.vips.map(formatAddress).join(' '))}\n`,
    `# VS/TUN: VIPs, devices as NAME KIND DIRECTOR CHECKSUM, and ports of GUE as FAMILY PORT.\n`,
    `TUNNEL_VIPS=${quote((options.tunnels?.vips ?? []).map(formatAddress).join(' '))}\n`,
    `TUNNELS=${quote((options.tunnels?.devices ?? []).map(tunnelLine).join('\n'))}\n`,
    `PORTS=${quote((options.tunnels?.ports ?? []).map(portLine).join('\n'))}\n`,
    `# Empty: every interface that is up and has ARP and an IPv4 address.\nINTERFACES=${quote(options.interfaces.join(' '))}\n`,
    `# Values from before weir, where sysctl.d sets ours at boot.\nKNOWN=${quote(known)}\n`,
    BODY.replace('# TUNNELS', () => TUNNEL_FUNCTIONS.trim()),
  ].join('');
}
