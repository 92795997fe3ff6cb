// Changes of several fields that take effect together, such as an edit of a destination: they are written down first (struct intent) and
// then carried out. Where the writer dies in between, the next command carries out the rest (repair.ts).
import type { Hold } from '../../../model/drain/drain.js';
import { storedWeight } from '../../../model/drain/effective-weight.js';
import type { DestinationSpec, Timeouts } from '../../../model/service.js';
import { Conf, Dest, Intent, IntentKind, Service, WeirState } from '../abi.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { unitsOf } from '../table/clock.js';
import { forwardingWord, recordedForwarding, storeForwarding } from '../table/forwarding-word.js';
import type { Tables } from '../table/tables.js';
import { ESTABLISHED, FIN_WAIT } from '../table/timeouts.js';

const { INTENT_NONE, INTENT_DESTINATION, INTENT_TIMEOUTS, INTENT_FLUSH } = IntentKind;
/** What a user may change of a destination: fields of its record and of an intent, whose `method` is the word of forwarding-word.ts. */
const DESCRIPTION = ['method', 'upper', 'lower', 'weight', 'lastWeight'] as const;

type Description = Readonly<Record<(typeof DESCRIPTION)[number], number>>;

/** `lastWeight`: its last weight that was not 0; of a new one the weight itself. */
function valuesOf(spec: DestinationSpec, lastWeight: number, hold: Hold | undefined): Description {
  const { upperThreshold: upper, lowerThreshold: lower } = spec;
  const { held, ...weights } = storedWeight(spec.weight, lastWeight, hold);
  return { method: forwardingWord(spec, held), upper, lower, ...weights };
}

/**
 * Whether it is full by its present thresholds: from the upper one on; below the lower one, or three quarters of the upper one, it is free
 * again; in between it stays as it is. Looks once more after it has set the mark, since connections may have ended meanwhile.
 */
function updateOverload({ dests }: Tables, id: number): void {
  const count = (): number => dests.get(id, Dest.active) + dests.get(id, Dest.inactive);
  const upper = dests.get(id, Dest.upper);
  if (upper !== 0 && count() >= upper) dests.set(id, Dest.overload, 1);
  const free = dests.get(id, Dest.lower) || upper - (upper >>> 2);
  if (upper === 0 || count() < free) dests.set(id, Dest.overload, 0);
}

/** Stores a field of a description in the record. */
function store(tables: Tables, id: number, name: keyof Description, value: number): void {
  if (name === 'method') storeForwarding(tables, id, value);
  else tables.dests.set(id, Dest[name], value);
}

/** Writes it into the record of a destination that no packet finds yet. */
export function describe(tables: Tables, id: number, spec: DestinationSpec, hold?: Hold): void {
  const values = valuesOf(spec, 0, hold);
  for (const name of DESCRIPTION) store(tables, id, name, values[name]);
  release(tables, id, hold?.released === true);
  updateOverload(tables, id);
}

/** Whether templates lead clients to it. */
function release({ dests }: Tables, id: number, released: boolean): void {
  const flags = dests.get(id, Dest.flags);
  dests.set(id, Dest.flags, released ? flags | DrainAbi.D_RELEASED : flags & ~DrainAbi.D_RELEASED);
}

/** Changes a destination in the list of its service. Released templates lead nowhere before the weight is 0, and again after it has one. */
export function redescribe(tables: Tables, id: number, spec: DestinationSpec, hold?: Hold): void {
  const { dests, intent } = tables;
  const values = valuesOf(spec, dests.get(id, Dest.lastWeight), hold);
  for (const name of DESCRIPTION) intent.set(0, Intent[name], values[name]);
  intent.set(0, Intent.destination, id);
  intent.set(0, Intent.edits, (intent.get(0, Intent.edits) + 1) >>> 0);
  const released = hold?.released === true;
  if (released) release(tables, id, true);
  intent.set(0, Intent.kind, INTENT_DESTINATION);
  finish(tables);
  if (!released) release(tables, id, false);
}

