// How part 1 takes its samples: weir, then each reference, in turns, behind the same wrapper, whose own cost is taken just before
// each sample and subtracted.
import { BpfMap, type Program } from '../src/sys/bpf/bpf-objects.js';
import { assertAgreement, frameOf } from './agreement.js';
import type { Objects } from './compile.js';
import type { Datapath } from './datapath.js';
import { FRAME_LENGTH } from './frames.js';
import type { Turn } from './gates.js';
import type { Options } from './options.js';
import { flowsOf, type ProgramCase, portBitsOf } from './program-cases.js';
import { clientBase } from './program-stations.js';
import { Textbook } from './textbook.js';
import { Touch } from './touch.js';
import { hookOf, type Run, type Wrapper, xdpFrom } from './wrap.js';

const SLOTS_PER_LINE = 4;
const REFERENCE_REPEAT = 2 ** 20;
/** Of the LRU_HASH for the case `again`: it is always full and in the cache, and each SYN replaces an older connection. */
const HOT_PLACES = 1024;
const HOT_FLOW_BITS = 20;

export interface Bed {
  readonly wrapper: Wrapper;
  readonly objects: Objects;
  readonly director: string;
  readonly interfaces: Readonly<Record<'l0' | 'r1', number>>;
  readonly options: Options;
}

/** One program's part of a turn. */
export interface Sample {
  readonly nanoseconds: number;
  /** Packets that its counters have, and connections, by packets sent. */
  readonly counted: number;
  readonly opened: number;
  readonly verdict: number;
}

export interface ProgramTurn extends Turn {
  readonly weir: Sample;
  readonly textbook?: Sample;
}

/** The references of one case, loaded for the size of its table. */
export interface References {
  readonly textbook: Textbook;
  readonly touch: Touch;
}

export const openReferences = ({ objects }: Bed, test: ProgramCase, slots: number): References => ({
  textbook: new Textbook(objects.textbook, test.opens === 'again' ? HOT_PLACES : slots),
  touch: new Touch(objects.touch, slots / SLOTS_PER_LINE, test.flowBits <= 4),
});

export const closeReferences = ({ textbook, touch }: References): void => {
  textbook.close();
  touch.close();
};

const OWN_REPEAT = 2 ** 18;
const OWN_REPEAT_APART = 2 ** 13;

const runs = (bed: Bed, test: ProgramCase, repeat: number): Run => {
  const ifindex = bed.interfaces[test.device];
  return test.apart ? bed.wrapper.runApart(test.kind, repeat, ifindex) : bed.wrapper.run(test.kind, repeat, ifindex);
};

/** The wrapper's own cost with these flows, ns. */
const overhead = (bed: Bed, test: ProgramCase): number => {
  bed.wrapper.use(flowsOf(test, test.frame, 'counted', 0));
  const costOf = (program: Program): number => {
    bed.wrapper.under(program, test.kind);
    return runs(bed, test, test.apart ? OWN_REPEAT_APART : OWN_REPEAT).nanoseconds;
  };
  const none = costOf(bed.wrapper.empty(test.kind));
  // Of making a frame longer and as long as before, the second half is the wrapper's.
  return test.lengthens === true ? (none + costOf(bed.wrapper.longer())) / 2 : none;
};

/** A program on the case's flows, without the wrapper's cost. `ready` is called right before. */
const timed = (bed: Bed, test: ProgramCase, program: Program, from: number, ready = (): void => {}): Run => {
  const own = overhead(bed, test);
  bed.wrapper.use(flowsOf(test, test.frame, 'scattered', from));
  bed.wrapper.under(program, test.kind);
  ready();
  const { nanoseconds, verdict } = runs(bed, test, test.repeat);
  return { nanoseconds: nanoseconds - own, verdict };
};

const programOf = (datapath: Datapath, test: Pick<ProgramCase, 'kind'>): Program =>
  hookOf(test.kind) === 'plain' ? datapath.xdp : datapath.ingress;

/** What begins the first flows, one for each destination and more. */
const firstFrames = (test: ProgramCase): readonly Uint8Array[] =>
  Array.from({ length: test.firstFlows ?? 16 }, (_, flow) =>
    (test.before.length === 0 ? [test.frame] : test.before).map((frame) => frameOf({ ...test, device: 'l0' }, frame, flow)),
  ).flat();

/** What tc does for XDP on a real device: asks the FIB again, once a second, for the few destinations' next hops. Here no tc runs
 * while a sample lasts, so they are kept for it. XDP itself asks for those of 64k clients, and that is part of the figure. */
const renewHops = (bed: Bed, datapath: Datapath, test: ProgramCase): void => {
  if (test.forwarded) datapath.renewHops(firstFrames(test), bed.interfaces.l0);
  // XDP leaves some stale clients to tc: one client alone would be all of them.
  if (test.device === 'r1' && test.flowBits === 0) datapath.renewHops([frameOf(test, test.frame, 0)], bed.interfaces.r1);
  datapath.keepHops(test.device === 'l0');
};

