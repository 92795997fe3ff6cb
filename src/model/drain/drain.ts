// A drain: new connections of its target go elsewhere, the others end by themselves until a deadline. Its record is pinned beside the tables.
import { isRecord, parseJson } from '../json.js';
import type { DestinationKey, ServiceKey } from '../service.js';
import { type DrainTarget, isTargeted, parseDrainTarget } from './drain-target.js';
import type { Override, RemovedOverride } from './override.js';

/** `honour`: persistent clients may open new connections for a while. `release`: their templates lead nowhere any more. */
export type DrainPersistence = 'honour' | 'release';
/** At the deadline: `keep` leaves the connections that are left, `reset` ends them at both ends, `remove` takes the destination out of the table. */
export type DrainEnd = 'keep' | 'reset' | 'remove';
/** `draining` goes on. `empty`: no connection was left. `deadline`: some were. `cancelled`: it has been taken back, before its end or after it. */
export type DrainState = 'draining' | 'empty' | 'deadline' | 'cancelled';

/** Connections that are left. */
export interface DrainRemaining {
  /** Those that hold up the drain. */
  readonly open: number;
  /** TIME_WAIT, CLOSE, and idle ones of UDP: they do not. */
  readonly over: number;
  /** All, by state: ESTABLISHED, UDP … */
  readonly byState: Readonly<Record<string, number>>;
  /** Clients that persistence leads there. */
  readonly persistent: number;
  /** Of those that hold it up, the longest time without a packet, s; null: there are none. */
  readonly idleMaxS: number | null;
}

/** Of a drain of the director: what its peers have taken over by now. */
export interface DrainHandover {
  /** Instances of VRRP that are MASTER here. */
  readonly masters: readonly string[];
  /** Connections that the peers of weir's own stream do not have; null: not known, or there is no stream. */
  readonly wouldBreak: number | null;
}

export type DrainSample = readonly [atUs: number, open: number];

/** Times that end in Us are CLOCK_MONOTONIC, microseconds. */
export interface Drain {
  readonly id: string;
  /** As drainTargetWord. */
  readonly target: string;
  /** Targets that go with it: the server in the other persistent services of the same address, whose clients would be torn apart. */
  readonly also: readonly string[];
  readonly persistence: DrainPersistence;
  readonly end: DrainEnd;
  readonly state: DrainState;
  /** RFC 3339, UTC: for people. */
  readonly startedAt: string;
  readonly startedUs: number;
  readonly deadlineUs: number;
  /** From then on nothing is honoured. */
  readonly persistenceDeadlineUs: number;
  /** The time without an open connection after which it is empty, s. */
  readonly settleS: number;
  /** Without a packet for so long, s, a connection of UDP is over, and one that its client has closed where the answers do not pass by here. */
  readonly idleS: number;
  /** Templates lead nowhere any more. */
  readonly released: boolean;
  /** Its servers have weight 0 for packets: until it is cancelled, also after its end. */
  readonly holds: boolean;
  readonly remaining: DrainRemaining | null;
  /** At the first look: what progress is measured by. */
  readonly openAtStart: number | null;
  readonly lookedUs: number;
  /** No connection has been open since then; null: some are. */
  readonly quietSinceUs: number | null;
  /** Open connections at earlier looks, the oldest first: the rate of leaving. */
  readonly samples: readonly DrainSample[];
  readonly endedUs: number | null;
  /** Connections that held it up when its deadline came; absent: that has not come, or it was empty by then. */
  readonly openAtDeadline?: number;
  /** What was done at the end has been done. */
  readonly endDone: boolean;
  /** Of a drain of the director, as of the last look. */
  readonly handover?: DrainHandover;
  /** It was cancelled, and its servers come back by and by. */
  readonly slowStart?: DrainSlowStart;
  /** Of one that came from a peer: services that it leaves without a server here, as of the last look; some of many. */
  readonly emptied?: readonly string[];
  /** It is the same at the peers of weir's own stream; absent: of a director, or of a build that knew no such drains. */
  readonly shared?: DrainShare;
}

export interface DrainShare {
  /** 16 hexadecimal digits, the same at all directors. */
  readonly uid: string;
  /** Raised by what operators do to it, at whatever director. */
  readonly version: number;
  /** It came from a peer. */
  readonly adopted?: true;
}

