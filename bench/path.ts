// Part 2: packets over veth with XDP on, one core: generator -> veth -> director -> veth -> sink, everything included.
//
//   c0 (generator) ---- l0 director r1 ---- e0 (sink counts and drops)
//
// The contenders' directors stand side by side and take turns. A figure is the core's time by packets that reached the sink.
import { setTimeout as wait } from 'node:timers/promises';
import { ATTACH_XDP, type Link } from '../src/sys/bpf/bpf-objects.js';
import { coreTime } from './core-time.js';
import { template } from './frames.js';
import { deviceIndex, inside } from './inside.js';
import { median } from './median.js';
import { dropNamespace } from './namespaces.js';
import type { Options } from './options.js';
import { type Contender, clientBase, contenders, makePathStations, type PathStations, stationMacs } from './path-stations.js';
import type { Gate, Row } from './report.js';
import type { Flows, Wrapper } from './wrap.js';

const SYN = 0x02;
const ACK = 0x10;

interface Case {
  readonly name: string;
  readonly flowBits: number;
  /** Every packet is the first of a new connection. */
  readonly fresh: boolean;
  /** log2 of the connections that weir's table is made for. */
  readonly tableBits: number;
  /** At least this many times faster than the contender of that name. */
  readonly gates: Readonly<Record<string, number>>;
}

const cases: readonly Case[] = [
  { name: '64k flows', flowBits: 16, fresh: false, tableBits: 20, gates: { 'nft DNAT': 4.3, routing: 1.6 } },
  { name: '1M flows', flowBits: 20, fresh: false, tableBits: 20, gates: { 'nft DNAT': 7 } },
  { name: 'all new', flowBits: 24, fresh: true, tableBits: 23, gates: { 'nft DNAT': 7 } },
];

interface RunningContender {
  readonly contender: Contender;
  readonly stations: PathStations;
  readonly link: Link;
  readonly device: number;
}

const flowsOf = (each: RunningContender, test: Case, flags: number, from: number): Flows => {
  const address = each.contender.target;
  const frame = {
    protocol: 'tcp',
    flags,
    ...stationMacs,
    source: clientBase,
    target: address,
    sourcePort: 1024,
    targetPort: 80,
    varies: 'source',
  } as const;
  const order = test.fresh ? 'counted' : 'scattered';
  return {
    template: template(frame),
    varies: 'source',
    protocol: 'tcp',
    address: clientBase,
    port: 1024,
    flowBits: test.flowBits,
    portBits: 8,
    order,
    from,
    redirect: each.device,
  };
};

/** Waits until the sink's count stands still. */
const settled = async (wrapper: Wrapper): Promise<bigint> => {
  let before = wrapper.sunk();
  for (;;) {
    await wait(5);
    const now = wrapper.sunk();
    if (now === before) return now;
    before = now;
  }
};

interface Sample {
  readonly nanoseconds: number;
  readonly delivered: number;
}

const measureOnce = async (wrapper: Wrapper, each: RunningContender, flows: Flows, frames: number, cpu: number): Promise<Sample> => {
  wrapper.use(flows);
  const sunk = await settled(wrapper);
  const began = coreTime(cpu);
  inside(each.stations.generator, () => wrapper.generate(frames, each.device));
  const worked = Number(coreTime(cpu) - began);
  const delivered = Number((await settled(wrapper)) - sunk);
  return { nanoseconds: worked / delivered, delivered: delivered / frames };
};

const sampleAll = async (
  wrapper: Wrapper,
  running: readonly RunningContender[],
  test: Case,
  options: Options,
  cpu: number,
): Promise<readonly Sample[][]> => {
  const frames = options.quick ? 2 ** 18 : 2 ** 20;
  const samples: Sample[][] = running.map(() => []);
  if (!test.fresh) {
    for (const each of running) await measureOnce(wrapper, each, flowsOf(each, test, each.contender.opening, 0), 2 ** test.flowBits, cpu);
    for (const each of running) await measureOnce(wrapper, each, flowsOf(each, test, ACK, 0), 2 ** test.flowBits, cpu);
  }
  for (let round = 0; round < (options.quick ? 1 : 5); round += 1) {
    for (const [index, each] of running.entries()) {
      const flows = flowsOf(each, test, test.fresh ? SYN : ACK, (round * frames) % 2 ** test.flowBits);
      samples[index]?.push(await measureOnce(wrapper, each, flows, frames, cpu));
    }
  }
  return samples;
};

const rowsOf = (test: Case, running: readonly RunningContender[], samples: readonly Sample[][]): readonly Row[] => {
  const middles = samples.map((each) => median(each.map(({ nanoseconds }) => nanoseconds)));
  const weir = middles[running.findIndex(({ contender }) => contender.subject)] ?? Number.NaN;
  return running.map(({ contender }, index) => {
    const value = middles[index] ?? Number.NaN;
    const arrived = median((samples[index] ?? []).map(({ delivered }) => delivered));
    const limit = test.gates[contender.name];
    const gate: Gate | undefined = limit === undefined ? undefined : { kind: 'at-least', limit };
    return {
      part: 'path',
      name: `${test.name} ${contender.name}`,
      value,
      unit: 'ns',
      samples: (samples[index] ?? []).map(({ nanoseconds }) => nanoseconds),
      ...(contender.subject ? {} : { ratio: value / weir, basis: 'peer/weir' }),
      ...(gate ? { gate } : {}),
      ...(arrived < 0.999 ? { note: `${((1 - arrived) * 100).toFixed(1)} % of the packets were lost on the way` } : {}),
    };
  });
};

const setUp = (wrapper: Wrapper, test: Case, options: Options, print: (line: string) => void): RunningContender[] => {
  const running: RunningContender[] = [];
  for (const contender of contenders) {
    if (options.peers && !options.peers.some((word) => contender.name.toLowerCase().includes(word.toLowerCase()))) continue;
    const missing = contender.missing();
    if (missing !== undefined) {
      print(`${contender.name} left out: ${missing}`);
      continue;
    }
    const stations = makePathStations(`path${running.length}`);
    contender.begin(stations, test.tableBits);
    const link = inside(stations.sink, () => wrapper.program('sink').attach(deviceIndex(stations.sink, 'e0'), ATTACH_XDP));
    running.push({ contender, stations, link, device: deviceIndex(stations.generator, 'c0') });
  }
  return running;
};

const tearDown = (running: readonly RunningContender[]): void => {
  for (const { contender, stations, link } of running) {
    link.close();
    contender.end(stations);
    for (const namespace of [stations.generator, stations.director, stations.sink]) dropNamespace(namespace);
  }
};

export const path = async (options: Options, wrapper: Wrapper, cpu: number, print: (line: string) => void): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (const test of cases) {
    const running = setUp(wrapper, test, options, print);
    try {
      rows.push(...rowsOf(test, running, await sampleAll(wrapper, running, test, options, cpu)));
    } finally {
      tearDown(running);
    }
  }
  return rows;
};
