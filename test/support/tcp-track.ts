// The state of one TCP connection over its segments, as a director with it would keep it.
import { nextTcpState, type TcpState, type TcpTable, tcpEvent } from '../../src/datapath/tcp-state.js';

/** `noOutput`: no reply was seen yet and none is expected (every method but NAT starts so). */
export interface TcpTrack {
  readonly state: TcpState;
  readonly noOutput: boolean;
}

/** A new connection before its first segment. `repliesPassHere`: the forwarding method is NAT. */
export function newTcpTrack(repliesPassHere: boolean): TcpTrack {
  return { state: 'NONE', noOutput: !repliesPassHere };
}

/** The track after a segment. A reply that passes here after all ends `noOutput`. */
export function stepTcp(track: TcpTrack, from: 'client' | 'server', flags: number, table: TcpTable): TcpTrack {
  const noOutput = track.noOutput && from === 'client';
  const direction = from === 'server' ? 'output' : noOutput ? 'input-only' : 'input';
  return { state: nextTcpState(table, direction, tcpEvent(flags), track.state), noOutput };
}
