// How long a connection of a state lives without a packet, as the loaded tables have it.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { SCTP_STATES, sctpTimeout } from '../../sctp-state.js';
import { Conf } from '../abi.gen.js';
import { unitsOf } from '../table/clock.js';
import type { Tables } from '../table/tables.js';

/** Clock units. `state`: of TCP and SCTP, by number. */
export function stateTime({ conf }: Pick<Tables, 'conf'>, protocol: number, state: number): number {
  if (protocol === IpProtocol.tcp) return conf.get(0, Conf.tcpTimeout, state);
  if (protocol !== IpProtocol.sctp) return conf.get(0, Conf.udpTimeout);
  return unitsOf(sctpTimeout(SCTP_STATES[state] ?? 'NONE'), conf.get(0, Conf.hz));
}
