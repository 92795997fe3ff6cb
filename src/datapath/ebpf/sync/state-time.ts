// How long a connection of a state lives without a packet, as the loaded tables have it.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { SCTP_STATES, sctpTimeout } from '../../sctp-state.js';
import { TCP_STATES } from '../../tcp-state.js';
import { Conf } from '../abi.gen.js';
import { unitsOf } from '../table/clock.js';
import type { Tables } from '../table/tables.js';

/** Clock units. `state`: of TCP and SCTP, by number. */
export function stateTime({ conf }: Pick<Tables, 'conf'>, protocol: number, state: number): number {
  if (protocol === IpProtocol.tcp) return conf.get(0, Conf.tcpTimeout, state);
  if (protocol !== IpProtocol.sctp) return conf.get(0, Conf.udpTimeout);
  return unitsOf(sctpTimeout(SCTP_STATES[state] ?? 'NONE'), conf.get(0, Conf.hz));
}

/** The same of all states, read once for many connections. */
export class StateTimes {
  readonly #tcp = new Uint32Array(TCP_STATES.length);
  readonly #sctp = new Uint32Array(SCTP_STATES.length);
  #udp = 0;

  /** As the tables have it now. */
  read(tables: Pick<Tables, 'conf'>): void {
    for (let state = 0; state < this.#tcp.length; state++) this.#tcp[state] = stateTime(tables, IpProtocol.tcp, state);
    for (let state = 0; state < this.#sctp.length; state++) this.#sctp[state] = stateTime(tables, IpProtocol.sctp, state);
    this.#udp = stateTime(tables, IpProtocol.udp, 0);
  }

  /** As stateTime(); of a state that there is not: 0. */
  of(protocol: number, state: number): number {
    if (protocol === IpProtocol.tcp) return this.#tcp[state] ?? 0;
    return protocol === IpProtocol.sctp ? (this.#sctp[state] ?? 0) : this.#udp;
  }
}
