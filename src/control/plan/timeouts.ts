// Timeouts of connections, as lines of a plan.
import type { Timeouts } from '../../model/service.js';
import type { Difference } from './plan.js';

const NAMES = [
  ['tcp', 'tcp'],
  ['tcp fin', 'tcpFin'],
  ['udp', 'udp'],
] as const;

/** `wanted`: 0 keeps what is there. */
export function differingTimeouts(present: Timeouts, wanted: Timeouts): readonly Difference[] {
  return NAMES.flatMap(([what, name]) => {
    const [from, to] = [present[name], wanted[name]];
    return to === 0 || to === from ? [] : [{ what, from: `${from} s`, to: `${to} s` }];
  });
}
