// What happens in a history until it is calm: episodes, each of them a disturbance and, mostly, its end.
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { HistoryEvent } from '../history.js';
import type { Random } from '../random.js';
import { CALM, type Disturbance, type NodeSetup } from './history.js';
import { otherConfiguration } from './reloads.js';

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The number of this episode; the others count from 0. */
const LONG_PAUSE = 1000;

type Timed = readonly [atUs: number, what: Disturbance];

const both = (span: Span, begin: Disturbance, end: Disturbance): readonly [Timed, Timed] => [
  [span.fromUs, begin],
  [span.toUs, end],
];

/** Paths that are cut or lose much: between one node and all others, or one other; both ways or one. */
function partition(random: Random, count: number, span: Span): readonly Timed[] {
  const device = `eth${random.below(2)}`;
  const lonely = random.below(count);
  const others = Array.from({ length: count }, (_, index) => index).filter((index) => index !== lonely);
  const far = random.chance(0.5) ? others : [random.pick(others)];
  const ways = random.pick(['both', 'out', 'in'] as const);
  const loss = random.pick([1, 1, 1, 0.5, 0.9]);
  const pairs = far.flatMap((other): readonly (readonly [number, number])[] => {
    const out = [lonely, other] as const;
    const back = [other, lonely] as const;
    return ways === 'both' ? [out, back] : [ways === 'out' ? out : back];
  });
  const devices = random.chance(0.5) ? ['eth0', 'eth1'] : [device];
  return pairs.flatMap(([from, to]) =>
    devices.flatMap((name) => {
      const path = { kind: 'path', from, to, interface: name } as const;
      return both(span, { ...path, loss }, { ...path, loss: 0 });
    }),
  );
}

function storm(random: Random, span: Span): readonly Timed[] {
  const weather = {
    loss: random.pick([0, 0.05, 0.3, 0.6, 0.9]),
    duplicate: random.pick([0, 0.1, 0.5]),
    minUs: random.pick([50, 1_000, 20_000]),
    maxUs: random.pick([20_000, 100_000, 800_000]),
  };
  return both(span, { kind: 'weather', weather }, { kind: 'weather', weather: CALM });
}

/** A tracked object of the node fails, for a while or for good. */
function watched(random: Random, nodes: readonly NodeSetup[], node: number, span: Span): readonly Timed[] {
  const { scripts, files, processes, bfds, root } = nodes[node]!.configuration;
  const lasting = random.chance(0.3);
  const choices = [
    ...scripts.map(
      ({ name }) => [{ kind: 'script', node, name, status: 1 } as const, { kind: 'script', node, name, status: 0 } as const] as const,
    ),
    ...files.map(({ name }) => {
      const set = { kind: 'file', node, name } as const;
      return [
        { ...set, value: random.pick([5, 50, -20, 253, -300]) },
        { ...set, value: 0 },
      ] as const;
    }),
    ...processes.map(
      ({ name }) => [{ kind: 'process', node, name, value: 0 } as const, { kind: 'process', node, name, value: 1 } as const] as const,
    ),
    ...root.trackGroups.map(({ name }) => {
      const object = { kind: 'static', node, group: name } as const;
      return [
        { ...object, missing: true },
        { ...object, missing: false },
      ] as const;
    }),
    ...bfds.map(({ name }) => [{ kind: 'bfd', node, name, up: false } as const, { kind: 'bfd', node, name, up: true } as const] as const),
  ];
  if (choices.length === 0) return [];
  const [begin, end] = random.pick(choices);
  return lasting ? [[span.fromUs, begin]] : both(span, begin, end);
}

/** The first address of an interface is removed and returns behind the second. Not for auth_hmac over unicast: peers are known by address. */
function readdress(random: Random, nodes: readonly NodeSetup[], node: number, span: Span): readonly Timed[] {
  const { name, addresses } = random.pick(nodes[node]!.interfaces);
  const known = ({ unicast, authentication }: VrrpInstance): boolean => unicast !== undefined && authentication.kind === 'hmac';
  if (nodes[node]!.configuration.instances.some(known)) return [];
  const change = { kind: 'readdress', node, interface: name } as const;
  return both(span, { ...change, addresses: addresses.slice(1) }, { ...change, addresses: [...addresses.slice(1), addresses[0]!] });
}

function reload(random: Random, nodes: readonly NodeSetup[], node: number, span: Span): readonly Timed[] {
  const { configuration } = nodes[node]!;
  const other = otherConfiguration(random, configuration);
  const begin: Timed = [span.fromUs, { kind: 'reload', node, configuration: other.configuration, what: other.what }];
  const back: Timed = [span.toUs, { kind: 'reload', node, configuration, what: 'as it was' }];
  return other.mayStay && random.chance(0.5) ? [begin] : [begin, back];
}

