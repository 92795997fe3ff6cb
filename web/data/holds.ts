// What holds a server at another weight than its own: the newest of the drains and of the overrides whose targets name it.
import { duration } from '../parts/texts.js';
import type { Drain, Drains, Override, Overrides, Service } from './api-values.js';
import { drainText } from './drain-rows.js';
import { newestBy } from './targets.js';

export interface Hold {
  readonly drain: Drain | undefined;
  readonly override: Override | undefined;
}

export type HoldOf = (row: { readonly service: Pick<Service, 'id'>; readonly id: string }) => Hold;

/** Before either has been read nothing is known to hold a server. */
export const NOT_HELD: Hold = { drain: undefined, override: undefined };

export function holdsBy(drains: Drains | undefined, overrides: Overrides | undefined): HoldOf {
  const drainOf = newestBy(
    drains?.drains.filter(({ holds }) => holds),
    ({ target, also }) => [target, ...also],
  );
  const overrideOf = newestBy(overrides?.overrides, ({ target }) => [target]);
  return (row) => ({ drain: drainOf(row), override: overrideOf(row) });
}

const MS_PER_S = 1000;

/** `weight 3`, `maintenance`. */
export const overrideState = ({ state, weight }: Override): string => (weight === null ? state : `weight ${weight}`);

/** `4m10s left`; empty: until it is taken away. `now`: ms since 1970. */
export const overrideEnd = ({ until }: Override, now: number): string =>
  until === null ? '' : `${duration((Date.parse(until) - now) / MS_PER_S)} left`;

/** `override, maintenance by root, 1h59m left: new disks` */
function overrideText(override: Override, now: number): string {
  const end = overrideEnd(override, now);
  return `override, ${overrideState(override)} by ${override.owner}${end === '' ? '' : `, ${end}`}: ${override.reason}`;
}

/** All that holds it. */
export const holdText = ({ drain, override }: Hold, now: number): string =>
  [
    ...(drain === undefined ? [] : [`drain ${drain.id}: ${drainText(drain)}`]),
    ...(override === undefined ? [] : [overrideText(override, now)]),
  ].join('; ');

/** Since when it is held; null: not known. */
export const heldSince = ({ drain, override }: Hold): string | null =>
  [drain?.startedAt, override?.since].flatMap((since) => since ?? []).toSorted()[0] ?? null;
