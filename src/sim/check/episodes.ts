// What happens in a history until it is calm: episodes, each of them a disturbance and, mostly, its end.
import { formatAddress } from '../../model/address-text.js';
import { addressId } from '../../model/identity.js';
import type { HistoryEvent } from '../history.js';
import type { Random } from '../random.js';
import { BFD_NAME, HOSTS, hostAddress, SCRIPTS, TRACK_FILE } from './configuration.js';
import type { Behaviour, Configuration, Disturbance, ScriptBehaviour } from './history.js';
import { otherConfiguration } from './reloads.js';

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

type Timed = readonly [atUs: number, what: Disturbance];

const both = ({ fromUs, toUs }: Span, begin: Disturbance, end: Disturbance): readonly Timed[] => [
  [fromUs, begin],
  [toUs, end],
];

/** In three of ten cases it does not end: what is down then stays down. */
const mostly = (random: Random, span: Span, begin: Disturbance, end: Disturbance): readonly Timed[] =>
  random.chance(0.7) ? both(span, begin, end) : [[span.fromUs, begin]];

const address = (host: number): string => formatAddress(hostAddress(host));
const host = (number: number, behaviour: Behaviour): Disturbance => ({ kind: 'host', address: address(number), behaviour });
const answers: Behaviour = { kind: 'answers' };

function behaviourOf(random: Random): Behaviour {
  switch (random.below(4)) {
    case 0:
      return { kind: 'silent' };
    case 1:
      return {
        kind: 'partial',
        failing: random.pick([
          ['http', 'ssl'],
          ['smtp', 'dns'],
          ['http', 'ssl', 'smtp', 'dns', 'udp'],
        ]),
      };
    default:
      return { kind: 'refuses' };
  }
}

function outage(random: Random, span: Span): readonly Timed[] {
  const number = random.below(HOSTS);
  return mostly(random, span, host(number, behaviourOf(random)), host(number, answers));
}

/** Flaky hosts must become steady again: what is true of them then is not known. */
function flaky(random: Random, span: Span): readonly Timed[] {
  const number = random.below(HOSTS);
  return both(span, host(number, { kind: 'flaky', share: random.pick([0.1, 0.5, 0.9]) }), host(number, answers));
}

function flapping(random: Random, { fromUs, toUs }: Span): readonly Timed[] {
  const number = random.below(HOSTS);
  const times = random.between(2, 6) * 2;
  return Array.from({ length: times }, (_, turn) => [
    fromUs + Math.floor(((toUs - fromUs) * turn) / times),
    host(number, turn % 2 === 0 ? { kind: 'refuses' } : answers),
  ]);
}

function allDown(random: Random, span: Span): readonly Timed[] {
  const behaviour = random.pick([{ kind: 'refuses' }, { kind: 'silent' }] as const);
  return Array.from({ length: HOSTS }, (_, number) => both(span, host(number, behaviour), host(number, answers))).flat();
}

function scriptEpisode(random: Random, span: Span): readonly Timed[] {
  const name = random.pick(SCRIPTS);
  const behaviour: ScriptBehaviour = random.pick(['hangs', 'killed', 1, 1, 2, 3, 12, 100, 255]);
  return mostly(random, span, { kind: 'script', name, behaviour }, { kind: 'script', name, behaviour: random.pick([0, 0, 7]) });
}

/** A script fails between two answers of one status: the weight after the failure is that of before. */
function scriptFailure(random: Random, { fromUs, toUs }: Span): readonly Timed[] {
  const name = random.pick(SCRIPTS);
  const status = random.pick([3, 12, 100]);
  const behaviours: readonly ScriptBehaviour[] = [status, random.pick(['hangs', 'killed', 1] as const), status];
  return behaviours.map((behaviour, turn) => [fromUs + Math.floor(((toUs - fromUs) * turn) / 2), { kind: 'script', name, behaviour }]);
}