/** The clock of a virtual machine that was frozen is corrected after a while. */
function pause(random: Random, node: number, span: Span): readonly Timed[] {
  const dropsPackets = random.chance(0.5);
  const frozen = dropsPackets && random.chance(0.4);
  const [begin, end] = both(span, { kind: 'pause', node, timersFirst: random.chance(0.5), dropsPackets, frozen }, { kind: 'resume', node });
  return frozen ? [begin, end, [span.toUs, { kind: 'wallClock', node, offS: 0 }]] : [begin, end];
}

function death(random: Random, node: number, span: Span): readonly Timed[] {
  const kind = random.pick(['stop', 'kill', 'crash'] as const);
  return random.chance(0.15) ? [[span.fromUs, { kind, node }]] : both(span, { kind, node }, { kind: 'start', node });
}

function small(random: Random, nodes: readonly NodeSetup[], node: number, span: Span): readonly Timed[] {
  const device = `eth${random.below(2)}`;
  const instance = random.pick(nodes[node]!.configuration.instances).name;
  return random.pick<() => readonly Timed[]>([
    () => [[span.fromUs, { kind: 'takeAddress', node, instance }]],
    () => [
      [
        span.fromUs,
        { kind: 'harmlessReport', node, instance, about: random.pick(['conflict', 'heartbeat', 'filtered', 'cleared'] as const) },
      ],
    ],
    () =>
      nodes[node]!.configuration.instances.flatMap(({ virtualInterface }): readonly Timed[] =>
        virtualInterface?.name === undefined ? [] : [[span.fromUs, { kind: 'virtualGone', node, interface: virtualInterface.name }]],
      ),
    () => wrongClock(random, nodes[node]!, node, span),
    () =>
      Array.from({ length: random.between(1, 20) }, () => [
        random.between(span.fromUs, span.toUs),
        { kind: 'forgedPacket', node, interface: device, seed: random.next() },
      ]),
  ])();
}

/**
 * More than any window of auth_hmac's stamps. With less, a node that is restarted with the right clock could not send newer stamps than
 * before. Monotonic stamps never recover from a clock that was ahead.
 */
function wrongClock(random: Random, { configuration }: NodeSetup, node: number, span: Span): readonly Timed[] {
  const grows = ({ authentication }: VrrpInstance): boolean => authentication.kind === 'hmac' && authentication.antiReplay === 'monotonic';
  const offS = random.pick([1, -1]) * random.between(61, 86_400);
  if (configuration.instances.some(grows)) return [];
  return both(span, { kind: 'wallClock', node, offS }, { kind: 'wallClock', node, offS: 0 });
}

function episode(random: Random, nodes: readonly NodeSetup[], span: Span): readonly Timed[] {
  const node = random.below(nodes.length);
  const link = { kind: 'link', node, interface: `eth${random.below(2)}` } as const;
  return random.pick<() => readonly Timed[]>([
    () => partition(random, nodes.length, span),
    () => partition(random, nodes.length, span),
    () => storm(random, span),
    () => storm(random, span),
    () => pause(random, node, span),
    () => death(random, node, span),
    () => death(random, node, span),
    () => both(span, { ...link, up: false }, { ...link, up: true }),
    () => both(span, { kind: 'interfaceGone', node, interface: link.interface }, { ...link, up: true }),
    () => reload(random, nodes, node, span),
    () => reload(random, nodes, node, span),
    () => watched(random, nodes, node, span),
    () => watched(random, nodes, node, span),
    () => readdress(random, nodes, node, span),
    () => small(random, nodes, node, span),
  ])();
}

/** One node is paused for minutes, while the others continue and nothing else happens. */
export function longPause(random: Random, nodes: readonly NodeSetup[], span: Span): readonly HistoryEvent<Disturbance>[] {
  return pause(random, random.below(nodes.length), span).map(([atUs, what]) => ({ atUs, what, episode: LONG_PAUSE }));
}

/** Every node starts early; then episodes follow, which all end by `calmFromUs`. In the order of time. */
export function episodesOf(random: Random, nodes: readonly NodeSetup[], calmFromUs: number): readonly HistoryEvent<Disturbance>[] {
  const together = random.chance(0.5);
  const starts = nodes.map(
    (_, node): HistoryEvent<Disturbance> => ({
      atUs: together ? random.below(1_000) : random.below(Math.floor(calmFromUs / 2)),
      what: { kind: 'start', node },
      episode: node,
    }),
  );
  const disturbances = Array.from({ length: random.between(0, 10) }, (_, index) => {
    const fromUs = random.below(calmFromUs);
    const longest = random.chance(0.5) ? calmFromUs : fromUs + Math.floor(calmFromUs / 10);
    const span = { fromUs, toUs: random.between(fromUs, Math.min(calmFromUs, longest)) };
    return episode(random, nodes, span).map(([atUs, what]): HistoryEvent<Disturbance> => ({ atUs, what, episode: nodes.length + index }));
  });
  return [...starts, ...disturbances.flat()].sort((a, b) => a.atUs - b.atUs);
}
