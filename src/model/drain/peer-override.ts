// An override on its way to a peer of weir's own stream, so that a director that takes over holds the same servers. One that was taken away travels, too.
import type { DrainRecord } from './drain.js';
import { canonicalTarget, parseDrainTarget } from './drain-target.js';
import type { Override, RemovedOverride } from './override.js';

const MS_US = 1000;

/** `override`: null: it was taken away. Of each target the higher version counts. */
export interface PeerOverride {
  readonly target: string;
  readonly version: number;
  /** Until its time is over; of one that was taken away until that is forgotten; null: there is no such time. */
  readonly leftMs: number | null;
  readonly override: Pick<Override, 'state' | 'weight' | 'reason' | 'owner' | 'since'> | null;
}

/** A director takes no more of peers. */
export const PEER_OVERRIDES_MAX = 256;
/** Those that were taken away are remembered: so many. */
export const REMOVED_MAX = 192;

const leftMs = (us: number, nowUs: number): number => Math.max(1, Math.round((us - nowUs) / MS_US));

/** Of a build before it has none. */
export const versionOf = ({ version = 1 }: Pick<Override, 'version'>): number => version;

function present(one: Override, nowUs: number): PeerOverride {
  const { target, state, weight, reason, owner, since, untilUs } = one;
  const time = untilUs === null ? null : leftMs(untilUs, nowUs);
  return { target, version: versionOf(one), leftMs: time, override: { state, weight, reason, owner, since } };
}

const removed = ({ target, version, untilUs }: RemovedOverride, nowUs: number): PeerOverride => ({
  target,
  version,
  leftMs: leftMs(untilUs, nowUs),
  override: null,
});

/** Of another build's whose target or weight cannot be read a peer could make nothing. */
function isReadable({ target, state, weight }: Override): boolean {
  const kind = parseDrainTarget(target)?.kind;
  return (kind === 'server' || kind === 'address') && canonicalTarget(target) === target && (state === 'ready') === (weight !== null);
}

/** What travels of a record. */
export const peerOverridesOf = ({ overrides = [], removedOverrides = [] }: DrainRecord, nowUs: number): readonly PeerOverride[] => [
  ...removedOverrides.map((one) => removed(one, nowUs)),
  ...overrides
    .filter(isReadable)
    .slice(-PEER_OVERRIDES_MAX)
    .map((one) => present(one, nowUs)),
];
