// Which interfaces the datapath can be attached to, and what is attached to each now.
import type { Link } from '../../../wire/rtnetlink-link.js';
import { HOOKS, type Hook, hasNoEgress, isAttached } from '../load/attachments.js';
import { isAttachable } from '../load/hook-choice.js';
import { withoutPair } from '../load/pair.js';

export interface Coverage {
  readonly ifindex: number;
  readonly name: string;
  readonly attached: readonly Hook[];
  /** Its qdisc is a plain `ingress` one, where Linux before 6.6 has no place for a program at egress. */
  readonly ingressAlone?: true;
}

/** `pins`: the names in `folder`. */
export function coverageOf(links: readonly Link[], folder: string, pins: readonly string[]): readonly Coverage[] {
  const present = new Set(pins);
  const isOn = (name: string): boolean => present.has(name) && isAttached(folder, name);
  return withoutPair(links)
    .filter(isAttachable)
    .map(({ ifindex, name }) => {
      const attached = HOOKS.filter((hook) => isOn(`link_${ifindex}_${hook}`) || isOn(`clsact_${ifindex}_${hook}`));
      const ingressAlone = attached.includes('ingress') && !attached.includes('egress') && hasNoEgress(ifindex);
      return { ifindex, name, attached, ...(ingressAlone ? { ingressAlone } : {}) };
    });
}
