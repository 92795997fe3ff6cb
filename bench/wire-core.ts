// What a director's own core does, where client and servers have another one: requests by second that it was busy. With one core for all of them, client and
// servers are most of a figure, and no director at all serves little more than nft's DNAT.
import { cpus } from 'node:os';
import { DirectorCore, separate, unite } from './director-core.js';
import { median } from './median.js';
import type { Options } from './options.js';
import type { Row } from './report.js';
import { type Peer, REFERENCE, requestsByCoreAtLeast } from './wire-peers.js';
import type { WireTest } from './wire-tests.js';
import type { Topology } from './wire-topology.js';

const [ROUNDS, SECONDS] = [7, 2] as const;

export interface Standing {
  readonly peer: Peer;
  readonly topology: Topology;
}

interface Sampled extends Standing {
  readonly samples: number[];
  trouble?: string;
}

/** Programs of their own run on the client's core: they have no figure by the director's. */
const inKernel = ({ peer }: Standing): boolean => peer.name === REFERENCE || peer.name === 'routing' || peer.name.startsWith('weir ');

async function takeTurns(core: DirectorCore, peers: readonly Sampled[], test: WireTest, { quick }: Options): Promise<void> {
  for (let round = -1; round < (quick ? 1 : ROUNDS); round++)
    for (const each of peers) {
      const seconds = quick ? 1 : SECONDS;
      const { result, busySeconds } = await core.during(() => test.run(each.topology, each.peer.target, seconds, ''));
      if (result.trouble !== undefined) each.trouble = result.trouble;
      if (round >= 0) each.samples.push(result.units / busySeconds); // the first round fills caches
    }
}

function rowOf({ peer, samples, trouble }: Sampled, reference: readonly number[], { name, unit }: WireTest): Row {
  const limit = requestsByCoreAtLeast.get(peer.name);
  const ratio = median(samples.map((one, turn) => one / (reference[turn] ?? Number.NaN)));
  return {
    part: 'wire',
    name: `${name}, a second of the director's core: ${peer.name}`,
    value: median(samples),
    unit,
    samples,
    ...(peer.name === REFERENCE ? {} : { ratio, basis: REFERENCE }),
    ...(limit === undefined ? {} : { gate: { kind: 'at-least', limit } }),
    ...(trouble === undefined ? {} : { note: trouble }),
  };
}

/** `cpu`: of the client and the servers. Empty where there is no second one. */
export async function byDirectorsCore(
  running: readonly Standing[],
  test: WireTest,
  options: Options,
  cpu: number,
): Promise<readonly Row[]> {
  if (cpus().length < 2) return [];
  const own = cpu === 0 ? 1 : cpu - 1;
  const peers = running.filter(inKernel).map(({ peer, topology }): Sampled => ({ peer, topology, samples: [] }));
  const core = await DirectorCore.open(own);
  try {
    for (const { topology } of peers) separate(topology, own, cpu);
    await takeTurns(core, peers, test, options);
  } finally {
    core.close();
    for (const { topology } of peers) unite(topology);
  }
  const reference = peers.find(({ peer }) => peer.name === REFERENCE)?.samples ?? [];
  return peers.map((each) => rowOf(each, reference, test));
}
