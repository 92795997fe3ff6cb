// A full table under a flood, on one core: SYNs of ever new clients, four for each place, beside connections that are in use.
import type { Program } from '../src/sys/bpf/bpf-objects.js';
import { frameOf } from './agreement.js';
import { openDatapath } from './datapath.js';
import { inside } from './inside.js';
import { median } from './median.js';
import { ACK, flowsOf, opening, type ProgramCase, request, SYN } from './program-cases.js';
import { type Bed, closeReferences, openReferences } from './program-samples.js';
import { clientBase, fillTable, serviceFor } from './program-stations.js';
import type { Row } from './report.js';
import type { Flows } from './wrap.js';

/** Places that the table has, and SYNs; log2. */
const [PLACE_BITS, SYN_BITS] = [21, 23];
const CHUNKS = 16;
/** Connections in use; their clients have addresses beyond those of the flood. */
const USER_BITS = 13;
const USERS_FROM = clientBase + 2 ** 20;
/** After which a client's packet proves that it goes on (V_PROVEN). */
const PROOF_MS = 1_200;
const SYN_NS_MAX = 500;

/** The namespace is the thread's, which must not do anything else meanwhile. */
const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** More flows than one run has SYNs, so that those of the run that fills the table are others. */
const syns: ProgramCase = opening('full table', 'more', SYN_BITS + 1, 2 ** SYN_BITS, {});

/** What a run of SYNs costs each, the wrapper's own cost subtracted. */
function flooded({ wrapper, interfaces }: Bed, program: Program, from: number, count: number): number {
  const flows = flowsOf(syns, syns.frame, 'counted', from);
  wrapper.use(flows);
  wrapper.under(wrapper.empty('plain'), 'plain');
  const own = wrapper.run('plain', 2 ** 18, interfaces.l0).nanoseconds;
  wrapper.use(flows);
  wrapper.under(program, 'plain');
  return wrapper.run('plain', count, interfaces.l0).nanoseconds - own;
}

const usersOf = (flags: number): Flows => ({
  ...flowsOf({ ...syns, flowBits: USER_BITS }, request(serviceFor.nat, flags), 'counted', 2 ** USER_BITS - 1),
  address: USERS_FROM,
});

/** One packet of each connection in use. */
function used({ wrapper, interfaces }: Bed, program: Program, flags: number): void {
  wrapper.use(usersOf(flags));
  wrapper.under(program, 'plain');
  wrapper.run('plain', 2 ** USER_BITS, interfaces.l0);
}

interface Measured {
  /** Of each run: what a SYN costs through weir, and through the textbook balancer with a hash that replaces, of as many places. */
  readonly nanoseconds: readonly number[];
  readonly textbook: readonly number[];
  /** Packets of connections in use that were forwarded, of those sent. */
  readonly passed: number;
  readonly sent: number;
  readonly note: string;
}

function measure(bed: Bed): Measured {
  const datapath = openDatapath(fillTable, PLACE_BITS - 1);
  const { slots } = datapath.table;
  const references = openReferences(bed, syns, slots);
  const programs: readonly Program[] = [datapath.xdp, references.textbook.program];
  const [chunk, fill] = [2 ** SYN_BITS / CHUNKS, 2 ** (PLACE_BITS + 1)];
  try {
    datapath.renewHops(
      Array.from({ length: 16 }, (_, flow) => frameOf(syns, syns.frame, flow)),
      bed.interfaces.l0,
    );
    datapath.keepHops(true);
    for (const flags of [SYN, ACK]) used(bed, datapath.xdp, flags);
    pause(PROOF_MS);
    used(bed, datapath.xdp, ACK);
    for (const program of programs) flooded(bed, program, 0, fill);
    const opened = datapath.opened();
    let passed = 0;
    const chunks = Array.from({ length: CHUNKS }, (_, n) => fill + n * chunk);
    // Without a pause, in which the flood's connections would get older.
    const nanoseconds = chunks.map((from) => {
      const each = flooded(bed, datapath.xdp, from, chunk);
      const before = datapath.packets();
      used(bed, datapath.xdp, ACK);
      passed += datapath.packets() - before;
      return each;
    });
    const textbook = chunks.map((from) => flooded(bed, references.textbook.program, from, chunk));
    const served = datapath.opened() - opened;
    const note = `${slots} places, ${datapath.table.count()} taken; ${served} of ${CHUNKS * chunk} SYNs opened a connection`;
    return { nanoseconds, textbook, passed, sent: CHUNKS * 2 ** USER_BITS, note };
  } finally {
    closeReferences(references);
    datapath.close();
  }
}

export function fullTable(bed: Bed): readonly Row[] {
  const { nanoseconds, textbook, passed, sent, note } = inside(bed.director, () => measure(bed));
  const name = `${2 ** (SYN_BITS - 20)}M different SYNs into ${2 ** (PLACE_BITS - 20)}M places that are full`;
  const value = median(nanoseconds);
  const shares = nanoseconds.map((each, n) => each / (textbook[n] ?? Number.NaN));
  const shared = { part: 'program', unit: 'ns', value, samples: nanoseconds } as const;
  return [
    { ...shared, name, gate: { kind: 'at-most', limit: SYN_NS_MAX }, note },
    { ...shared, name: `${name}, and of the textbook`, ratio: median(shares), basis: 'textbook', note: `textbook ${median(textbook)} ns` },
    {
      part: 'program',
      name: `packets of ${2 ** USER_BITS} connections in use meanwhile that found theirs`,
      value: (passed / sent) * 100,
      unit: '%',
      gate: { kind: 'at-least', limit: 100 },
    },
  ];
}
