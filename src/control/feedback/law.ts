// The law: a server's weight follows what it completes, divided by how busy it is, both over the same window. That estimates what it can do at most,
// so late reports delay the weights, but do not make them swing. Steps are small, few servers are lowered together, and the sum stays.
import type { FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import { allocate, type Wish } from './allocate.js';
import { BUSY_MIN, capacityOf, isBelievable, type Window } from './window.js';

/**
 * A server with a weight. `measured`: its window counts. `asks`: it wants this weight; those that ask share what they have in these proportions.
 * `towards`: its weight goes there. `held`: it stays, and no other server's change moves it.
 */
export interface Member {
  /** Present. */
  readonly weight: number;
  /** In the table's units. */
  readonly configured: number;
  readonly follows:
    | { readonly kind: 'measured'; readonly window: Window }
    | { readonly kind: 'asks'; readonly weight: number }
    | { readonly kind: 'towards'; readonly weight: number }
    | { readonly kind: 'held' };
}

/** Why a weight is not its target. `turn`: others are lowered first. */
export type LimitKind = 'dead-band' | 'step' | 'bound' | 'turn' | 'sum' | 'hold' | 'none';

export interface Decision {
  readonly weight: number;
  /** Where the law leads; absent: it has nothing to go by. */
  readonly target?: number;
  readonly limit: LimitKind;
}

/** `overloaded`: all are busy, and no weight helps. `idle`: none is, and nothing can be measured. `alone`: nothing to compare with. */
export type PoolNote = 'balancing' | 'overloaded' | 'idle' | 'alone';

export interface Decided {
  readonly note: PoolNote;
  readonly decisions: readonly Decision[];
}

const OVERLOADED_FROM = 0.9;
const IDLE_BELOW = 0.05;
/** Of so few completed no capacity follows, unless the server is busy otherwise. */
const EVIDENCE_MIN = 5;
const STARVED_FROM = 0.5;
/** A server that completes nothing counts with this share of what all complete. */
const SHARE_MIN = 0.02;
const LOWERED_SHARE = 1 / 3;

const clamp = (value: number, lowest: number, highest: number): number => Math.min(highest, Math.max(lowest, value));
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const isEvidence = ({ busy, completed }: Window): boolean => completed >= EVIDENCE_MIN || busy >= STARVED_FROM;

function noteOf(pool: readonly Member[]): PoolNote {
  const windows = pool.flatMap(({ follows }) => (follows.kind === 'measured' ? [follows.window] : []));
  if (windows.length < 2) return pool.some(({ follows }) => follows.kind === 'asks' || follows.kind === 'towards') ? 'balancing' : 'alone';
  if (windows.every(({ busy }) => busy >= OVERLOADED_FROM)) return 'overloaded';
  return windows.every(({ busy }) => busy < IDLE_BELOW) ? 'idle' : 'balancing';
}

/** The smallest and the largest weight of a server: whole numbers, at least 1. */
export function boundsOf(configured: number, { floor, ceiling }: FeedbackSettings): { readonly lowest: number; readonly highest: number } {
  const lowest = Math.max(1, Math.ceil(configured * floor - 1e-9));
  return { lowest, highest: Math.max(lowest, Math.floor(configured * ceiling + 1e-9)) };
}

/** Where the law leads each member, beyond its bounds, too; undefined: it stays, unless others' changes move it. */
function aimsOf(members: readonly Member[], note: PoolNote): readonly (number | undefined)[] {
  const evident = members.flatMap(({ weight, follows }) =>
    follows.kind === 'measured' && isEvidence(follows.window) ? [{ weight, window: follows.window }] : [],
  );
  const rateOf = ({ completed, seconds }: Window): number => completed / seconds;
  const least = SHARE_MIN * sumOf(evident.map(({ window }) => rateOf(window)));
  const estimate = (window: Window): number => Math.max(capacityOf(window), least / Math.max(window.busy, BUSY_MIN));
  const estimates = sumOf(evident.map(({ window }) => estimate(window)));
  const weights = sumOf(evident.map(({ weight }) => weight));
  const asking = members.flatMap(({ weight, follows }) => (follows.kind === 'asks' ? [{ weight, asked: follows.weight }] : []));
  const given = sumOf(asking.map(({ weight }) => weight)) / sumOf(asking.map(({ asked }) => asked));
  return members.map(({ configured, weight, follows }) => {
    if (follows.kind === 'held') return undefined;
    if (follows.kind === 'towards') return follows.weight;
    if (follows.kind === 'asks') return follows.weight * given;
    if (note !== 'balancing') return undefined;
    // Its share is too small to be measured by: it gets more of it.
    if (!isEvidence(follows.window)) return weight < configured ? configured : undefined;
    return evident.length < 2 || estimates <= 0 ? undefined : (weights * estimate(follows.window)) / estimates;
  });
}

/** Where a member should be. `isBound`: the law leads further. */
interface Target {
  readonly weight: number;
  readonly isBound: boolean;
}

function targetOf({ configured, follows }: Member, aim: number | undefined, settings: FeedbackSettings): Target | undefined {
  if (aim === undefined) return undefined;
  if (follows.kind === 'towards') return { weight: aim, isBound: false };
  const { lowest, highest } = boundsOf(configured, settings);
  return { weight: clamp(aim, lowest, highest), isBound: Math.round(aim) < lowest || Math.round(aim) > highest };
}

/** What one member may become in this period. */
interface Range extends Wish {
  readonly moves: boolean;
  readonly limit: LimitKind;
}

function rangeOf(member: Member, aim: Target | undefined, mayFall: boolean, settings: FeedbackSettings): Range {
  const { weight, configured, follows } = member;
  const bounds = boundsOf(configured, settings);
  const now = Math.round(clamp(weight, bounds.lowest, bounds.highest));
  if (follows.kind === 'held') return { wish: weight, lowest: now, highest: now, moves: false, limit: 'hold' };
  // One unit is always allowed: else small weights would never move.
  const down = Math.max(bounds.lowest, Math.min(now - 1, Math.ceil(weight * (1 - settings.downMax) - 1e-9)));
  const up = Math.min(bounds.highest, Math.max(now + 1, Math.floor(weight * (1 + settings.upMax) + 1e-9)));
  const lowest = mayFall ? down : now;
  if (aim === undefined) return { wish: weight, lowest, highest: up, moves: false, limit: 'hold' };
  const { weight: target, isBound } = aim;
  const isNear = follows.kind === 'measured' && Math.abs(target / weight - 1) < settings.deadBand;
  if (isNear || Math.round(target) === now)
    return { wish: weight, lowest, highest: up, moves: false, limit: isBound ? 'bound' : 'dead-band' };
  const atTarget = isBound ? 'bound' : 'none';
  if (target > weight) return { wish: Math.min(target, up), lowest: now, highest: up, moves: true, limit: target > up ? 'step' : atTarget };
  if (!mayFall) return { wish: weight, lowest: now, highest: now, moves: false, limit: 'turn' };
  return { wish: Math.max(target, down), lowest: down, highest: now, moves: true, limit: target < down ? 'step' : atTarget };
}

/** Those that may be lowered in this period: a third of all, at least one; the furthest above their targets first. */
function fallersOf(members: readonly Member[], targets: readonly (Target | undefined)[]): ReadonlySet<number> {
  const count = Math.max(1, Math.floor(members.length * LOWERED_SHARE));
  const ratios = members.map(({ weight }, index) => ({ index, ratio: (targets[index]?.weight ?? weight) / weight }));
  const free = ratios.filter(({ index }) => members[index]?.follows.kind !== 'held');
  return new Set(
    [...free]
      .sort((a, b) => a.ratio - b.ratio)
      .slice(0, count)
      .map(({ index }) => index),
  );
}

/** Each mover at its wish, if the others can take the difference; else all give a share of it. */
function divide(ranges: readonly Range[], total: number): readonly number[] {
  const fixed = ranges.map((range): Range => {
    const wish = clamp(Math.round(range.wish), range.lowest, range.highest);
    return range.moves ? { ...range, lowest: wish, highest: wish } : range;
  });
  const [least, most] = [sumOf(fixed.map(({ lowest }) => lowest)), sumOf(fixed.map(({ highest }) => highest))];
  return allocate(least <= total && total <= most ? fixed : ranges, total);
}

/** A window that gives no number holds its server alone. */
const withBelievable = (member: Member): Member =>
  member.follows.kind === 'measured' && !isBelievable(member.follows.window) ? { ...member, follows: { kind: 'held' } } : member;

/**
 * The next weights of a pool, in its order. Their sum is that of the configured ones, where the bounds allow it: after a server left, the others
 * keep their shares of the new sum.
 */
export function decide(given: readonly Member[], settings: FeedbackSettings): Decided {
  const pool = given.map(withBelievable);
  const note = noteOf(pool);
  const total = sumOf(pool.map(({ configured }) => configured));
  const present = sumOf(pool.map(({ weight }) => weight));
  const factor = present > 0 ? total / present : 1;
  const members = pool.map((member) => ({ ...member, weight: member.weight * factor }));
  const aims = aimsOf(members, note);
  const targets = members.map((member, index) => targetOf(member, aims[index], settings));
  const fallers = fallersOf(members, targets);
  const ranges = members.map((member, index) => rangeOf(member, targets[index], fallers.has(index), settings));
  const weights = factor !== 1 || ranges.some(({ moves }) => moves) ? divide(ranges, total) : pool.map(({ weight }) => weight);
  const decisions = ranges.map(({ limit, wish, moves }, index): Decision => {
    const weight = weights[index] ?? 0;
    const target = targets[index]?.weight;
    const isOther = (limit === 'none' || (limit === 'bound' && moves)) && weight !== Math.round(wish);
    return { weight, ...(target === undefined ? {} : { target: target / factor }), limit: isOther ? 'sum' : limit };
  });
  return { note, decisions };
}
