// The states that a connection can be in, by the names of listings.
import { SCTP_STATES } from '../../datapath/sctp-state.js';
import { TCP_STATES } from '../../datapath/tcp-state.js';

export const CONNECTION_STATES: ReadonlySet<string> = new Set([...TCP_STATES, ...SCTP_STATES, 'UDP']);
