// A drain on its way to a peer of weir's own stream, which completes it where this director no longer can. Times are what is left of them, since the
// clocks of two machines differ.
import type { CancelledDrain, Drain, DrainRecord } from './drain.js';

const MS_US = 1000;
const SECOND_MS = 1000;

export interface PeerDrain extends Pick<Drain, 'target' | 'also' | 'persistence' | 'end' | 'state' | 'startedAt' | 'released'> {
  /** 16 hexadecimal digits, the same at all directors. */
  readonly uid: string;
  /** Of what operators have done to it, at whatever director. */
  readonly version: number;
  readonly ageMs: number;
  /** Until the deadline, of one that was cancelled until it is forgotten; and until nothing is honoured any more. */
  readonly leftMs: number;
  readonly honourLeftMs: number;
  readonly settleMs: number;
  readonly idleMs: number;
  /** Until all of the weight is back; 0: no slow start runs. */
  readonly slowStartLeftMs: number;
}

/** More than a director has at the same time: the newest travel. */
export const PEER_DRAINS_MAX = 256;
/** Those that were cancelled are remembered: so many. With the others they are no more than a peer takes together. */
export const CANCELLED_MAX = 192;

const leftMs = (us: number, nowUs: number): number => Math.max(0, Math.round((us - nowUs) / MS_US));

function peerDrainOf(drain: Drain, nowUs: number): readonly PeerDrain[] {
  const { shared, target, also, persistence, end, state, startedAt, released, slowStart } = drain;
  if (shared === undefined) return [];
  const { uid, version } = shared;
  const own = { uid, version, target, also, persistence, end, state, startedAt, released };
  return [
    {
      ...own,
      ageMs: Math.max(0, Math.round((nowUs - drain.startedUs) / MS_US)),
      leftMs: leftMs(drain.deadlineUs, nowUs),
      honourLeftMs: leftMs(drain.persistenceDeadlineUs, nowUs),
      settleMs: Math.round(drain.settleS * SECOND_MS),
      idleMs: Math.round(drain.idleS * SECOND_MS),
      slowStartLeftMs: slowStart === undefined ? 0 : leftMs(slowStart.untilUs, nowUs),
    },
  ];
}

/** Of what is over no more need be known. */
function cancelledPeerDrain({ uid, version, target, startedAt, untilUs }: CancelledDrain, nowUs: number): PeerDrain {
  const over = { also: [], persistence: 'release', end: 'keep', state: 'cancelled', released: true } as const;
  const times = { ageMs: 0, leftMs: leftMs(untilUs, nowUs), honourLeftMs: 0, settleMs: 0, idleMs: 0, slowStartLeftMs: 0 };
  return { uid, version, target, startedAt, ...over, ...times };
}

/** What travels of a record. */
export function peerDrainsOf({ drains, cancelled = [] }: DrainRecord, nowUs: number): readonly PeerDrain[] {
  const remembered = new Map(cancelled.map((one) => [one.uid, one]));
  const all = drains.flatMap((drain) => {
    const over = remembered.get(drain.shared?.uid ?? '');
    return peerDrainOf(drain, nowUs).map((one) => (over === undefined ? one : { ...one, leftMs: leftMs(over.untilUs, nowUs) }));
  });
  const travelling = all.slice(-PEER_DRAINS_MAX);
  const uids = new Set(travelling.map(({ uid }) => uid));
  return [...cancelled.filter(({ uid }) => !uids.has(uid)).map((one) => cancelledPeerDrain(one, nowUs)), ...travelling];
}
