// Part 1: the program alone, on one core, by BPF_PROG_TEST_RUN behind the wrapper. Each case has a freshly loaded director with
// 100 services of 4 destinations; the wrapper's own cost, taken just before each sample, is subtracted.
import { BpfMap, type Program } from '../src/sys/bpf.js';
import { type Datapath, openDatapath } from './datapath.js';
import { template } from './frames.js';
import { deviceIndex, inside } from './inside.js';
import { median } from './median.js';
import { dropNamespace } from './namespaces.js';
import type { Options } from './options.js';
import { floodCase, flowsOf, type ProgramCase, programCases } from './program-cases.js';
import { clientBase, makeProgramStations } from './program-stations.js';
import type { Row } from './report.js';
import { type Run, tcRedirect, tcUnspec, type Wrapper, xdpPass, xdpRedirect } from './wrap.js';

interface Bed {
  readonly wrapper: Wrapper;
  readonly director: string;
  readonly legs: Readonly<Record<'l0' | 'r1', number>>;
  readonly options: Options;
}

interface Sample {
  readonly nanoseconds: number;
  /** Packets that the director counted, and connections, by packets sent. */
  readonly counted: number;
  readonly opened: number;
  readonly verdict: number;
}

const programOf = (datapath: Datapath, test: ProgramCase): Program => (test.kind === 'tc' ? datapath.ingress : datapath.xdp);

/** The wrapper's own cost with these flows, ns. */
const overhead = (bed: Bed, test: ProgramCase): number => {
  const empty = bed.wrapper.program(`empty_${test.kind}`);
  bed.wrapper.use(flowsOf(test, test.frame, 'counted', 0));
  bed.wrapper.under(empty, test.kind);
  return bed.wrapper.run(test.kind, 2 ** 18, bed.legs[test.leg]).nanoseconds;
};

/** Sends every flow of each frame of `before` once. */
const prepare = (bed: Bed, datapath: Datapath, test: ProgramCase): void => {
  lookAround(bed, datapath, test);
  bed.wrapper.under(programOf(datapath, test), test.kind);
  for (const frame of test.before) {
    bed.wrapper.use(flowsOf(test, frame, 'counted', 0));
    bed.wrapper.run(test.kind, 2 ** test.flowBits, bed.legs.l0);
  }
};

const sample = (bed: Bed, datapath: Datapath, test: ProgramCase, from: number): Sample => {
  const before = { packets: datapath.packets(), connections: datapath.opened() };
  const { nanoseconds, verdict } = test.opens === 'again' ? openAgain(bed, datapath, test) : forward(bed, datapath, test, from);
  const counted = (datapath.packets() - before.packets) / test.repeat;
  return { nanoseconds, verdict, counted, opened: (datapath.opened() - before.connections) / test.repeat };
};

const forward = (bed: Bed, datapath: Datapath, test: ProgramCase, from: number): Run => {
  const own = overhead(bed, test);
  bed.wrapper.use(flowsOf(test, test.frame, 'scattered', from));
  bed.wrapper.under(programOf(datapath, test), test.kind);
  lookAround(bed, datapath, test);
  const { nanoseconds, verdict } = bed.wrapper.run(test.kind, test.repeat, bed.legs[test.leg]);
  return { nanoseconds: nanoseconds - own, verdict };
};

/** What tc does for XDP on a real device: has the few destinations' next hops, asked for once a second, looked up again; then
 * they are kept, for no tc runs here while a sample lasts. Those of 64k clients XDP asks for itself, which is counted. */
const lookAround = (bed: Bed, datapath: Datapath, test: ProgramCase): void => {
  const opening = test.before[0] ?? test.frame;
  if (test.ours)
    datapath.renewHops(
      Array.from({ length: 16 }, (_, port) => template({ ...opening, sourcePort: opening.sourcePort + port }).bytes),
      bed.legs.l0,
    );
  datapath.keepHops(test.leg === 'l0');
};

/** A few connections, each opened again and again: the wrapper takes it out of the table before each packet. */
const openAgain = (bed: Bed, datapath: Datapath, test: ProgramCase): Run => {
  const table = BpfMap.pinned(`${datapath.folder}/conns`);
  const wrapper = bed.wrapper.over(table);
  try {
    const places = datapath.table.places(clientBase, 8, test.flowBits);
    wrapper.use(flowsOf(test, test.frame, 'counted', 0));
    wrapper.under(wrapper.program('empty_plain'), 'plain');
    const own = wrapper.runForgetting(places, 2 ** 18, bed.legs.l0).nanoseconds;
    wrapper.under(datapath.xdp, 'plain');
    lookAround(bed, datapath, test);
    const { nanoseconds, verdict } = wrapper.runForgetting(places, test.repeat, bed.legs.l0);
    return { nanoseconds: nanoseconds - own, verdict };
  } finally {
    wrapper.close();
    table.close();
  }
};

/** Where a scattered order stands after `steps` flows from `from`: the wrapper's own recurrence. */
const onwards = (from: number, steps: number, flowBits: number): number => {
  let state = from;
  for (let step = 0; step < steps; step += 1) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state % 2 ** flowBits;
};

