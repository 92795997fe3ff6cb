// Gratuitous ARP: a block when an instance becomes master, another after garp_master_delay, refreshes as configured.
import type { Effect } from '../../../control/vrrp/messages.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type MakeInvariant, type Observation, stateOf } from '../invariant.js';
import type { World } from '../world.js';
import { slackUs } from './bounds.js';

interface Owed {
  readonly node: number;
  readonly instance: VrrpInstance;
  /** When the second block is due; undefined: none is due. */
  secondUs: number | undefined;
  lastUs: number;
}

const announced = (effects: readonly Effect[], name: string): readonly number[] =>
  effects.flatMap((effect) => (effect.kind === 'announce' && effect.instance === name ? [effect.entries.length] : []));

const blockOf = ({ addresses, excludedAddresses, garp }: VrrpInstance): number =>
  Math.max(1, garp.masterRepeat) * (addresses.length + excludedAddresses.length);

function noteStep(world: World, owed: Map<string, Owed>, { node, nowUs, input, before, after, effects }: Observation): string | undefined {
  if (input.kind === 'configure') for (const key of owed.keys()) if (key.startsWith(`${node} `)) owed.delete(key);
  for (const instance of world.nodes[node]!.configuration.instances) {
    const { name, garp } = instance;
    const key = `${node} ${name}`;
    const counts = announced(effects, name);
    const was = stateOf(before, name);
    if (stateOf(after, name) !== 'master' || input.kind === 'configure' || input.kind === 'stop') owed.delete(key);
    else if (was !== 'master') {
      if (counts[0] !== blockOf(instance))
        return `${world.nodes[node]!.setup.name} becomes master of ${name} and announces ${counts[0]}, not ${blockOf(instance)}`;
      owed.set(key, { node, instance, secondUs: garp.masterDelayUs === 0 ? undefined : nowUs + garp.masterDelayUs, lastUs: nowUs });
    } else if (counts.length > 0) {
      const due = owed.get(key);
      if (due === undefined) continue;
      due.lastUs = nowUs;
      if (due.secondUs !== undefined && nowUs >= due.secondUs && counts.some((count) => count >= blockOf(instance)))
        due.secondUs = undefined;
    }
  }
  return undefined;
}

function overdue(world: World, owed: ReadonlyMap<string, Owed>, nowUs: number, slack: number): string | undefined {
  for (const { node, instance, secondUs, lastUs } of owed.values()) {
    const { name, garp, advertUs } = instance;
    const who = `${world.nodes[node]!.setup.name} is master of ${name} and`;
    if (secondUs !== undefined && nowUs > secondUs + slack) return `${who} owes its second block of announcements`;
    if (garp.masterRefreshUs > 0 && nowUs - lastUs > garp.masterRefreshUs + advertUs + slack)
      return `${who} has refreshed nothing for ${nowUs - lastUs} us`;
  }
  return undefined;
}

export const announcements: MakeInvariant = (world, history) => {
  const owed = new Map<string, Owed>();
  const slack = slackUs(history);
  return {
    passed: (nowUs) => overdue(world, owed, nowUs, slack),
    disturbed: (_nowUs, what) => {
      if ('node' in what && /^(?:pause|resume|kill|crash|stop)$/.test(what.kind))
        for (const [key, { node }] of owed) if (node === what.node) owed.delete(key);
      return undefined;
    },
    stepped: (observation) => noteStep(world, owed, observation),
  };
};
