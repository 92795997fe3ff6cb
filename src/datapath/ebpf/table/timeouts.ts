// Connection timeouts: the kernel's defaults by the datapath's state numbers, and the three that a user may set.
import type { Timeouts } from '../../../model/service.js';
import { SCTP_STATES } from '../../sctp-state.js';
import { TCP_STATES, TCP_TIMEOUTS } from '../../tcp-state.js';
import { TcpState } from '../abi.gen.js';

/** By state number. */
export const TCP_TIMEOUT_SECONDS: readonly number[] = TCP_STATES.map((state) => TCP_TIMEOUTS[state]);
export const ESTABLISHED = TcpState.S_ESTABLISHED;
export const FIN_WAIT = TcpState.S_FIN_WAIT;
const UDP_STATE = TcpState.S_UDP;

export const DEFAULT_TIMEOUTS: Timeouts = { tcp: 900, tcpFin: 120, udp: 300 };

/** The name that `ip_vs_conn` has for a state of SCTP, or of another protocol. */
export function stateName(state: number, sctp: boolean): string {
  if (sctp) return SCTP_STATES[state] ?? 'ERR!';
  return state === UDP_STATE ? 'UDP' : (TCP_STATES[state] ?? 'ERR!');
}

const OVER = new Set(['TIME_WAIT', 'CLOSE', 'CLOSED', 'REJECTED']);

/** Both sides have closed it: no data follows. `state`: its name. */
export const isOver = (state: string): boolean => OVER.has(state);
