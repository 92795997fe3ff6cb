// The part of a real server's script that is about tunnels: shell functions, called by those of script.ts. It needs iproute2.
import { formatAddress } from '../../model/address-text.js';
import type { TunnelDevice, TunnelPort } from './tunnel-devices.js';

/** `NAME KIND REMOTE CHECKSUM`: `weir-ipip ipip any -`. */
export const tunnelLine = ({ name, kind, remote, checksum }: TunnelDevice): string =>
  [name, kind, remote === undefined ? 'any' : formatAddress(remote), checksum ? 'icsum' : '-'].join(' ');

export const portLine = ({ family, port }: TunnelPort): string => `${family} ${port}`;

export const TUNNEL_FUNCTIONS = String.raw`
tunnels() { [ -z "$TUNNELS" ] || echo "$TUNNELS"; }
ports() { [ -z "$PORTS" ] || echo "$PORTS"; }
is_there() { [ -d "$conf/$1" ]; }
is_up() { ip -o link show up | grep -q "^[0-9]*: $1[:@]"; }
# carries KIND VIP: whether packets for it come out of such a device.
carries() { case $1 in ipip) ! is6 "$2" ;; sit) is6 "$2" ;; esac; }
# The VIPs and the devices that they are on.
places() {
  tunnels | while read -r name kind _; do
    for vip in $TUNNEL_VIPS; do if carries "$kind" "$vip"; then echo "$vip $name"; fi; done
  done
}
# rp_filter: strict drops what comes out of the device. The larger of all and the device counts, so 0 does while all is 0, and else 2.
loose() { [ "$(larger "$(value net/ipv4/conf/all/rp_filter)" "$(value "net/ipv4/conf/$1/rp_filter")")" != 1 ]; }
rp_value() { if [ "$(value net/ipv4/conf/all/rp_filter)" = 0 ]; then echo 0; else echo 2; fi; }
takes_ipv4() { for vip in $TUNNEL_VIPS; do if ! is6 "$vip" && carries "$1" "$vip"; then return 0; fi; done; return 1; }
fou() { if [ "$1" = inet6 ]; then shift; ip -6 fou "$@"; else shift; ip fou "$@"; fi; }
# is_open FAMILY PORT
is_open() { ip fou show 2>/dev/null | grep "^port $2 .*gue" | if [ "$1" = inet6 ]; then grep -q -e '-6'; else grep -qv -e '-6'; fi; }

tunnel_problems() {
  [ -n "$TUNNELS" ] || return 0
  case $(ip -V 2>&1) in *iproute2*) ;; *) echo "ip is not that of iproute2, which makes tunnels: apt-get install iproute2" ;; esac
}

remember_tunnels() {
  tunnels | while read -r name kind remote checksum; do
    remembers "tunnel $name " && continue
    if ! is_there "$name"; then was=absent; elif is_up "$name"; then was=up; else was=down; fi
    echo "tunnel $name $kind $was $remote $checksum" >>"$state.new"
  done
  ports | while read -r family port; do
    is_open "$family" "$port" || remembers "port $family $port\$" || echo "port $family $port" >>"$state.new"
  done
  for vip in $TUNNEL_VIPS; do
    remembers "vip $vip\$" || echo "vip $vip" >>"$state.new"
    remembers "tunnel-vip $vip\$" || echo "tunnel-vip $vip" >>"$state.new"
  done
  places | while read -r vip name; do
    on_dev "$vip" "$name" || remembers "address $vip none $name\$" || echo "address $vip none $name" >>"$state.new"
  done
}

start_tunnels() {
  tunnels | while read -r name kind remote checksum; do
    if ! is_there "$name"; then
      set -- type "$kind"
      [ "$kind" != ip6tnl ] || set -- "$@" mode any
      [ "$checksum" != icsum ] || set -- "$@" icsum
      if [ "$remote" != any ]; then set -- "$@" remote "$remote"; elif [ "$kind" != sit ]; then set -- "$@" external; fi
      # With its module the kernel makes sit0 itself.
      ip link add "$name" "$@" 2>"$state.error" || is_there "$name" || fail "cannot make $name: $(cat "$state.error")"
      rm -f "$state.error"
      if takes_ipv4 "$kind"; then put "net/ipv4/conf/$name/rp_filter" "$(rp_value)"; fi
    elif takes_ipv4 "$kind"; then
      loose "$name" || put "net/ipv4/conf/$name/rp_filter" "$(rp_value)"
    fi
    is_up "$name" || ip link set "$name" up || exit 1
  done || exit 1
  places | while read -r vip name; do
    on_dev "$vip" "$name" && continue
    if is6 "$vip"; then ip addr add "$vip/128" dev "$name" preferred_lft 0; else ip addr add "$vip/32" dev "$name"; fi || exit 1
  done || exit 1
  ports | while read -r family port; do
    is_open "$family" "$port" && continue
    modprobe fou 2>/dev/null
    fou "$family" add port "$port" gue || exit 1
  done || exit 1
}

# By the memory: the addresses are gone when this is called.
stop_tunnels() {
  while read -r word first second third fourth _; do
    case $word in
    port) if is_open "$first" "$second"; then fou "$first" del port "$second" || exit 1; fi ;;
    tunnel)
      is_there "$first" || continue
      case $third:$second:$fourth in
      up:*) ;;
      absent:sit:any | down:*) if is_up "$first"; then ip link set "$first" down || exit 1; fi ;;
      *) ip link del "$first" || exit 1 ;;
      esac
      ;;
    esac
  done <"$state"
}

# One line for each device and port; status 1: one of them does not take what a director sends.
tunnel_status() {
  {
    tunnels | while read -r name kind remote _; do
      from="of $remote"
      [ "$remote" != any ] || from='of any director'
      if ! is_there "$name"; then word='not there'
      elif ! is_up "$name"; then word=down
      elif takes_ipv4 "$kind" && ! loose "$name"; then word='drops what it takes, by strict rp_filter'
      else word="takes tunnels $from"; fi
      echo "$name ($kind): $word"
    done
    places | while read -r vip name; do
      if on_dev "$vip" "$name"; then echo "$vip on $name"; else echo "$vip not on $name"; fi
    done
    ports | while read -r family port; do
      if is_open "$family" "$port"; then echo "UDP port $port ($family): open for GUE"; else echo "UDP port $port ($family): closed"; fi
    done
  } | awk '{ print } / not there$|: down$|: drops | not on |: closed$/ { bad = 1 } END { exit bad }'
}
`;
