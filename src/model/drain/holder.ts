// What holds a server at another weight than its configured one, as status, explain and their JSON name it.

import type { DestinationKey, ServiceKey } from '../service.js';
import { type Drain, type DrainRecord, type DrainState, targetsOf } from './drain.js';
import { type DrainTarget, isTargeted, parseDrainTarget } from './drain-target.js';
import type { AdminState, Override } from './override.js';

/** `state` of a drain is `cancelled` while the configured weight comes back by and by. */
export type Holder =
  | { readonly kind: 'drain'; readonly id: string; readonly target: string; readonly state: DrainState }
  | ({ readonly kind: 'override'; readonly state: AdminState } & Pick<Override, 'target' | 'weight' | 'owner' | 'reason'>);

export type HoldersOf = (service: ServiceKey, server: DestinationKey) => readonly Holder[];

const drainHolder = ({ id, target, state }: Drain): Holder => ({ kind: 'drain', id, target, state });

const overrideHolder = ({ target, state, weight, owner, reason }: Override): Holder => ({
  kind: 'override',
  target,
  state,
  weight,
  owner,
  reason,
});

const NONE: readonly Holder[] = [];

/** Drains first, then overrides, each the oldest first. */
export function holdersOf({ drains, overrides = [] }: DrainRecord): HoldersOf {
  const parsed = (target: string): readonly DrainTarget[] => [parseDrainTarget(target)].flatMap((one) => one ?? []);
  const all = [
    ...drains.filter(({ holds }) => holds).map((drain) => ({ targets: targetsOf(drain), holder: drainHolder(drain) })),
    ...overrides.map((override) => ({ targets: parsed(override.target), holder: overrideHolder(override) })),
  ];
  if (all.length === 0) return () => NONE;
  return (service, server) =>
    all.flatMap(({ targets, holder }) => (targets.some((target) => isTargeted(target, service, server)) ? [holder] : []));
}

/** What an operator needs to take it away: `drain d1`, or the override by its target. */
export function holderText(holder: Holder): string {
  if (holder.kind === 'drain') return `drain ${holder.id}${holder.state === 'cancelled' ? ', by slow start' : ''}`;
  const { target, state, weight, owner, reason } = holder;
  return `override of ${target}: ${weight === null ? state : `weight ${weight}`} by ${owner}: ${reason}`;
}
