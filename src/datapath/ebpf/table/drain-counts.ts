// What is left of the connections of drains: one look at all tables of connections, however many drains there are.
import {
  type Drain,
  type DrainRecord,
  type DrainRemaining,
  isCounted,
  isOfDirector,
  isUnfinished,
  targetsOf,
} from '../../../model/drain/drain.js';
import { isTargeted } from '../../../model/drain/drain-target.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { DestinationKey, ServiceKey } from '../../../model/service.js';
import { REFRESH_SECONDS } from '../../../model/stream-node.js';
import { swap16 } from '../../../wire/bytes.js';
import { SCTP_STATES, sctpTimeout } from '../../sctp-state.js';
import { Conf, Dest, TcpState, WeirState } from '../abi.gen.js';
import { clockDifference, secondsOf } from './clock.js';
import { keyOfService } from './identity.js';
import { connectionOf, livingSlots, type SlotConnection } from './living-slots.js';
import { recordedAddress } from './record-address.js';
import type { Tables } from './tables.js';
import { isOver, stateName } from './timeouts.js';

/** Where the answers of the server do not pass by, nothing of the end is seen but what the client sends. */
const HALF_CLOSED = new Set(['FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK']);

class Tally {
  readonly #byState: Record<string, number> = {};
  #open = 0;
  #over = 0;
  #idleMaxS = 0;
  persistent = 0;

  /** `endsIdle`: whatever its state, one that has no packet for so long has its packets elsewhere. */
  constructor(
    readonly idleS: number,
    readonly endsIdle: boolean,
  ) {}

  add(state: string, idleS: number, noOutput: boolean): void {
    this.#byState[state] = (this.#byState[state] ?? 0) + 1;
    const endsIdle = this.endsIdle || state === 'UDP' || (noOutput && HALF_CLOSED.has(state));
    if (isOver(state) || (endsIdle && idleS > this.idleS)) {
      this.#over += 1;
      return;
    }
    this.#open += 1;
    this.#idleMaxS = Math.max(this.#idleMaxS, idleS);
  }

  result(): DrainRemaining {
    const idleMaxS = this.#open === 0 ? null : Math.round(this.#idleMaxS);
    return { open: this.#open, over: this.#over, byState: this.#byState, persistent: this.persistent, idleMaxS };
  }
}

/** Every record of a destination that is not free: its number, and what it is. */
export function* recordedDestinations({ dests, services, conf }: Tables): Generator<readonly [number, ServiceKey, DestinationKey]> {
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    const service = dests.get(id, Dest.service);
    if (dests.get(id, Dest.state) === WeirState.FREE || service === 0) continue;
    yield [id, keyOfService(services, service), { address: recordedAddress(dests, Dest, id), port: swap16(dests.get(id, Dest.port)) }];
  }
}

/** The drains of each such record, by its number. */
function talliesOf(tables: Tables, tallies: ReadonlyMap<Drain, Tally>): ReadonlyMap<number, readonly Tally[]> {
  const { dests } = tables;
  const targets = [...tallies].map(([drain, tally]) => ({ targets: targetsOf(drain), tally }));
  const found = new Map<number, readonly Tally[]>();
  for (const [id, key, server] of recordedDestinations(tables)) {
    const own = targets.filter(({ targets: each }) => each.some((target) => target.kind === 'director' || isTargeted(target, key, server)));
    if (own.length === 0) continue;
    found.set(
      id,
      own.map(({ tally }) => tally),
    );
    for (const { tally } of own) tally.persistent += dests.get(id, Dest.persistent);
  }
  return found;
}

/** How long a connection has had no packet, s: by its state's time. */
function idleSeconds({ conf }: Tables, { state, expires }: SlotConnection, now: number, isSctp: boolean): number {
  const hz = conf.get(0, Conf.hz);
  const leftS = secondsOf(clockDifference(expires, now), hz);
  if (isSctp) return Math.max(0, sctpTimeout(SCTP_STATES[state] ?? 'NONE') - leftS);
  const units = state === TcpState.S_UDP ? conf.get(0, Conf.udpTimeout) : conf.get(0, Conf.tcpTimeout, state);
  return Math.max(0, secondsOf(units, hz) - leftS);
}

/** Of one that a peer has begun, packets may pass by there alone: then it is known here a while later that they do. */
function tallyOf(drain: Drain): Tally {
  const laterS = drain.shared?.adopted === true ? REFRESH_SECONDS : 0;
  return new Tally(drain.idleS + laterS, isOfDirector(drain));
}

/** After the end the counters of destinations suffice to know that none is left: templates may stay for days. */
const mayBeLeft = ({ dests }: Tables, drains: readonly Drain[], destinations: Iterable<number>): boolean =>
  drains.some(isUnfinished) || [...destinations].some((id) => dests.get(id, Dest.active) + dests.get(id, Dest.inactive) > 0);

/** By the drains' ids: of those that are counted. */
export function drainRemaining(tables: Tables, { drains }: DrainRecord, now: number): ReadonlyMap<string, DrainRemaining> {
  const tallies = new Map(drains.filter(isCounted).map((drain) => [drain, tallyOf(drain)] as const));
  if (tallies.size === 0) return new Map();
  const byDestination = talliesOf(tables, tallies);
  if (byDestination.size > 0 && mayBeLeft(tables, drains, byDestination.keys())) {
    for (const slot of livingSlots(tables, now)) {
      const connection = connectionOf(slot);
      const own = byDestination.get(connection.dest);
      if (own === undefined) continue;
      const protocol = connection.own?.protocol ?? tables.dests.get(connection.dest, Dest.protocol);
      const isSctp = protocol === IpProtocol.sctp;
      const idle = idleSeconds(tables, connection, now, isSctp);
      for (const tally of own) tally.add(stateName(connection.state, isSctp), idle, connection.noOutput);
    }
  }
  return new Map([...tallies].map(([{ id }, tally]) => [id, tally.result()]));
}
