// The states of connections: TCP's, and one for every protocol without a state machine.
import { isActiveTcpState, type TcpState } from '../../tcp-state.js';

export const UDP = 'UDP';
export type ConnectionState = TcpState | typeof UDP;

/** Whether its destination counts such a connection as active. */
export const isActiveState = (state: ConnectionState): boolean => state !== UDP && isActiveTcpState(state);
