// The states of connections: TCP's, SCTP's, and one for every protocol without a state machine.
import { SCTP_STATES, type SctpState } from '../../sctp-state.js';
import { isActiveTcpState, TCP_STATES, type TcpState } from '../../tcp-state.js';

export const UDP = 'UDP';
/** Two states of SCTP have the names of TCP's: NONE and ESTABLISHED. */
export type ConnectionState = TcpState | SctpState | typeof UDP;

const tcpStates: ReadonlySet<string> = new Set(TCP_STATES);
const sctpStates: ReadonlySet<string> = new Set(SCTP_STATES);

export const isTcpState = (state: ConnectionState): state is TcpState => tcpStates.has(state);
export const isSctpState = (state: ConnectionState): state is SctpState => sctpStates.has(state);

/** Whether its destination counts such a connection as active. Of SCTP's states only ESTABLISHED is, as of TCP. */
export const isActiveState = (state: ConnectionState): boolean => isTcpState(state) && isActiveTcpState(state);