/** Sends every flow of each frame of `before` once, through weir and through the textbook balancer, and compares the two. */
export const prepare = (bed: Bed, datapath: Datapath, test: ProgramCase, references: References | undefined): void => {
  renewHops(bed, datapath, test);
  if (test.forwarded)
    for (const data of firstFrames(test)) references?.textbook.program.test({ data, ctx: xdpFrom(FRAME_LENGTH, bed.interfaces.l0) });
  const kind = test.begunBy ?? test.kind;
  for (const program of [programOf(datapath, { kind }), ...(references ? [references.textbook.program] : [])]) {
    bed.wrapper.under(program, kind);
    for (const frame of test.before) {
      bed.wrapper.use(flowsOf(test, frame, 'counted', 0));
      bed.wrapper.run(kind, 2 ** test.flowBits, bed.interfaces.l0);
    }
  }
  if (references) assertAgreement(test, datapath.xdp, references.textbook.program, bed.interfaces[test.device]);
};

/** A few connections, each opened again and again: the wrapper takes it out of the table before each packet. */
const openAgain = (bed: Bed, datapath: Datapath, test: ProgramCase): Run => {
  const table = BpfMap.pinned(`${datapath.folder}/conns`);
  const wrapper = bed.wrapper.over(table);
  try {
    const places = datapath.table.places(clientBase, portBitsOf(test), test.flowBits);
    wrapper.use(flowsOf(test, test.frame, 'counted', 0));
    wrapper.under(wrapper.empty('plain'), 'plain');
    const own = wrapper.runForgetting(places, 2 ** 18, bed.interfaces.l0).nanoseconds;
    wrapper.under(datapath.xdp, 'plain');
    renewHops(bed, datapath, test);
    const { nanoseconds, verdict } = wrapper.runForgetting(places, test.repeat, bed.interfaces.l0);
    return { nanoseconds: nanoseconds - own, verdict };
  } finally {
    wrapper.close();
    table.close();
  }
};

/** A run with what its program's counters have of it. */
const sampled = (run: () => Run, counters: () => { packets: number; connections: number }, repeat: number): Sample => {
  const before = counters();
  const result = run();
  const after = counters();
  return { ...result, counted: (after.packets - before.packets) / repeat, opened: (after.connections - before.connections) / repeat };
};

const sampleWeir = (bed: Bed, datapath: Datapath, test: ProgramCase, from: number): Sample =>
  sampled(
    () =>
      test.opens === 'again'
        ? openAgain(bed, datapath, test)
        : timed(bed, test, programOf(datapath, test), from, () => renewHops(bed, datapath, test)),
    () => ({ packets: datapath.packets(), connections: datapath.opened() }),
    test.repeat,
  );

/** The same flows for the textbook balancer. No more packets than it needs to meet each flow; it is slower. */
const textbookCase = (test: ProgramCase): ProgramCase => ({
  ...test,
  repeat: Math.min(test.repeat, REFERENCE_REPEAT),
  flowBits: test.opens === 'again' ? HOT_FLOW_BITS : test.flowBits,
});

const sampleTextbook = (bed: Bed, textbook: Textbook, test: ProgramCase, from: number): Sample => {
  const same = textbookCase(test);
  return sampled(
    () => timed(bed, same, textbook.program, from),
    () => textbook.counted(),
    same.repeat,
  );
};

const sampleTouch = (bed: Bed, { program, each }: Touch, test: ProgramCase, from: number): number =>
  timed(bed, { ...test, repeat: REFERENCE_REPEAT }, program, from).nanoseconds / each;

/** Where a scattered order stands after `steps` flows from `from`: the wrapper's own recurrence. */
const onwards = (from: number, steps: number, flowBits: number): number => {
  let state = from;
  for (let step = 0; step < steps; step += 1) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state % 2 ** flowBits;
};

/** Takes turns. Where each packet opens a connection, a turn goes on with the flow after the last one. */
export class Turns {
  #weirFrom = 0;
  #textbookFrom = 0;

  constructor(
    readonly bed: Bed,
    readonly test: ProgramCase,
    readonly references: References | undefined,
  ) {}

  take(datapath: Datapath): ProgramTurn {
    const { bed, test } = this;
    const weir = sampleWeir(bed, datapath, test, this.#weirFrom);
    if (test.opens === 'more') this.#weirFrom = onwards(this.#weirFrom, test.repeat, test.flowBits);
    if (!this.references) return { nanoseconds: weir.nanoseconds, weir, references: {} };
    const textbook = sampleTextbook(bed, this.references.textbook, test, this.#textbookFrom);
    if (test.opens) {
      const { repeat, flowBits } = textbookCase(test);
      this.#textbookFrom = onwards(this.#textbookFrom, repeat, flowBits);
    }
    const touch = sampleTouch(bed, this.references.touch, test, 0);
    const redirect = bed.wrapper.redirect(2 ** 18, bed.interfaces.l0);
    return { nanoseconds: weir.nanoseconds, weir, textbook, references: { textbook: textbook.nanoseconds, touch, redirect } };
  }
}
