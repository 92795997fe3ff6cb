// Makes a history from a seed: the nodes and their configurations here, what happens to them in `episodes`.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { RootSettings } from '../../model/keepalived/global.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { BfdInstance, TrackedSet, TrackFile, TrackProcess, TrackScript } from '../../model/keepalived/trackers.js';
import { mix, type Random, randomFrom } from '../random.js';
import { commonInstance, strictly } from './common-instance.js';
import { configurationOf, groupOf, inet, linkLocal } from './configuration.js';
import { missingConnections, withWaits } from './connections.js';
import { episodesOf, longPause } from './episodes.js';
import type { History, NodeSetup } from './history.js';
import { settleUs } from './invariants/bounds.js';

/** What all nodes of a history have in common. */
export interface Plan {
  readonly nodes: number;
  readonly instances: readonly VrrpInstance[];
  /** Names of the members of each sync group. */
  readonly groups: readonly (readonly string[])[];
  readonly scripts: readonly TrackScript[];
  readonly files: readonly TrackFile[];
  readonly processes: readonly TrackProcess[];
  readonly bfds: readonly BfdInstance[];
  /** Instances that need static objects. */
  readonly trackGroups: RootSettings['trackGroups'];
  /** interface_up_down_delays */
  readonly delays: RootSettings['interfaceDelays'];
  /** The sync group tracks the objects, not its members. */
  readonly byGroup: boolean;
  readonly trackingWeight: boolean;
  readonly startupDelayUs: number;
  /** Nodes send heartbeats over the other segment. */
  readonly heartbeats: boolean;
}

export interface ScenarioOptions {
  /** 2..5; absent: by the seed. */
  readonly nodes?: number;
}

function planOf(random: Random, options: ScenarioOptions): Plan {
  const nodes = options.nodes ?? random.pick([2, 2, 2, 3, 3, 4, 5]);
  const grouped = random.chance(0.2);
  const two = grouped && random.chance(0.35);
  const count = grouped ? random.between(2, 3) : random.pick([1, 1, 1, 2, 3]);
  const instances = Array.from({ length: count }, (_, number) => commonInstance(random, number, count, grouped));
  const more = two ? [0, 1].map((number) => commonInstance(random, count + number, count + 2, true)) : [];
  return {
    nodes,
    instances: [...instances, ...more].map(random.chance(0.07) ? strictly : (instance) => instance),
    groups: grouped ? [namesOf(instances), ...(more.length > 0 ? [namesOf(more)] : [])] : [],
    ...trackedObjectsOf(random, grouped),
    bfds: random.chance(0.15) ? [bfdOf(random)] : [],
    trackGroups: random.chance(0.1) ? [{ name: 'S1', instances: namesOf(instances).slice(random.below(instances.length)) }] : [],
    delays: random.chance(0.1) ? [0, 1].map((segment) => delayOf(random, segment)) : [],
    startupDelayUs: random.chance(0.1) ? 2_500_000 : 0,
    heartbeats: random.chance(0.15),
  };
}

const namesOf = (instances: readonly VrrpInstance[]): readonly string[] => instances.map(({ name }) => name);

function delayOf(random: Random, segment: number): RootSettings['interfaceDelays'][number] {
  return { interface: `eth${segment}`, downUs: random.pick([0, 500_000, 2_000_000]), upUs: random.pick([0, 500_000, 3_000_000]) };
}

/** Only the reports about a session matter here. */
function bfdOf(random: Random): BfdInstance {
  const weight = random.pick([0, 0, -40, 30]);
  const times = { minRxUs: 10_000, minTxUs: 10_000, idleTxUs: 1_000_000, multiplier: 5 } as const;
  const path = { neighbour: inet(10, 99, 0, 200), passive: false, multihop: false, ttl: 255, maxHops: 0 } as const;
  return { name: 'uplink', ...times, ...path, weight, reverse: random.chance(0.15), events: { vrrp: true, checker: false } };
}

/** Scripts, files and processes to track. In sync groups the group tracks them, or weights count for all members alike. */
function trackedObjectsOf(random: Random, grouped: boolean): Pick<Plan, 'scripts' | 'files' | 'processes' | 'byGroup' | 'trackingWeight'> {
  const script = { name: 'chk', script: { argv: ['/bin/chk'], text: '/bin/chk' }, intervalUs: 1_000_000, reverse: random.chance(0.15) };
  const [byGroup, trackingWeight] = [grouped && random.chance(0.5), grouped && random.chance(0.5)];
  const weight = random.pick([0, 0, -60, 40]);
  const initFail = random.chance(0.3);
  const process = {
    parameterMatch: 'none',
    fullCommand: false,
    reverse: random.chance(0.15),
    forkDelayUs: 0,
    terminateDelayUs: 0,
  } as const;
  return {
    scripts: random.chance(0.3) ? [{ ...script, weight, rise: random.between(1, 3), fall: random.between(1, 3), initFail }] : [],
    files: random.chance(0.15) ? [{ name: 'load', path: '/run/load', weight: random.pick([1, -1, 2]), reverse: false }] : [],
    processes: random.chance(0.15)
      ? [{ ...process, name: 'haproxy', argv: ['haproxy'], weight: random.pick([0, -50, 30]), quorum: 1 }]
      : [],
    byGroup,
    trackingWeight,
  };
}