function fileEpisode(random: Random, span: Span): readonly Timed[] {
  const value = random.pick([undefined, 1, -1, 5, 100, 2_000_000_000, -2_000_000_000]);
  return mostly(random, span, { kind: 'file', name: TRACK_FILE, value }, { kind: 'file', name: TRACK_FILE, value: 0 });
}

const bfdEpisode = (random: Random, span: Span): readonly Timed[] =>
  mostly(random, span, { kind: 'bfd', name: BFD_NAME, up: false }, { kind: 'bfd', name: BFD_NAME, up: true });

const START: Disturbance = { kind: 'start' };

function processEpisode(random: Random, span: Span): readonly Timed[] {
  switch (random.below(6)) {
    case 0:
      return both(span, { kind: 'kill' }, START);
    case 1:
      return both({ fromUs: span.fromUs, toUs: span.fromUs + 1000 }, { kind: 'kill' }, START);
    case 2:
      return both(span, { kind: 'crash' }, START);
    case 3:
      return both(span, { kind: 'stop', keepServers: random.chance(0.3) }, START);
    default:
      return both(span, { kind: 'pause', frozen: random.chance(0.3), timersFirst: random.chance(0.5) }, { kind: 'resume' });
  }
}

function tableEpisode(random: Random, span: Span, { servers }: Configuration): readonly Timed[] {
  const [first] = servers;
  if (first === undefined || random.chance(0.5)) return both(span, { kind: 'lock', held: true }, { kind: 'lock', held: false });
  const refuse = { kind: 'refuse', server: random.pick(servers).name } as const;
  return both(span, { ...refuse, refused: true }, { ...refuse, refused: false });
}

function addressEpisode(random: Random, span: Span, { servers }: Configuration): readonly Timed[] {
  const ids = servers.flatMap(({ target }) =>
    target.kind === 'service' && target.key.kind === 'address' ? [addressId(target.key.address)] : [],
  );
  if (ids.length === 0) return [];
  const which = { kind: 'address', id: random.pick(ids) } as const;
  return mostly(random, span, { ...which, present: false }, { ...which, present: true });
}

type Make = (random: Random, span: Span, configuration: Configuration) => readonly Timed[];

const makers: readonly (readonly [weight: number, make: Make])[] = [
  [5, outage],
  [2, flaky],
  [3, flapping],
  [1, allDown],
  [3, scriptEpisode],
  [2, scriptFailure],
  [2, fileEpisode],
  [2, bfdEpisode],
  [3, processEpisode],
  [2, tableEpisode],
  [2, addressEpisode],
  [1, (_, span) => both(span, { kind: 'sockets', available: false }, { kind: 'sockets', available: true })],
];

function makerOf(random: Random): Make {
  let left = random.below(makers.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of makers) {
    if (left < weight) return make;
    left -= weight;
  }
  return outage;
}

export function episodesOf(random: Random, configuration: Configuration, restlessUs: number): readonly HistoryEvent<Disturbance>[] {
  const count = random.between(1, 14);
  let current = configuration;
  const reloads = Array.from({ length: random.pick([0, 0, 1, 2, 4]) }, () => random.below(restlessUs))
    .sort((a, b) => a - b)
    .map((atUs): readonly Timed[] => {
      const { configuration: next, what } = otherConfiguration(random, current);
      current = next;
      return [[atUs, { kind: 'reload', configuration: next, what }]];
    });
  const others = Array.from({ length: count }, () => {
    const fromUs = random.below(restlessUs);
    const toUs = fromUs + random.below(random.pick([200_000, 3_000_000, 20_000_000]));
    return makerOf(random)(random, { fromUs, toUs: Math.min(toUs, restlessUs) }, configuration);
  });
  return [[[0, START] as const], ...reloads, ...others]
    .flatMap((events, episode) => events.map(([atUs, what]) => ({ atUs, what, episode })))
    .sort((a, b) => a.atUs - b.atUs);
}
