// The history of a seed: clients that open, use and end connections, and what goes wrong meanwhile.
import { type Random, randomFrom } from '../../../src/sim/random.js';
import type { Disturbance, NodeSetup, StreamHistory } from './history.js';
import { SERVERS } from './names.js';

const CLIENTS = 12;
const [BUSY_US, QUIET_US] = [45_000_000, 18_000_000];
const MS = 1000;

type Add = (atUs: number, ...what: readonly (Disturbance | readonly [laterUs: number, what: Disturbance])[]) => void;

/** In one history of five, the first node has a build that knows no digests; in one of ten one that knows no owners, either. */
function nodesOf(random: Random, seed: number): readonly NodeSetup[] {
  return Array.from({ length: random.pick([2, 2, 3]) }, (_, number) => ({
    originMs: random.pick([0, 1e6, 2 ** 32 - 20_000, 2 ** 31 - 9000, random.next()]),
    ppm: random.between(-200, 200),
    lookMs: random.between(5, 90),
    digests: number > 0 || seed % 5 !== 0,
    owners: number > 0 || seed % 10 !== 0,
    tables: number > 0 || seed % 5 !== 0,
  }));
}

/** One connection after the other, at times so soon that the last one is not forgotten. */
function clientOf(random: Random, client: number, add: Add): void {
  let at = random.below(BUSY_US);
  const gap = (): number => random.pick([1, 1, 20, 150, 1000, 5000]) * random.between(MS / 2, MS * 2);
  const send = (packet: 'syn' | 'ack' | 'data' | 'fin' | 'rst'): void => {
    add(at, { kind: 'packet', client, packet, pick: random.below(2), server: random.below(SERVERS) });
    at += gap();
  };
  while (at < BUSY_US) {
    send('syn');
    if (random.chance(0.9)) send('ack');
    for (let n = random.below(6); n > 0; n--) send('data');
    if (random.chance(0.15)) {
      add(at, { kind: 'evict', client, pick: random.below(2), standby: random.chance(0.3) });
      at += gap();
    } else if (random.chance(0.7)) {
      send('fin');
      if (random.chance(0.7)) send('fin');
    } else if (random.chance(0.3)) send('rst');
    if (random.chance(0.4)) at += random.below(20_000 * MS);
  }
}

/** Who is active: one, for a moment two. */
function takeovers(random: Random, count: number, add: Add): void {
  let active = 0;
  for (let at = random.below(15_000 * MS); at < BUSY_US; at += random.between(200 * MS, 15_000 * MS)) {
    const next = (active + 1 + random.below(count - 1)) % count;
    const overlap = random.pick([0, 0, 0, 3, 100, 700]) * MS;
    if (overlap > 0) add(at, { kind: 'active', nodes: [active, next] });
    add(at + overlap, { kind: 'active', nodes: [next] });
    at += overlap;
    active = next;
  }
}

function troubles(random: Random, count: number, add: Add): void {
  const pair = (): { readonly a: number; readonly b: number } => {
    const a = random.below(count);
    return { a, b: (a + 1 + random.below(count - 1)) % count };
  };
  const node = (): number => random.below(count);
  const length = (): number => random.pick([300, 1500, 4000, 7000, 12_000]) * random.between(MS / 2, MS);
  const kinds: readonly ((at: number) => void)[] = [
    (at) => add(at, { kind: 'reset', ...pair() }),
    (at) => {
      const ends = pair();
      add(at, { kind: 'cut', ...ends }, [length(), { kind: 'heal', ...ends }]);
    },
    (at) => {
      const who = node();
      add(at, { kind: 'stall', node: who, read: random.chance(0.5) }, [length(), { kind: 'resume', node: who }]);
    },
    (at) => {
      const who = node();
      add(at, { kind: 'kill', node: who }, [length(), { kind: 'start', node: who }]);
    },
    (at) => {
      const who = node();
      add(at, { kind: 'crash', node: who, originMs: random.below(1e6) }, [length(), { kind: 'start', node: who }]);
    },
    (at) => {
      const who = node();
      add(at, { kind: 'unbound', node: who }, [length(), { kind: 'bound', node: who }]);
    },
    (at) => {
      const who = node();
      add(at, { kind: 'full', node: who }, [length(), { kind: 'room', node: who }]);
    },
    (at) => {
      const maxUs = random.pick([1000, 30_000, 90_000]);
      add(at, { kind: 'weather', minUs: random.pick([50, 500, 1000]), maxUs });
    },
  ];
  for (let n = random.below(8); n > 0; n--) random.pick(kinds)(random.below(BUSY_US));
}

export function historyOf(seed: number): StreamHistory {
  const random = randomFrom(seed);
  const events: { atUs: number; what: Disturbance; episode: number }[] = [];
  let episode = 0;
  const add: Add = (atUs, ...all) => {
    episode += 1;
    for (const each of all) {
      const [laterUs, what] = 'kind' in each ? [0, each] : each;
      events.push({ atUs: Math.min(atUs + laterUs, BUSY_US), what, episode });
    }
  };
  const nodes = nodesOf(random, seed);
  for (let client = 1; client <= CLIENTS; client++) clientOf(random, client, add);
  takeovers(random, nodes.length, add);
  troubles(random, nodes.length, add);
  events.sort((a, b) => a.atUs - b.atUs);
  return { seed, nodes, events: events.filter(({ atUs }) => atUs <= BUSY_US), calmFromUs: BUSY_US, endUs: BUSY_US + QUIET_US, lateUs: 0 };
}