function unicastOf(nodes: number, node: number, { family, interface: device }: VrrpInstance): VrrpInstance['unicast'] {
  const segment = device === 'eth1' ? 1 : 0;
  const others = Array.from({ length: nodes }, (_, index) => index).filter((index) => index !== node);
  const peers = others.map((index) => ({ address: family === 'inet' ? inet(10, 99, segment, index + 1) : linkLocal(segment, index + 1) }));
  return { peers, ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' };
}

/** Heartbeats to every other node, over the segment without the adverts. */
function heartbeatsOf(nodes: number, node: number, { family, interface: device }: VrrpInstance): VrrpInstance['heartbeat'] {
  const segment = device === 'eth1' ? 0 : 1;
  const others = Array.from({ length: nodes }, (_, index) => index).filter((index) => index !== node);
  return others.map((index) => ({
    interface: `eth${segment}`,
    peer: family === 'inet' ? inet(10, 99, segment, index + 1) : linkLocal(segment, index + 1),
  }));
}

const trackedBy = (plan: Plan | undefined): TrackedSet => ({
  interfaces: [],
  scripts: (plan?.scripts ?? []).map(({ name }) => ({ name })),
  files: (plan?.files ?? []).map(({ name }) => ({ name })),
  processes: (plan?.processes ?? []).map(({ name }) => ({ name })),
  bfds: (plan?.bfds ?? []).map(({ name }) => ({ name })),
});

/** The priority of an instance: all members of a sync group have the same order of the nodes. */
function priorityOf(random: Random, plan: Plan, { name, vrid }: VrrpInstance, priority: number): number {
  const group = plan.groups.findIndex((members) => members.includes(name));
  if (group >= 0) return 1 + ((priority - 1 + 100 * group) % 254);
  return priority === 255 ? priority : 1 + ((priority + vrid * 37 * random.below(2)) % 254);
}

function configurationFor(random: Random, plan: Plan, node: number, priority: number, unicast: boolean): KeepalivedConfiguration {
  const nopreempt = random.chance(0.2) && priority !== 255;
  const initialState = !nopreempt && (random.chance(0.2) || (priority === 255 && random.chance(0.5))) ? 'master' : 'backup';
  const delayed = !nopreempt && initialState === 'backup' && random.chance(0.15);
  const watched = trackedBy(plan);
  const byName = random.chance(0.2) ? [{ name: 'eth0', ...(plan.groups.length > 0 || random.chance(0.5) ? {} : { weight: -30 }) }] : [];
  const track = { ...(plan.byGroup ? trackedBy(undefined) : watched), interfaces: byName };
  const instances = plan.instances.map((common): VrrpInstance => {
    const own = priorityOf(random, plan, common, priority);
    const delay = delayed && !common.strict ? random.between(1, 4) * 1_000_000 : 0;
    return {
      ...common,
      priority: own,
      nopreempt,
      initialState: common.strict ? (own === 255 ? 'master' : 'backup') : initialState,
      preemptDelayUs: delay,
      track,
      heartbeat: plan.heartbeats ? heartbeatsOf(plan.nodes, node, common) : [],
      ...(unicast && !common.strict ? { unicast: unicastOf(plan.nodes, node, common)! } : {}),
    };
  });
  const { scripts, files, processes, bfds, trackGroups, delays: interfaceDelays, startupDelayUs, trackingWeight } = plan;
  const groupTrack = trackedBy(plan.byGroup ? plan : undefined);
  const syncGroups = plan.groups.map((members, index) => ({ ...groupOf(`G${index + 1}`, members), trackingWeight, track: groupTrack }));
  return configurationOf({ instances, syncGroups, scripts, files, processes, bfds, trackGroups, interfaceDelays, startupDelayUs });
}

function nodesOf(random: Random, plan: Plan): readonly NodeSetup[] {
  const unicast = random.chance(0.25);
  const equal = random.chance(0.1);
  const owner = plan.groups.length === 0 && random.chance(0.15);
  const base = random.between(1, 200);
  return Array.from({ length: plan.nodes }, (_, node): NodeSetup => {
    const priority = owner && node === 0 ? 255 : equal ? base : 1 + ((base + 47 * node) % 254);
    return {
      name: String.fromCharCode(65 + node),
      configuration: configurationFor(random, plan, node, priority, unicast),
      interfaces: [0, 1].map((segment) => ({
        name: `eth${segment}`,
        addresses: [inet(10, 99, segment, node + 1), linkLocal(segment, node + 1), inet(10, 99, segment, node + 51)],
      })),
      clockUs: random.between(1, 1_000_000) * 1_000_000 + random.below(1_000_000),
    };
  });
}

/** The history of a seed is always the same. */
export function historyOf(seed: number, options: ScenarioOptions = {}): History {
  const random = randomFrom(mix(seed, 0x5eed));
  const plan = planOf(random, options);
  const waiting = randomFrom(mix(seed, 0xc0));
  const nodes = withWaits(waiting, nodesOf(random, plan));
  const longestUs = Math.max(...plan.instances.map(({ advertUs }) => advertUs));
  const restlessUs = random.between(6, 22) * longestUs;
  const episodes = [...episodesOf(random, nodes, restlessUs), ...missingConnections(waiting, nodes, restlessUs)].sort(
    (a, b) => a.atUs - b.atUs,
  );
  const rests = random.chance(0.05) && plan.instances.every(({ fast }) => fast === undefined);
  const calmFromUs = restlessUs + (rests ? random.between(60, 400) * longestUs : 0);
  const events = rests ? [...episodes, ...longPause(random, nodes, { fromUs: restlessUs, toUs: calmFromUs })] : episodes;
  // If wakes are later than the interval of fast mode, a backup may rightly take over.
  const fast = plan.instances.some((instance) => instance.fast !== undefined);
  const lateUs = random.pick(fast ? [100, 3_000] : [100, 100, 100, 5_000, 30_000]);
  const draft: History = { seed, nodes, events, calmFromUs, endUs: 0, lateUs };
  return { ...draft, endUs: calmFromUs + settleUs(draft) + 6 * longestUs };
}
