// After the last disturbance and the protocol's bound: one rightful master for each instance, and nothing changes any more.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type MakeCheck, stateOf } from '../check.js';
import type { World, WorldNode } from '../world.js';
import { settleUs } from './bounds.js';

interface Candidate {
  readonly node: WorldNode;
  readonly instance: VrrpInstance;
  readonly state: string | undefined;
  readonly priority: number;
}

const clamp = (priority: number): number => Math.min(254, Math.max(1, priority));

/** Base and weights of what is watched, as the manual says; 'fault' for a failure without a weight. */
export function wantedPriority(node: WorldNode, instance: VrrpInstance): number | 'fault' {
  let sum = instance.priority;
  for (const tracked of instance.track.scripts) {
    const script = node.configuration.scripts.find(({ name }) => name === tracked.name);
    const good = (node.scripts.get(tracked.name) ?? 0) === 0;
    const weight = tracked.weight ?? script?.weight ?? 0;
    const reverse = tracked.reverse ?? script?.reverse ?? false;
    if (weight === 0 && good === reverse) return 'fault';
    sum += (reverse ? -1 : 1) * (good ? Math.max(0, weight) : Math.min(0, weight));
  }
  for (const tracked of instance.track.files) {
    const file = node.configuration.files.find(({ name }) => name === tracked.name);
    const value = node.files.get(tracked.name) ?? 0;
    const weight = (tracked.weight ?? file?.weight ?? 1) * ((tracked.reverse ?? file?.reverse ?? false) ? -1 : 1);
    if (weight === 0 && value !== 0) return 'fault';
    if (value * weight <= -254) return 'fault';
    sum += Math.min(253, value * weight);
  }
  for (const tracked of [...instance.track.interfaces, { name: instance.interface ?? '', weight: undefined }]) {
    const up = node.interfaces.get(tracked.name)?.up === true;
    const weight = tracked.weight ?? 0;
    if (weight === 0 && !up) return 'fault';
    sum += up ? Math.max(0, weight) : Math.min(0, weight);
  }
  return instance.priority === 255 ? 255 : clamp(sum);
}

const membersOf = (node: WorldNode, name: string): readonly VrrpInstance[] => {
  const group = node.configuration.syncGroups.find(({ members }) => members.includes(name));
  return node.configuration.instances.filter((instance) => instance.name === name || group?.members.includes(instance.name));
};

function candidatesOf(world: World, name: string): readonly Candidate[] {
  return world.nodes.flatMap((node) => {
    const instance = node.configuration.instances.find((each) => each.name === name);
    if (!node.alive || instance === undefined) return [];
    const priority = node.view.find((view) => view.name === name)?.priority ?? 0;
    return [{ node, instance, state: stateOf(node.view, name), priority }];
  });
}

function wrongCandidate({ node, instance, state, priority }: Candidate): string | undefined {
  const wanted = wantedPriority(node, instance);
  const faulty = membersOf(node, instance.name).some((member) => wantedPriority(node, member) === 'fault');
  if (faulty !== (state === 'fault'))
    return `${node.setup.name} is ${state} for ${instance.name} and should${faulty ? '' : ' not'} be in fault`;
  // Two owners: both become 254 when they have met.
  const both = instance.priority === 255 && priority === 254;
  if (wanted !== 'fault' && wanted !== priority && !both)
    return `${node.setup.name} has priority ${priority} for ${instance.name}, not ${wanted}`;
  return undefined;
}

/** Exactly one master, and nobody fit that is better and would preempt it. */
function wrongElection(world: World, name: string): string | undefined {
  const candidates = candidatesOf(world, name);
  for (const candidate of candidates) {
    const wrong = wrongCandidate(candidate);
    if (wrong !== undefined) return wrong;
  }
  const fit = candidates.filter(({ state }) => state !== 'fault');
  const masters = fit.filter(({ state }) => state === 'master');
  const told = candidates.map(({ node, state, priority }) => `${node.setup.name} ${state} ${priority}`).join(', ');
  if (masters.length !== Math.min(1, fit.length)) return `${name} has ${masters.length} masters in calm: ${told}`;
  const better = fit.find(({ instance, priority }) => !instance.nopreempt && priority > (masters[0]?.priority ?? 0));
  return better === undefined ? undefined : `${better.node.setup.name} should be master of ${name}: ${told}`;
}

export const calm: MakeCheck = (world, history) => {
  const settledUs = history.calmFromUs + settleUs(history);
  const names = [...new Set(history.nodes.flatMap(({ configuration }) => configuration.instances.map(({ name }) => name)))];
  let judged = false;
  return {
    passed: (nowUs) => {
      if (judged || nowUs < settledUs) return undefined;
      judged = true;
      return names.map((name) => wrongElection(world, name)).find((wrong) => wrong !== undefined);
    },
    stepped: ({ node: index, nowUs, before, after }) => {
      if (nowUs < settledUs) return undefined;
      const changed = after.find(({ name, state, priority }) => {
        const old = before.find((view) => view.name === name);
        return old?.state !== state || old.priority !== priority;
      });
      return changed === undefined
        ? undefined
        : `${world.nodes[index]!.setup.name} still changes ${changed.name} to ${changed.state} in calm`;
    },
  };
};