/** Seconds; 0 leaves a timeout as it is. */
export function setTimeouts(tables: Tables, timeouts: Timeouts): void {
  const { intent, conf } = tables;
  const hz = conf.get(0, Conf.hz);
  intent.set(0, Intent.tcp, unitsOf(timeouts.tcp, hz));
  intent.set(0, Intent.tcpFin, unitsOf(timeouts.tcpFin, hz));
  intent.set(0, Intent.udp, unitsOf(timeouts.udp, hz));
  intent.set(0, Intent.kind, INTENT_TIMEOUTS);
  finish(tables);
}

/** Begins the removal of every service, by the caller or by the repair after it; the caller ends with `finish`. */
export function intendFlush({ intent }: Tables): void {
  intent.set(0, Intent.kind, INTENT_FLUSH);
}

/** The destination of an edit that is written down, and which its record may not show yet. 0: there is none. */
export const editedDestination = ({ intent }: Tables): number =>
  intent.atomic(0, Intent.kind) === INTENT_DESTINATION ? intent.get(0, Intent.destination) : 0;

/** Where the values of destination `id` are to be read, and a number that changes when an edit begins. */
function sourceOf(tables: Tables, id: number): { readonly edited: boolean; readonly version: number } {
  const version = tables.intent.atomic(0, Intent.edits); // before the kind, which is stored after it
  return { edited: editedDestination(tables) === id, version };
}

const recorded = (tables: Tables, id: number): Description => {
  const { dests } = tables;
  return {
    method: recordedForwarding(tables, id),
    upper: dests.get(id, Dest.upper),
    lower: dests.get(id, Dest.lower),
    weight: dests.get(id, Dest.weight),
    lastWeight: dests.get(id, Dest.lastWeight),
  };
};

const writtenDown = ({ intent }: Tables): Description => ({
  method: intent.get(0, Intent.method),
  upper: intent.get(0, Intent.upper),
  lower: intent.get(0, Intent.lower),
  weight: intent.get(0, Intent.weight),
  lastWeight: intent.get(0, Intent.lastWeight),
});

/** What a user may change of destination `id`, whole, beside a writer: an edit is true from the moment when it is written down. */
export function descriptionOf(tables: Tables, id: number): Description {
  for (;;) {
    const before = sourceOf(tables, id);
    const found = before.edited ? writtenDown(tables) : recorded(tables, id);
    const after = sourceOf(tables, id);
    if (after.edited === before.edited && after.version === before.version) return found;
  }
}

/** Every service is being removed: a reader finds none. */
export function isFlushing({ intent }: Tables): boolean {
  return intent.atomic(0, Intent.kind) === INTENT_FLUSH;
}

/** Timeouts that are being set, clock units; 0: as before. undefined: none are. */
export function intendedTimeouts({ intent }: Tables): { readonly tcp: number; readonly tcpFin: number; readonly udp: number } | undefined {
  if (intent.atomic(0, Intent.kind) !== INTENT_TIMEOUTS) return undefined;
  return { tcp: intent.get(0, Intent.tcp), tcpFin: intent.get(0, Intent.tcpFin), udp: intent.get(0, Intent.udp) };
}

/** Carries out what is written down, or the rest of it. */
export function finish(tables: Tables): void {
  const { intent } = tables;
  const kind = intent.get(0, Intent.kind);
  if (kind === INTENT_DESTINATION) finishDestination(tables);
  else if (kind === INTENT_TIMEOUTS) finishTimeouts(tables);
  else if (kind === INTENT_FLUSH) finishFlush(tables);
  intent.set(0, Intent.kind, INTENT_NONE);
}

function finishDestination(tables: Tables): void {
  const { intent } = tables;
  const id = intent.get(0, Intent.destination);
  for (const name of DESCRIPTION) store(tables, id, name, intent.get(0, Intent[name]));
  updateOverload(tables, id);
}

function finishTimeouts({ conf, intent }: Tables): void {
  const set = (value: number, field: typeof Conf.tcpTimeout | typeof Conf.udpTimeout, k: number): void => {
    if (value !== 0) conf.set(0, field, value, k);
  };
  set(intent.get(0, Intent.tcp), Conf.tcpTimeout, ESTABLISHED);
  set(intent.get(0, Intent.tcpFin), Conf.tcpTimeout, FIN_WAIT);
  set(intent.get(0, Intent.udp), Conf.udpTimeout, 0);
}

function finishFlush({ conf, services }: Tables): void {
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.state) === WeirState.LIVE) services.set(id, Service.state, WeirState.DEAD);
  }
}
