// The order in which the effects of one step are performed.
import type { Effect } from '../../control/vrrp/messages.js';

/** Adverts are sent before the lines about them are logged: the log may be slow, and clients of a dead master wait. */
export function advertsFirst(effects: readonly Effect[]): readonly Effect[] {
  const ordered: Effect[] = [];
  let lines: Effect[] = [];
  for (const effect of effects) {
    if (effect.kind === 'log') lines.push(effect);
    else if (effect.kind === 'send') ordered.push(effect);
    else {
      ordered.push(...lines, effect);
      lines = [];
    }
  }
  return [...ordered, ...lines];
}