/** A drain that was cancelled, for peers that were away and still hold it. */
export interface CancelledDrain extends Pick<Drain, 'target' | 'startedAt'>, DrainShare {
  /** For so long it is remembered. */
  readonly untilUs: number;
}

/** `share`: of its configured weight that packets find now, above 0, at most 1. */
export interface DrainSlowStart {
  readonly fromUs: number;
  readonly untilUs: number;
  readonly share: number;
}

export interface DrainRecord {
  readonly format: 1;
  readonly next: number;
  readonly drains: readonly Drain[];
  /** One a target; absent: there are none, or it is of a build that knew none. */
  readonly overrides?: readonly Override[];
  /** As `cancelled`, of overrides. */
  readonly removedOverrides?: readonly RemovedOverride[];
  /** The oldest first; absent: there are none, or it is of a build that forgot them. */
  readonly cancelled?: readonly CancelledDrain[];
  /** How many drains have ended so far, by what became of them; absent: a build that did not count. */
  readonly ended?: Readonly<Record<DrainOutcome, number>>;
}

/** What a drain has before its connections were looked at for the first time. */
export const beforeFirstLook = (
  atUs: number,
): Pick<Drain, 'holds' | 'remaining' | 'openAtStart' | 'lookedUs' | 'quietSinceUs' | 'samples'> => ({
  holds: true,
  remaining: null,
  openAtStart: null,
  lookedUs: atUs,
  quietSinceUs: null,
  samples: [],
});

export const DRAIN_OUTCOMES = ['empty', 'deadline', 'cancelled'] as const satisfies readonly DrainState[];
export type DrainOutcome = (typeof DRAIN_OUTCOMES)[number];
export const NONE_ENDED: Readonly<Record<DrainOutcome, number>> = { empty: 0, deadline: 0, cancelled: 0 };

export const NO_DRAINS: DrainRecord = { format: 1, next: 1, drains: [] };

/** Of the text that is pinned. Undefined: another build's, which this one cannot read. */
export function readDrainRecord(text: string | undefined): DrainRecord | undefined {
  if (text === undefined) return NO_DRAINS;
  const value = parseJson(text);
  return isRecord(value) && value['format'] === 1 && Array.isArray(value['drains']) ? (value as unknown as DrainRecord) : undefined;
}

/** What a drain does to a destination: it gets no new connections, and none of persistent clients where it is released. */
export interface Hold {
  readonly released: boolean;
  /** Its connections are being reset: all their packets pass where a packet socket sees them. */
  readonly watched?: boolean;
  /** Of its weight that packets find; absent: none. */
  readonly share?: number;
  /** In the place of its configured weight, where that is not 0. */
  readonly weight?: number;
}

interface TargetHold extends Hold {
  readonly target: DrainTarget;
}

export type HoldOf = (service: ServiceKey, server: DestinationKey) => Hold | undefined;

/** All that it empties. */
export const targetsOf = ({ target, also }: Pick<Drain, 'target' | 'also'>): readonly DrainTarget[] =>
  [target, ...also].flatMap((word) => parseDrainTarget(word) ?? []);

/** The deadline has come, and what is left of its connections is to be reset, or is being reset. */
export const isResetting = ({ state, end, endDone, holds }: Drain): boolean => state === 'deadline' && end === 'reset' && !endDone && holds;

/** It has ended, its servers are to be taken out of the table, and what is left of their connections with them. */
export const isRemoving = ({ state, end, endDone, holds }: Drain): boolean =>
  (state === 'deadline' || state === 'empty') && end === 'remove' && !endDone && holds;

function holdOf(drain: Drain): Hold {
  const { released, slowStart } = drain;
  if (slowStart !== undefined) return { released: false, share: slowStart.share };
  return isResetting(drain) ? { released, watched: true } : { released };
}

/** Do two records hold the same destinations in the same way? */
export function holdsSame(a: DrainRecord, b: DrainRecord): boolean {
  const textOf = ({ drains, overrides = [] }: DrainRecord): string =>
    JSON.stringify([
      drains.filter(({ holds }) => holds).map((drain) => [drain.target, drain.also, holdOf(drain)]),
      overrides.map(({ target, state, weight }) => [target, state, weight]),
    ]);
  return textOf(a) === textOf(b);
}

