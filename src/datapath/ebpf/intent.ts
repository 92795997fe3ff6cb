// Changes of several fields that take effect at once, such as an edit of a destination: what is to be is written down
// first, in record 0 of the destinations, which is nobody's, and then done. Should the writer die in between, the next
// command does the rest (repair.ts).
import type { DestinationSpec, Timeouts } from '../../model/service.js';
import { Conf, Dest, Service, WeirState } from './abi.gen.js';
import { unitsOf } from './clock.js';
import { methodNumber } from './identity.js';
import type { Tables } from './tables.js';
import { ESTABLISHED, FIN_WAIT } from './timeouts.js';

const NOTE = 0;
const Kind = { none: 0, destination: 1, timeouts: 2, flush: 3 } as const;
/** Where the note has its parts: fields of a destination that mean something else here. */
const kind = Dest.overload;
const subject = Dest.next;
/** Raised by each edit: a reader that finds it unchanged knows that no edit began and ended meanwhile. */
const edits = Dest.persistent;
const [tcp, tcpFin, udp] = [Dest.weight, Dest.upper, Dest.lower];
const DESCRIPTION = [Dest.method, Dest.weight, Dest.upper, Dest.lower, Dest.lastWeight] as const;

/** Writes into record `id` what a user may change of a destination; `weightWas`: before. */
export function describe({ dests }: Tables, id: number, spec: DestinationSpec, weightWas: number): void {
  dests.set(id, Dest.method, methodNumber(spec.method));
  dests.set(id, Dest.upper, spec.upperThreshold);
  dests.set(id, Dest.lower, spec.lowerThreshold);
  dests.set(id, Dest.weight, spec.weight);
  dests.set(id, Dest.lastWeight, spec.weight === 0 ? weightWas : spec.weight);
}

export function describeAtOnce(tables: Tables, id: number, spec: DestinationSpec): void {
  const { dests } = tables;
  describe(tables, NOTE, spec, dests.get(id, Dest.weight));
  dests.set(NOTE, subject, id);
  dests.set(NOTE, edits, (dests.get(NOTE, edits) + 1) >>> 0);
  dests.set(NOTE, kind, Kind.destination);
  finish(tables);
}

/** Seconds; 0 leaves a timeout as it is. */
export function setTimeoutsAtOnce(tables: Tables, timeouts: Timeouts): void {
  const { dests, conf } = tables;
  const hz = conf.get(0, Conf.hz);
  dests.set(NOTE, tcp, unitsOf(timeouts.tcp, hz));
  dests.set(NOTE, tcpFin, unitsOf(timeouts.tcpFin, hz));
  dests.set(NOTE, udp, unitsOf(timeouts.udp, hz));
  dests.set(NOTE, kind, Kind.timeouts);
  finish(tables);
}

/** From here on everything is to be removed, by the caller or by who repairs after it; `finish` when it is done. */
export function intendFlush({ dests }: Tables): void {
  dests.set(NOTE, kind, Kind.flush);
}

/** The record that a reader takes what a user may change of destination `id` from, and what tells whether it changed meanwhile. */
export function descriptionOf({ dests }: Tables, id: number): { readonly record: number; readonly version: number } {
  const version = dests.atomic(NOTE, edits); // before the kind, which is stored after it
  const edited = dests.atomic(NOTE, kind) === Kind.destination && dests.get(NOTE, subject) === id;
  return { record: edited ? NOTE : id, version };
}

/** Everything is being removed: it is gone for a reader. */
export function isFlushing({ dests }: Tables): boolean {
  return dests.atomic(NOTE, kind) === Kind.flush;
}

/** Timeouts that are being set, clock units; 0: it stays as it is. undefined: none are. */
export function intendedTimeouts({ dests }: Tables): { readonly tcp: number; readonly tcpFin: number; readonly udp: number } | undefined {
  if (dests.atomic(NOTE, kind) !== Kind.timeouts) return undefined;
  return { tcp: dests.get(NOTE, tcp), tcpFin: dests.get(NOTE, tcpFin), udp: dests.get(NOTE, udp) };
}

/** Does what is written down, or the rest of it. */
export function finish(tables: Tables): void {
  const { dests, services, conf } = tables;
  const what = dests.get(NOTE, kind);
  if (what === Kind.destination) {
    const id = dests.get(NOTE, subject);
    for (const field of DESCRIPTION) dests.set(id, field, dests.get(NOTE, field));
  } else if (what === Kind.timeouts) {
    const set = (value: number, field: typeof Conf.tcpTimeout | typeof Conf.udpTimeout, k: number): void => {
      if (value !== 0) conf.set(0, field, value, k);
    };
    set(dests.get(NOTE, tcp), Conf.tcpTimeout, ESTABLISHED);
    set(dests.get(NOTE, tcpFin), Conf.tcpTimeout, FIN_WAIT);
    set(dests.get(NOTE, udp), Conf.udpTimeout, 0);
  } else if (what === Kind.flush) {
    for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
      if (services.get(id, Service.state) === WeirState.LIVE) services.set(id, Service.state, WeirState.DEAD);
    }
  }
  dests.set(NOTE, kind, Kind.none);
}
