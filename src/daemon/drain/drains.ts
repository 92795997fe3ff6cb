// What weir drain and the API do with drains: begin one, list them, cancel one; and a turn, which is one look at all of them and what follows of it.
import { randomBytes } from 'node:crypto';
import { checkDrain } from '../../control/drain/check-drain.js';
import { type DrainPlan, drainView, planDrain, withServersOut } from '../../control/drain/drain-plan.js';
import type { DrainEffect, DrainEvent, DrainInput, DrainRequest, DrainView } from '../../control/drain/messages.js';
import { step } from '../../control/drain/step.js';
import type { Director } from '../../datapath/director.js';
import type { DrainTable } from '../../datapath/drain-table.js';
import type { EbpfDirector } from '../../datapath/ebpf/ebpf-director.js';
import { openDirector } from '../../datapath/ebpf/open.js';
import { daemonsServices } from '../../host/daemons-services.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import {
  type Drain,
  type DrainRecord,
  isCounted,
  isDriven,
  isDueAt,
  isOfDirector,
  isUnfinished,
  targetsOf,
} from '../../model/drain/drain.js';
import { isTargeted } from '../../model/drain/drain-target.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { lacksOfPeers } from '../../model/stream-node.js';
import { monotonicUs } from '../../sys/clock.js';
import { handoverNow, instancesHere, releaseFor } from './handover.js';

export type DrainDirector = Director & DrainTable;
export type OnDrainEvent = (event: DrainEvent) => void;

export const SILENT: OnDrainEvent = () => {};
/** Of what names a drain at all directors. */
const UID_BYTES = 8;

/** How long a turn waits for another process that changes the table, ms. */
const TURN_WAIT_MS = 200;

/** Takes what the ends of drains ask for out of the table. */
function remove(director: DrainDirector, drain: Drain): void {
  const targets = targetsOf(drain);
  director.atomically(() => {
    for (const { spec, destinations } of director.services())
      for (const { spec: server } of destinations)
        if (targets.some((target) => isTargeted(target, spec.key, server))) director.deleteDestination(spec.key, server);
  });
}

function carryOut(director: DrainDirector, drain: Drain, action: Extract<DrainEffect, { kind: 'end' }>['action']): void {
  if (action === 'handBack') releaseFor(null);
  else remove(director, drain);
}

/** One step of the machine: the record first, then what it asks for. Killed in between, the next turn asks for it again. */
export function take(director: DrainDirector, before: DrainRecord, input: DrainInput, onEvent: OnDrainEvent): DrainRecord {
  const { state, effects } = step(before, input, monotonicUs());
  director.setDrainRecord(state);
  return perform(director, state, effects, onEvent);
}

function perform(director: DrainDirector, state: DrainRecord, effects: readonly DrainEffect[], onEvent: OnDrainEvent): DrainRecord {
  let record = state;
  for (const effect of effects) {
    if (effect.kind === 'event') {
      onEvent(effect.event);
      continue;
    }
    const drain = record.drains.find(({ id }) => id === effect.id);
    if (drain === undefined) continue;
    if (effect.kind === 'handOver') {
      releaseFor(drain.id);
      continue;
    }
    if (effect.action !== 'reset') carryOut(director, drain, effect.action);
    if (effect.action !== 'handBack') continue; // the connections are ended by endDrained(), which takes its time
    record = take(director, record, { kind: 'done', id: effect.id }, onEvent);
  }
  return record;
}

const isAdopted = ({ shared, holds }: Drain): boolean => shared?.adopted === true && holds;

/** Whether connections of peers are missing here, which drains of theirs wait for. */
function lacks(record: DrainRecord): boolean {
  const status = record.drains.some((drain) => drain.shared?.adopted === true && isUnfinished(drain)) ? readStreamStatus() : undefined;
  return status !== undefined && lacksOfPeers(status);
}

function lookOf(director: DrainDirector, record: DrainRecord): DrainInput {
  const isDrained = record.drains.some((drain) => isOfDirector(drain) && isCounted(drain));
  const handover = isDrained ? handoverNow() : undefined;
  return {
    kind: 'look',
    remaining: record.drains.some(isCounted) ? director.drainRemaining(record) : new Map(),
    lacks: lacks(record),
    ...(record.drains.some(isAdopted) ? { view: drainView(director.services()) } : {}),
    ...(handover === undefined ? {} : { handover }),
  };
}

/** Opens the director of this namespace for `work` */
export function withDirector<T>(work: (director: EbpfDirector) => T, waitMs?: number): T {
  const director = openDirector({ load: false, ...(waitMs === undefined ? {} : { waitMs }) });
  try {
    return work(director);
  } finally {
    director.close();
  }
}

/**
 * Makes what may be drained of the table: servers that their checks have taken out, too. The daemons' files are read here, before the lock, which
 * the look at the table needs.
 */
export function viewerToDrain(): (director: DrainDirector) => DrainView {
  const configured = daemonsServices();
  return (director) => withServersOut(drainView(director.services()), configured);
}

/**
 * Begins a drain in this table: when it returns, no packet on any CPU begins a connection to its servers.
 * @throws WeirError as checkDrain, drain-record
 */
