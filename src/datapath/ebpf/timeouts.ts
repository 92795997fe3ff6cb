// Connection timeouts: the kernel's defaults, by state (facts of ip_vs_proto_tcp.c), and the three that a user may set.
import type { Timeouts } from '../../model/service.js';

/** TCP states in the order of the table's state numbers: name and default timeout in seconds. */
export const TCP_STATES = [
  ['NONE', 2],
  ['ESTABLISHED', 900],
  ['SYN_SENT', 120],
  ['SYN_RECV', 60],
  ['FIN_WAIT', 120],
  ['TIME_WAIT', 120],
  ['CLOSE', 10],
  ['CLOSE_WAIT', 60],
  ['LAST_ACK', 30],
  ['LISTEN', 120],
  ['SYNACK', 120],
] as const;

export const TCP_TIMEOUT_SECONDS: readonly number[] = TCP_STATES.map(([, seconds]) => seconds);
export const ESTABLISHED = 1;
export const FIN_WAIT = 4;
export const UDP_STATE = 15;

export const DEFAULT_TIMEOUTS: Timeouts = { tcp: 900, tcpFin: 120, udp: 300 };

/** As `ip_vs_conn` names a state. */
export function stateName(state: number): string {
  return state === UDP_STATE ? 'UDP' : (TCP_STATES[state]?.[0] ?? 'ERR!');
}