const trouble = (test: ProgramCase, samples: readonly Sample[]): string | undefined => {
  const [forwarded, passed] = test.kind === 'tc' ? [tcRedirect, tcUnspec] : [xdpRedirect, xdpPass];
  const wanted = test.ours ? forwarded : passed;
  const strange = samples.find(({ verdict }) => verdict !== wanted);
  if (strange !== undefined) return `the last packet's verdict was ${strange.verdict}, not ${wanted}`;
  // By design XDP leaves an eighth of the clients' stale hops, one or two packets in a hundred here, to tc.
  const counted = median(samples.map((each) => each.counted));
  if (Math.abs(counted - (test.ours ? 1 : 0)) > (test.leg === 'r1' ? 0.03 : 0.01))
    return `the director counted ${(counted * 100).toFixed(1)} % of the packets`;
  const opened = median(samples.map((each) => each.opened));
  return Math.abs(opened - (test.opens ? 1 : 0)) > 0.01 ? `${(opened * 100).toFixed(1)} % of the packets opened a connection` : undefined;
};

const rowOf = (test: ProgramCase, samples: readonly Sample[], hash: number, note: string | undefined): Row => {
  const nanoseconds = median(samples.map((each) => each.nanoseconds));
  const wrong = trouble(test, samples);
  const value = wrong === undefined ? nanoseconds : Number.NaN; // what did not do the work has no speed
  const remark = [wrong === undefined ? undefined : `${wrong} (${nanoseconds} ns)`, note].filter((word) => word !== undefined).join('; ');
  return {
    part: 'program',
    name: test.name,
    value,
    unit: 'ns',
    ratio: value / hash,
    basis: 'H',
    samples: samples.map(({ nanoseconds }) => nanoseconds),
    ...(test.limit === undefined ? {} : { gate: { kind: 'at-most', limit: test.limit } as const }),
    ...(remark === '' ? {} : { note: remark }),
  };
};

const measureCase = (bed: Bed, test: ProgramCase, hash: number): Row =>
  inside(bed.director, () => {
    const datapath = openDatapath(test.tableBits);
    try {
      prepare(bed, datapath, test);
      const rounds = bed.options.quick ? 3 : 9;
      const samples: Sample[] = [];
      for (let round = 0, from = 0; round < rounds; round += 1) {
        samples.push(sample(bed, datapath, test, from));
        if (test.opens === 'more') from = onwards(from, test.repeat, test.flowBits);
      }
      return rowOf(test, samples, hash, undefined);
    } finally {
      datapath.close();
    }
  });

/** All connections of the flood must be in the table afterwards, each once. */
const flood = (bed: Bed, hash: number): Row =>
  inside(bed.director, () => {
    const flowBits = bed.options.quick ? 20 : 23;
    const test = floodCase(flowBits);
    const samples: Sample[] = [];
    let note: string | undefined;
    for (let round = 0; round < (bed.options.quick ? 1 : 5); round += 1) {
      const datapath = openDatapath(flowBits);
      try {
        samples.push(sample(bed, datapath, test, 0));
        const found = datapath.table.flows(clientBase, 8, flowBits);
        if (found !== 2 ** flowBits) note = `only ${found} of ${2 ** flowBits} connections are in the table`;
      } finally {
        datapath.close();
      }
    }
    const row = rowOf(test, samples, hash, note ?? `all ${2 ** flowBits} connections found`);
    return note === undefined ? row : { ...row, value: Number.NaN, ratio: Number.NaN };
  });

/** Figures to read the others by. */
const yardsticks = (bed: Bed, hash: readonly number[]): readonly Row[] => {
  const redirect = [1, 2, 3, 4, 5].map(() => bed.wrapper.redirect(2 ** 20, bed.legs.l0));
  const test: ProgramCase = {
    name: '',
    kind: 'plain',
    leg: 'l0',
    flowBits: 16,
    repeat: 2 ** 20,
    ours: false,
    before: [],
    frame: (programCases[0] as ProgramCase).frame,
  };
  const line = [1, 2, 3, 4, 5].map(() => {
    bed.wrapper.use(flowsOf(test, test.frame, 'scattered', 0));
    bed.wrapper.under(bed.wrapper.program('empty_plain'), 'plain');
    const own = bed.wrapper.run('plain', 2 ** 18, bed.legs.l0).nanoseconds;
    bed.wrapper.under(bed.wrapper.program('touch_line'), 'plain');
    return bed.wrapper.run('plain', 2 ** 20, bed.legs.l0).nanoseconds - own;
  });
  const row = (name: string, samples: readonly number[]): Row => ({
    part: 'program',
    name,
    value: median(samples),
    unit: 'ns',
    ratio: median(samples) / median(hash),
    basis: 'H',
    samples,
  });
  return [
    row('(H: a hit on a hash of one 16-byte key)', hash),
    row('(one bpf_redirect, in each forwarded packet)', redirect),
    row('(one of 64k cache lines in a 32 MB array)', line),
  ];
};

export const program = (options: Options, wrapper: Wrapper): readonly Row[] => {
  const { director, far } = makeProgramStations();
  try {
    const bed: Bed = { wrapper, director, options, legs: { l0: deviceIndex(director, 'l0'), r1: deviceIndex(director, 'r1') } };
    const hashes = inside(director, () => [1, 2, 3, 4, 5, 6, 7, 8, 9].map(() => wrapper.hashHit(2 ** 20, bed.legs.l0)));
    const hash = median(hashes);
    const rows = [...inside(director, () => yardsticks(bed, hashes))];
    const wanted = ({ name }: { readonly name: string }): boolean =>
      options.tests === undefined || options.tests.some((word) => name.includes(word));
    for (const test of programCases.filter(wanted)) rows.push(measureCase(bed, test, hash));
    if (wanted(floodCase(0))) rows.push(flood(bed, hash));
    return rows;
  } finally {
    dropNamespace(director);
    dropNamespace(far);
  }
};
