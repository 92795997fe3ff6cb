// Which interfaces the datapath can be attached to, and what is attached to each now.
import type { Link } from '../../../wire/rtnetlink-link.js';
import { HOOKS, type Hook, isAttached } from '../load/attachments.js';
import { isAttachable } from '../load/hook-choice.js';
import { withoutPair } from '../load/pair.js';

export interface Coverage {
  readonly ifindex: number;
  readonly name: string;
  readonly attached: readonly Hook[];
}

/** `pins`: the names in `folder`. */
export function coverageOf(links: readonly Link[], folder: string, pins: readonly string[]): readonly Coverage[] {
  const present = new Set(pins);
  const isOn = (name: string): boolean => present.has(name) && isAttached(folder, name);
  return withoutPair(links)
    .filter(isAttachable)
    .map(({ ifindex, name }) => {
      const attached = HOOKS.filter((hook) => isOn(`link_${ifindex}_${hook}`) || isOn(`clsact_${ifindex}_${hook}`));
      return { ifindex, name, attached };
    });
}
