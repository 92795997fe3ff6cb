// Makes a history from a seed: the nodes and their configurations here, what happens to them in `episodes`.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Authentication, VrrpInstance } from '../../model/keepalived/instance.js';
import type { TrackFile, TrackScript } from '../../model/keepalived/trackers.js';
import { configurationOf, groupOf, hostAddress, inet, instanceOf, linkLocal } from './configuration.js';
import { episodesOf } from './episodes.js';
import type { History, NodeSetup } from './history.js';
import { settleUs } from './invariants/bounds.js';
import { mix, type Random, randomFrom } from './random.js';

/** What all nodes of a history have in common. */
export interface Plan {
  readonly nodes: number;
  readonly instances: readonly VrrpInstance[];
  readonly grouped: boolean;
  readonly scripts: readonly TrackScript[];
  readonly files: readonly TrackFile[];
  readonly startupDelayUs: number;
}

export interface ScenarioOptions {
  /** 2..5; absent: by the seed. */
  readonly nodes?: number;
}

function authenticationOf(random: Random, instance: Pick<VrrpInstance, 'version' | 'family'>): Authentication {
  if (instance.version === 2) {
    const kind = random.pick(['none', 'none', 'pass', 'ah'] as const);
    return kind === 'none' ? { kind } : { kind, password: 'sesame' };
  }
  if (!random.chance(0.15)) return { kind: 'none' };
  const keys = [{ id: 1, hex: '0123456789abcdef'.repeat(4) }];
  const antiReplay = random.pick(['time', 'monotonic'] as const);
  return { kind: 'hmac', keys, activeKey: 1, antiReplay, timeWindowUs: 30_000_000, mode: 'enforce' };
}

function vipsOf(random: Random, family: 'inet' | 'inet6', segment: number, number: number): VrrpInstance['addresses'] {
  const last = 100 + 20 * number;
  return Array.from({ length: random.between(1, 3) }, (_, index) =>
    hostAddress(family === 'inet' ? inet(10, 99, segment, last + index) : linkLocal(segment, 0x1000 + last + index)),
  );
}

/** What an instance is on every node; priority and the like are each node's own. */
function commonInstance(random: Random, number: number, count: number, grouped: boolean): VrrpInstance {
  const segment = grouped ? number % 2 : random.below(2);
  const family = random.chance(0.2) ? 'inet6' : 'inet';
  const version = family === 'inet6' || random.chance(0.5) ? 3 : 2;
  const fast = count === 1 && random.chance(0.1) ? { fast: { intervalUs: 10_000, missed: 3 } } : {};
  const fastAdvertUs = 100_000;
  const advertUs = version === 2 ? 1_000_000 * random.pick([1, 1, 1, 2]) : 10_000 * random.pick([10, 50, 100, 100, 150]);
  return instanceOf({
    name: `VI_${number + 1}`,
    vrid: 51 + number,
    family,
    version,
    interface: `eth${segment}`,
    advertUs: version === 3 && fast.fast !== undefined ? fastAdvertUs : advertUs,
    addresses: vipsOf(random, family, segment, number),
    excludedAddresses: random.chance(0.2) ? [hostAddress(inet(10, 98, segment, 100 + number))] : [],
    authentication: authenticationOf(random, { version, family }),
    downTimerAdverts: random.pick([3, 3, 3, 2, 5]),
    lowerPriorityNoAdvert: random.chance(0.15),
    higherPrioritySendAdvert: random.chance(0.15),
    accept: !random.chance(0.2),
    ...(version === 3 ? fast : {}),
  });
}

function planOf(random: Random, options: ScenarioOptions): Plan {
  const nodes = options.nodes ?? random.pick([2, 2, 2, 3, 3, 4, 5]);
  const grouped = random.chance(0.2);
  const count = grouped ? random.between(2, 3) : random.pick([1, 1, 1, 2, 3]);
  const instances = Array.from({ length: count }, (_, number) => commonInstance(random, number, count, grouped));
  const script = { name: 'chk', script: { argv: ['/bin/chk'], text: '/bin/chk' }, intervalUs: 1_000_000, reverse: false };
  const scripts = random.chance(0.3)
    ? [
        {
          ...script,
          weight: grouped ? 0 : random.pick([0, -60, 40]),
          rise: random.between(1, 3),
          fall: random.between(1, 3),
          initFail: random.chance(0.3),
        },
      ]
    : [];
  const files =
    !grouped && random.chance(0.15) ? [{ name: 'load', path: '/run/load', weight: random.pick([1, -1, 2]), reverse: false }] : [];
  return { nodes, instances, grouped, scripts, files, startupDelayUs: random.chance(0.1) ? 2_500_000 : 0 };
}

