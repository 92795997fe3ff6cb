// weir_drain_*: drains that hold their servers, and what became of all; overrides. Times: seconds since 1970.
import { DRAIN_OUTCOMES, type Drain, NO_DRAINS, NONE_ENDED } from '../../model/drain/drain.js';
import { ADMIN_STATES } from '../../model/drain/override.js';
import { directorFamily, type Family, labelText } from '../exposition/family.js';
import type { TableSnapshot } from '../snapshot.js';

const US_PER_S = 1_000_000;

export function drainFamilies({ drains: record = NO_DRAINS, drainsBegan }: TableSnapshot): readonly Family[] {
  const { drains, overrides = [], ended = NONE_ENDED } = record;
  const beganAt = ({ id }: Drain): number => drainsBegan.get(id) ?? 0;
  const each = (name: string, help: string, of: (drain: Drain) => number | undefined): Family =>
    directorFamily(
      `drain_${name}`,
      'gauge',
      help,
      drains.flatMap((drain) => {
        const value = drain.holds ? of(drain) : undefined;
        return value === undefined ? [] : [{ labels: labelText({ drain: drain.id, target: drain.target }), value }];
      }),
    );
  return [
    each('active', 'A drain that holds its servers: 1 until it is empty or its deadline has come, 0 from then on', ({ state }) =>
      state === 'draining' ? 1 : 0,
    ),
    each('connections_remaining', 'Connections that hold up a drain, or are left after its deadline', ({ state, remaining }) =>
      state === 'cancelled' ? undefined : remaining?.open,
    ),
    each('start_timestamp_seconds', 'When a drain began', beganAt),
    each(
      'deadline_timestamp_seconds',
      'The deadline of a drain',
      (drain) => beganAt(drain) + (drain.deadlineUs - drain.startedUs) / US_PER_S,
    ),
    directorFamily(
      'drains_total',
      'counter',
      'Drains that have ended since the datapath was loaded, by outcome',
      DRAIN_OUTCOMES.map((outcome) => ({ labels: labelText({ outcome }), value: ended[outcome] })),
    ),
    directorFamily(
      'overrides',
      'gauge',
      'Overrides of servers, by state',
      ADMIN_STATES.map((state) => ({ labels: labelText({ state }), value: overrides.filter((one) => one.state === state).length })),
    ),
  ];
}
