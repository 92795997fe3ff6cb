// After the last disturbance and the protocol's bound, each instance has the one right master, and nothing changes any more.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type MakeInvariant, stateOf } from '../invariant.js';
import type { World, WorldNode } from '../world.js';
import { settleUs } from './bounds.js';
import { isTorn } from './torn.js';
import { wantedPriority } from './wanted-priority.js';

interface Candidate {
  readonly node: WorldNode;
  readonly instance: VrrpInstance;
  readonly state: string | undefined;
  readonly priority: number;
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
  // Two owners: both get 254 after they received each other's adverts.
  const both = instance.priority === 255 && priority === 254;
  if (wanted !== 'fault' && wanted !== priority && !both)
    return `${node.setup.name} has priority ${priority} for ${instance.name}, not ${wanted}`;
  return undefined;
}

/** Exactly one master, and no better node that would preempt it. */
function wrongElection(world: World, name: string): string | undefined {
  const candidates = candidatesOf(world, name);
  for (const candidate of candidates) {
    const wrong = wrongCandidate(candidate);
    if (wrong !== undefined) return wrong;
  }
  const fit = candidates.filter(({ state }) => state !== 'fault');
  const masters = fit.filter(({ state }) => state === 'master');
  const states = candidates.map(({ node, state, priority }) => `${node.setup.name} ${state} ${priority}`).join(', ');
  if (masters.length !== Math.min(1, fit.length)) return `${name} has ${masters.length} masters in calm: ${states}`;
  const better = fit.find(({ instance, priority }) => !instance.nopreempt && priority > (masters[0]?.priority ?? 0));
  return better === undefined ? undefined : `${better.node.setup.name} should be master of ${name}: ${states}`;
}

export const calm: MakeInvariant = (world, history) => {
  const settledUs = history.calmFromUs + settleUs(history);
  const names = [...new Set(history.nodes.flatMap(({ configuration }) => configuration.instances.map(({ name }) => name)))];
  let judged = false;
  return {
    passed: (nowUs) => {
      if (judged || nowUs < settledUs) return undefined;
      judged = true;
      return names
        .filter((name) => !isTorn(world, name))
        .map((name) => wrongElection(world, name))
        .find((wrong) => wrong !== undefined);
    },
    stepped: ({ node: index, nowUs, before, after }) => {
      if (nowUs < settledUs) return undefined;
      const changed = after.find(({ name, state, priority }) => {
        const old = before.find((view) => view.name === name);
        return old?.state !== state || old.priority !== priority;
      });
      return changed === undefined || isTorn(world, changed.name)
        ? undefined
        : `${world.nodes[index]!.setup.name} still changes ${changed.name} to ${changed.state} in calm`;
    },
  };
};
