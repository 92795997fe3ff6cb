// Steps of faults that the connection table shows: clients that get no answer, and the wait until that is seen.
import type { Step } from './types.js';

export const until = (condition: string): string => `for i in $(seq 600); do ${condition} && exit 0; sleep 0.1; done; exit 1`;

/** Clients that do not wait long for an answer, but long enough to have asked on a busy machine. */
export const attempts = (vip: string, count: number): Step =>
  `for i in $(seq ${count}); do timeout 3 bash -c ': > /dev/tcp/${vip}/80' 2>/dev/null & done; wait`;

/** Until so many connections of the server are half open for some seconds. */
export const stuck = (count: number, server: string): Step =>
  until(`[ $(ipvsadm -Lnc | awk '$3 == "SYN_RECV" && $2 <= "00:56"' | grep -c '${server}') -ge ${count} ]`);