/** Of one whose target cannot be read, as another build's, there is none. */
function overrideHold({ target, state, weight }: Override): TargetHold | undefined {
  const parsed = parseDrainTarget(target);
  if (parsed === undefined) return undefined;
  if (state === 'maintenance') return { target: parsed, released: true };
  return { target: parsed, released: false, ...(state === 'ready' && weight !== null ? { share: 1, weight } : {}) };
}

/** Which destinations the drains and overrides of a record hold. */
export function holdsOf({ drains, overrides = [] }: DrainRecord): HoldOf {
  const holds = [
    ...drains.flatMap((drain): TargetHold[] => (drain.holds ? targetsOf(drain).map((target) => ({ target, ...holdOf(drain) })) : [])),
    ...overrides.flatMap((one): readonly TargetHold[] => {
      const hold = overrideHold(one);
      return hold === undefined ? [] : [hold];
    }),
  ];
  return (service, server) => {
    const found = holds.filter(({ target }) => isTargeted(target, service, server));
    if (found.length === 0) return undefined;
    const share = Math.min(...found.map((hold) => hold.share ?? 0));
    // The newest one of several that state a weight.
    const weight = found.findLast((hold) => hold.weight !== undefined)?.weight;
    return {
      released: found.some(({ released }) => released),
      ...(found.some(({ watched }) => watched === true) ? { watched: true } : {}),
      ...(share === 0 ? {} : { share }),
      ...(weight === undefined ? {} : { weight }),
    };
  };
}

/** What operators have in maintenance: it is left alone, by health checks, too. */
export const maintainedBy = ({ overrides = [] }: DrainRecord): readonly DrainTarget[] =>
  overrides.flatMap(({ target, state }) => (state === 'maintenance' ? (parseDrainTarget(target) ?? []) : []));

/** Still gets its turns: it goes on, or what is to be done at its end or after its cancelling is not done yet. */
export const isUnfinished = ({ state, endDone }: Drain): boolean => state === 'draining' || !endDone;

export const isOfDirector = ({ target }: Pick<Drain, 'target'>): boolean => target === 'director';

/** Peers have the addresses, as far as this host is the one to hand them over. */
export const isHandedOver = ({ handover }: Drain): boolean => handover === undefined || handover.masters.length === 0;

/** No connection holds it up now: it was empty, or the last one has left since its deadline. */
export const isEmptied = (drain: Drain): boolean =>
  drain.state === 'empty' || (drain.state === 'deadline' && drain.remaining?.open === 0 && isHandedOver(drain));

/**
 * It has ended and still holds its servers, where something was left at the last look: what is shown of it is what is left now. What peers send of their
 * own connections is no part of that, so the drain of a director is not looked at any more once it is empty.
 */
export function isLeaving(drain: Drain): boolean {
  const { state, holds, endDone, remaining } = drain;
  if (!holds || !endDone || (state !== 'empty' && state !== 'deadline')) return false;
  if (isOfDirector(drain)) return !isEmptied(drain);
  return remaining === null || remaining.open + remaining.over + remaining.persistent > 0;
}

/** Each look counts its connections. */
export const isCounted = (drain: Drain): boolean => isUnfinished(drain) || isLeaving(drain);

/** Something is due of it although no command asks: connections that are counted, or an override whose time will be over. */
export const isDriven = ({ drains, overrides = [] }: DrainRecord): boolean =>
  drains.some(isCounted) || overrides.some(({ untilUs }) => untilUs !== null);

/** The pause between two looks at connections that are left after the end: nothing is decided by them. */
const RECOUNT_US = 5_000_000;

/** `nowUs`: CLOCK_MONOTONIC. */
export const isDueAt = ({ drains, overrides = [] }: DrainRecord, nowUs: number): boolean =>
  drains.some((drain) => isUnfinished(drain) || (isLeaving(drain) && nowUs - drain.lookedUs >= RECOUNT_US)) ||
  overrides.some(({ untilUs }) => untilUs !== null && untilUs <= nowUs);
