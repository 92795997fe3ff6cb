// The agent as one file for /bin/sh and awk, for real servers without weir: one request on standard input, one answer on standard output, as inetd,
// systemd (Accept=yes) and socat give them. Counters need no memory between two requests.
import { WEIR_LOAD_PATH } from '../../wire/load/weir-load.js';

export const AGENT_SCRIPT = `#!/bin/sh
# weir-agent.sh: reports how busy this server is, for the weights of weir feedback.
#   weir-agent.sh        answers GET ${WEIR_LOAD_PATH} with counters (JSON)
#   weir-agent.sh text   answers with one line of HAProxy's agent-check: the idle share of a second
# It serves one connection, e.g.:
#   socat TCP-LISTEN:8088,bind=10.0.0.11,fork,reuseaddr,max-children=16 EXEC:./weir-agent.sh
# Where a file is named by WEIR_DRAIN_FILE and is there, the server wants no new connections.
set -u
LC_ALL=C
export LC_ALL

drains() {
  [ -n "\${WEIR_DRAIN_FILE:-}" ] && [ -e "$WEIR_DRAIN_FILE" ]
}

# Ticks that the CPUs were busy, and all.
ticks() {
  awk '/^cpu / { total = 0; for (i = 2; i <= 9; i++) total += $i; printf "%d %d\\n", total - $5 - $6, total; exit }' /proc/stat
}

if [ "\${1:-}" = text ]; then
  before=$(ticks)
  sleep 1
  state=ready
  drains && state=drain
  echo "$before $(ticks) $state" | awk '{ time = $4 - $2; busy = time > 0 ? ($3 - $1) / time : 0; printf "%d%% %s\\n", 100 * (1 - busy) + 0.5, $5 }'
  exit 0
fi

answer() {
  printf 'HTTP/1.1 %s\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s' "$1" "\${#2}" "$2"
}

request=$(timeout 5 dd bs=4096 count=1 2>/dev/null | tr -d '\\000')
case $request in
'GET ${WEIR_LOAD_PATH} HTTP/1.'*) ;;
*)
  answer '404 Not Found' '{}'
  exit 0
  ;;
esac
read -r run </proc/sys/kernel/random/boot_id
read -r up idle </proc/uptime
clock=$(echo "$up" | awk '{ printf "%.0f", $1 * 1000000 }')
set -- $(ticks)
state=ready
drains && state=drain
answer '200 OK' "{\\"format\\":1,\\"run\\":\\"$run\\",\\"clock_us\\":$clock,\\"resources\\":{\\"cpu\\":{\\"busy\\":$1,\\"total\\":$2}},\\"state\\":\\"$state\\"}"
`;