function unicastOf(nodes: number, node: number, { family, interface: device }: VrrpInstance): VrrpInstance['unicast'] {
  const segment = device === 'eth1' ? 1 : 0;
  const others = Array.from({ length: nodes }, (_, index) => index).filter((index) => index !== node);
  const peers = others.map((index) => ({ address: family === 'inet' ? inet(10, 99, segment, index + 1) : linkLocal(segment, index + 1) }));
  return { peers, ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' };
}

function configurationFor(random: Random, plan: Plan, node: number, priority: number, unicast: boolean): KeepalivedConfiguration {
  const nopreempt = random.chance(0.2) && priority !== 255;
  const initialState = !nopreempt && (random.chance(0.2) || (priority === 255 && random.chance(0.5))) ? 'master' : 'backup';
  const delayed = !nopreempt && initialState === 'backup' && random.chance(0.15);
  const track = {
    interfaces: random.chance(0.2) ? [{ name: 'eth0', ...(plan.grouped || random.chance(0.5) ? {} : { weight: -30 }) }] : [],
    scripts: plan.scripts.map(({ name }) => ({ name })),
    files: plan.files.map(({ name }) => ({ name })),
    processes: [],
    bfds: [],
  };
  const instances = plan.instances.map((common): VrrpInstance => {
    // Sync groups want one order of the nodes; instances by themselves may each have another.
    const own = plan.grouped || priority === 255 ? priority : 1 + ((priority + common.vrid * 37 * random.below(2)) % 254);
    const delay = delayed ? random.between(1, 4) * 1_000_000 : 0;
    return {
      ...common,
      priority: own,
      nopreempt,
      initialState,
      preemptDelayUs: delay,
      track,
      ...(unicast ? { unicast: unicastOf(plan.nodes, node, common)! } : {}),
    };
  });
  const { scripts, files, startupDelayUs } = plan;
  const syncGroups = plan.grouped
    ? [
        groupOf(
          'G1',
          instances.map(({ name }) => name),
        ),
      ]
    : [];
  return configurationOf({ instances, syncGroups, scripts, files, startupDelayUs });
}

function nodesOf(random: Random, plan: Plan): readonly NodeSetup[] {
  const unicast = random.chance(0.25);
  const equal = random.chance(0.1);
  const owner = !plan.grouped && random.chance(0.15);
  const base = random.between(1, 200);
  return Array.from({ length: plan.nodes }, (_, node): NodeSetup => {
    const priority = owner && node === 0 ? 255 : equal ? base : 1 + ((base + 47 * node) % 254);
    return {
      name: String.fromCharCode(65 + node),
      configuration: configurationFor(random, plan, node, priority, unicast),
      interfaces: [0, 1].map((segment) => ({
        name: `eth${segment}`,
        addresses: [inet(10, 99, segment, node + 1), linkLocal(segment, node + 1)],
      })),
      clockUs: random.between(1, 1_000_000) * 1_000_000 + random.below(1_000_000),
    };
  });
}

/** The history of a seed: always the same one. */
export function historyOf(seed: number, options: ScenarioOptions = {}): History {
  const random = randomFrom(mix(seed, 0x5eed));
  const plan = planOf(random, options);
  const nodes = nodesOf(random, plan);
  const longestUs = Math.max(...plan.instances.map(({ advertUs }) => advertUs));
  const calmFromUs = random.between(6, 22) * longestUs;
  const events = episodesOf(random, nodes, calmFromUs);
  const lateUs = random.pick([100, 100, 100, 5_000, 30_000]);
  const draft: History = { seed, nodes, events, calmFromUs, endUs: 0, lateUs };
  return { ...draft, endUs: calmFromUs + settleUs(draft) + 6 * longestUs };
}