export function startDrainOf(director: DrainDirector, request: DrainRequest, onEvent: OnDrainEvent = SILENT): Drain {
  const viewOf = viewerToDrain();
  return director.exclusively(() => {
    const [before, view] = [director.drainRecord(), viewOf(director)];
    checkDrain(before, request, view, instancesHere());
    const [startedAt, uid] = [new Date().toISOString(), randomBytes(UID_BYTES).toString('hex')];
    const record = take(director, before, { kind: 'start', request, view, startedAt, uid }, onEvent);
    const looked = take(director, record, lookOf(director, record), onEvent);
    const drain = looked.drains.at(-1);
    if (drain === undefined) throw new Error('the drain is not in its record');
    return drain;
  });
}

/** `waitMs`: for another process that changes the table; absent: as long as commands wait. */
export interface DrainCall {
  readonly onEvent?: OnDrainEvent;
  readonly waitMs?: number;
}

/** The same in this network namespace. @throws WeirError datapath-not-loaded, lock-busy, too */
export const startDrain = (request: DrainRequest, { onEvent, waitMs }: DrainCall = {}): Drain =>
  withDirector((director) => startDrainOf(director, request, onEvent), waitMs);

/** What a drain would do, without doing it. @throws WeirError as startDrain */
export function planOfDrain(request: DrainRequest): DrainPlan {
  const viewOf = viewerToDrain();
  return withDirector((director) => planDrain(director.drainRecord(), request, viewOf(director), instancesHere()));
}

/** @throws WeirError drain-missing */
function drainIn({ drains }: DrainRecord, id: string): Drain {
  const found = drains.find((drain) => drain.id === id);
  if (found === undefined) throw new WeirError('drain-missing', { id });
  return found;
}

/**
 * Gives the configured weights back, also after the drain's end; `slowStartS`: by and by, within that time.
 * @throws WeirError drain-missing, datapath-not-loaded
 */
export const cancelDrain = (id: string, slowStartS: number, { onEvent, waitMs }: DrainCall = {}): Drain =>
  withDirector((director) => cancelDrainOf(director, id, slowStartS, onEvent), waitMs);

export function cancelDrainOf(director: DrainDirector, id: string, slowStartS = 0, onEvent: OnDrainEvent = SILENT): Drain {
  return director.exclusively(() => {
    const before = director.drainRecord();
    drainIn(before, id);
    return drainIn(take(director, before, { kind: 'cancel', id, slowStartS }, onEvent), id);
  });
}

/** The deadline in so many seconds from now. @throws WeirError drain-missing, drain-ended, datapath-not-loaded */
export const moveDeadline = (id: string, deadlineS: number, { onEvent, waitMs }: DrainCall = {}): Drain =>
  withDirector((director) => moveDeadlineOf(director, id, deadlineS, onEvent), waitMs);

export function moveDeadlineOf(director: DrainDirector, id: string, deadlineS: number, onEvent: OnDrainEvent = SILENT): Drain {
  return director.exclusively(() => {
    const before = director.drainRecord();
    if (drainIn(before, id).state !== 'draining') throw new WeirError('drain-ended', { id });
    return drainIn(take(director, before, { kind: 'deadline', id, deadlineS }, onEvent), id);
  });
}

/** All drains, the oldest first, and the overrides. @throws WeirError datapath-not-loaded */
export const presentDrains = (): DrainRecord => withDirector((director) => director.drainRecord());

interface Turn {
  readonly onEvent?: OnDrainEvent;
  /** What is left after the end is counted also where its next look is not due yet. */
  readonly recounts?: boolean;
}

/** The connections are counted without the lock, so that no other command waits for that. */
function turnOf(director: DrainDirector, { onEvent = SILENT, recounts = false }: Turn): DrainRecord {
  const seen = director.drainRecord();
  if (recounts ? !isDriven(seen) : !isDueAt(seen, monotonicUs())) return seen;
  const look = lookOf(director, seen);
  return director.exclusively(() => take(director, director.drainRecord(), look, onEvent));
}

type FromPeers = Pick<Extract<DrainInput, { kind: 'peers' }>, 'drains' | 'overrides'>;

/**
 * Drains and overrides of peers. The record after it; `busy`: another process had the table for longer than `waitMs`.
 * @throws WeirError drain-record
 */
export function takePeerDrains(received: FromPeers, { onEvent = SILENT, waitMs = TURN_WAIT_MS }: DrainCall): DrainRecord | 'busy' {
  try {
    return withDirector((director) => takePeerDrainsOf(director, received, onEvent), waitMs);
  } catch (error) {
    if (isWeirError(error, 'lock-busy')) return 'busy';
    throw error;
  }
}

function takePeerDrainsOf(director: DrainDirector, received: FromPeers, onEvent: OnDrainEvent): DrainRecord {
  return director.exclusively(() => {
    const before = director.drainRecord();
    const input = { kind: 'peers', ...received, view: drainView(director.services()) } as const;
    return step(before, input, monotonicUs()).state === before ? before : take(director, before, input, onEvent);
  });
}

/** One look at all drains. @throws WeirError lock-busy: the next turn does it; datapath-not-loaded */
export const turn = (asked: Turn = {}): DrainRecord => withDirector((director) => turnOf(director, asked), TURN_WAIT_MS);
