// Part 3: real connections, one core for client, director and servers together; a figure is what went through by second of that
// core's work. All peers run side by side and take turns, so that a slow minute of the machine slows all of them alike.
import { chosen } from './chosen.js';
import { coreTimeOfAll } from './core-time.js';
import { median } from './median.js';
import type { Options } from './options.js';
import { type Gate, type Row, table } from './report.js';
import { byDirectorsCore, type Standing } from './wire-core.js';
import { otherPeers, type Peer, REFERENCE, requestsAtLeast, SUBJECT, weirs } from './wire-peers.js';
import { type Outcome, type WireTest, wireTests } from './wire-tests.js';
import { dropTopology, makeTopology, type Offload } from './wire-topology.js';

const offloads: readonly Offload[] = ['default', 'nic'];

/** At least this ratio of weir to the peer, by test and peer. */
const gates: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  requests: { 'nft DNAT': 1.15, haproxy: 1.65, routing: 1.0, direct: 0.88 },
  connections: { 'nft DNAT': 1.12 },
  udp: { 'nft DNAT': 1.15 },
  fragments: { routing: 0.5 },
  bulk: { 'nft DNAT': 1.0 },
};

const DATAGRAM_TESTS: ReadonlySet<string> = new Set(['udp', 'fragments']);

/** `value`: units by second of the core's work. */
interface Measured extends Outcome {
  readonly value: number;
}

interface RunningPeer extends Standing {
  /** Outcomes by test. */
  readonly outcomes: Map<string, Measured[]>;
}

interface Bed {
  readonly cpu: number;
  /** The folder with udp-source and udp-sink. */
  readonly tools: string;
  /** The compiled bench/decap.bpf.c. */
  readonly decap: string;
  readonly options: Options;
}

const setUp = async ({ options, decap }: Bed, offload: Offload, print: (line: string) => void): Promise<readonly RunningPeer[]> => {
  const running: RunningPeer[] = [];
  for (const peer of chosen([...otherPeers, ...weirs(decap)], options.peers)) {
    const missing = peer.missing();
    if (missing !== undefined) {
      print(`${peer.name} left out: ${missing}`);
      continue;
    }
    const topology = await makeTopology(`${offload}${running.length}`, peer.mode, offload);
    try {
      await peer.begin(topology);
      running.push({ peer, topology, outcomes: new Map() });
    } catch (error) {
      print(`${peer.name} left out: ${error instanceof Error ? error.message : String(error)}`);
      await dropTopology(topology);
    }
  }
  return running;
};

const once = async ({ cpu, tools, options }: Bed, { peer, topology }: RunningPeer, test: WireTest): Promise<Measured> => {
  const began = coreTimeOfAll(cpu, topology.children);
  const outcome = await test.run(topology, peer.target, options.quick ? 1 : 3, tools);
  return { ...outcome, value: outcome.units / (Number(coreTimeOfAll(cpu, topology.children) - began) / 1e9) };
};

const takeTurns = async (bed: Bed, running: readonly RunningPeer[], test: WireTest): Promise<void> => {
  for (let round = 0; round < (bed.options.quick ? 1 : 5); round += 1) {
    for (const each of running) {
      if ((DATAGRAM_TESTS.has(test.name) && !each.peer.udp) || each.peer.tests?.includes(test.name) === false) continue;
      each.outcomes.set(test.name, [...(each.outcomes.get(test.name) ?? []), await once(bed, each, test)]);
    }
  }
};

const middle = (running: RunningPeer | undefined, test: string): number =>
  median((running?.outcomes.get(test) ?? []).map(({ value }) => value));

/** Another program is compared with weir by NAT; each other method of weir's with nft's DNAT, where that runs beside it. */
const compared = (test: string, { name }: Peer, value: number, running: readonly RunningPeer[]): Partial<Row> => {
  const figureOf = (peer: string): number =>
    middle(
      running.find((each) => each.peer.name === peer),
      test,
    );
  const gate = (limit: number | undefined): { readonly gate?: Gate } => (limit === undefined ? {} : { gate: { kind: 'at-least', limit } });
  if (name === SUBJECT) return {};
  if (!name.startsWith('weir ')) return { ratio: figureOf(SUBJECT) / value, basis: 'weir/peer', ...gate(gates[test]?.[name]) };
  return { ratio: value / figureOf(REFERENCE), basis: REFERENCE, ...gate(test === 'requests' ? requestsAtLeast.get(name) : undefined) };
};

const rowsOf = (offload: Offload, test: WireTest, running: readonly RunningPeer[]): readonly Row[] =>
  running
    .filter(({ outcomes }) => outcomes.has(test.name))
    .map((each) => {
      const outcomes = each.outcomes.get(test.name) ?? [];
      const trouble = outcomes.find((outcome) => outcome.trouble !== undefined)?.trouble;
      const value = middle(each, test.name);
      return {
        part: 'wire',
        name: `${offload}: ${test.name} ${each.peer.name}`,
        value,
        unit: test.unit,
        samples: outcomes.map((outcome) => outcome.value),
        ...compared(test.name, each.peer, value, running),
        ...(trouble === undefined ? {} : { note: trouble }),
      };
    });

const measure = async (bed: Bed, offload: Offload, print: (line: string) => void): Promise<readonly Row[]> => {
  const running = await setUp(bed, offload, print);
  const rows: Row[] = [];
  try {
    for (const test of chosen(wireTests, bed.options.tests)) {
      await takeTurns(bed, running, test);
      rows.push(...rowsOf(offload, test, running));
    }
    // Like NICs, stations merge what comes for them, on the core of who sent it.
    const requests = offload === 'default' ? chosen(wireTests, bed.options.tests).find(({ name }) => name === 'requests') : undefined;
    if (requests !== undefined) rows.push(...(await byDirectorsCore(running, requests, bed.options, bed.cpu)));
  } finally {
    for (const { peer, topology } of running) {
      peer.end(topology);
      await dropTopology(topology);
    }
  }
  return rows;
};

export const wire = async (bed: Bed, print: (line: string) => void): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (const offload of offloads) {
    if (bed.options.offloads !== undefined && !bed.options.offloads.includes(offload)) continue;
    const found = await measure(bed, offload, print);
    print(table(`Real connections, one core for all, ${offload} offloads`, found));
    rows.push(...found);
  }
  return rows;
};
