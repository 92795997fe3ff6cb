// Part 1: the program alone, on one core, by BPF_PROG_TEST_RUN behind the wrapper. Each case has a freshly loaded director with
// 100 services of 4 destinations, and references loaded for the same table size.
import type { Objects } from './compile.js';
import { type Datapath, openDatapath } from './datapath.js';
import { boundText, middleReferences, referenceNames, shareOf } from './gates.js';
import { deviceIndex, inside } from './inside.js';
import { median } from './median.js';
import { dropNamespace } from './namespaces.js';
import type { Options } from './options.js';
import { floodCase, type ProgramCase, programCases } from './program-cases.js';
import { type Bed, closeReferences, openReferences, type ProgramTurn, prepare, type Sample, Turns } from './program-samples.js';
import { clientBase, makeProgramStations } from './program-stations.js';
import type { Row } from './report.js';
import { tcRedirect, tcUnspec, type Wrapper, xdpPass, xdpRedirect } from './wrap.js';

/** What one program did not do of the case's work; undefined when it did all of it. */
const problemOf = (name: string, test: ProgramCase, samples: readonly Sample[]): string | undefined => {
  const [forwarded, passed] = test.kind === 'tc' ? [tcRedirect, tcUnspec] : [xdpRedirect, xdpPass];
  const wanted = test.forwarded ? forwarded : passed;
  const strange = samples.find(({ verdict }) => verdict !== wanted);
  if (strange !== undefined) return `${name}: the last packet's verdict was ${strange.verdict}, not ${wanted}`;
  // By design XDP leaves an eighth of the clients' stale hops, one or two packets in a hundred here, to tc.
  const counted = median(samples.map((each) => each.counted));
  if (Math.abs(counted - (test.forwarded ? 1 : 0)) > (test.device === 'r1' ? 0.03 : 0.01))
    return `${name} counted ${(counted * 100).toFixed(1)} % of the packets`;
  const opened = median(samples.map((each) => each.opened));
  return Math.abs(opened - (test.opens ? 1 : 0)) > 0.01
    ? `${name}: ${(opened * 100).toFixed(1)} % of the packets opened a connection`
    : undefined;
};

const referenceText = (turns: readonly ProgramTurn[]): string => {
  const middle = middleReferences(turns);
  return referenceNames
    .filter((name) => middle[name] !== undefined)
    .map((name) => `${name} ${middle[name]?.toFixed(1)} ns`)
    .join(', ');
};

/** A case's row with its share of the textbook balancer's cost, and one for its bound where it has one. */
const rowsOf = (test: ProgramCase, turns: readonly ProgramTurn[], note?: string): readonly Row[] => {
  const nanoseconds = median(turns.map((turn) => turn.nanoseconds));
  const textbook = turns.map((turn) => turn.textbook).filter((sample) => sample !== undefined);
  const problem =
    problemOf(
      'weir',
      test,
      turns.map(({ weir }) => weir),
    ) ?? (textbook.length > 0 ? problemOf('the textbook balancer', test, textbook) : undefined);
  const valid = problem === undefined; // a program that did not do the work has no speed
  const shared = { part: 'program', value: valid ? nanoseconds : Number.NaN, unit: 'ns' };
  const remarks = [problem && `${problem} (${nanoseconds} ns)`, note, referenceText(turns)].filter((remark) => remark);
  const main: Row = {
    ...shared,
    name: test.name,
    samples: turns.map((turn) => turn.nanoseconds),
    ...(textbook.length > 0 ? { ratio: valid ? shareOf({ textbook: 1 }, turns) : Number.NaN, basis: 'textbook' } : {}),
    ...(test.ofTextbook === undefined ? {} : { gate: { kind: 'at-most', limit: test.ofTextbook } as const }),
    ...(remarks.length > 0 ? { note: remarks.join('; ') } : {}),
    references: turns.map((turn) => turn.references),
  };
  if (test.bound === undefined) return [main];
  const share = valid ? shareOf(test.bound, turns) : Number.NaN;
  return [main, { ...shared, name: `  of ${boundText(test.bound)}`, ratio: share, gate: { kind: 'at-most', limit: 1 } }];
};

const measureCase = (bed: Bed, test: ProgramCase): readonly Row[] =>
  inside(bed.director, () => {
    const datapath = openDatapath(test.tableBits);
    const references = test.kind === 'tc' ? undefined : openReferences(bed, test, datapath.table.slots);
    try {
      prepare(bed, datapath, test, references);
      const turns = new Turns(bed, test, references);
      return rowsOf(
        test,
        Array.from({ length: bed.options.quick ? 3 : 9 }, () => turns.take(datapath)),
      );
    } finally {
      if (references) closeReferences(references);
      datapath.close();
    }
  });

/** Every SYN is of another client. All connections must be in weir's table afterwards, each once. */
const flood = (bed: Bed): readonly Row[] =>
  inside(bed.director, () => {
    const flowBits = bed.options.quick ? 20 : 23;
    const test = floodCase(flowBits);
    const found: ProgramTurn[] = [];
    let missing: string | undefined;
    for (let round = 0; round < (bed.options.quick ? 1 : 5); round += 1) {
      const datapath: Datapath = openDatapath(flowBits);
      const references = openReferences(bed, test, datapath.table.slots);
      try {
        prepare(bed, datapath, test, references);
        found.push(new Turns(bed, test, references).take(datapath));
        const count = datapath.table.flows(clientBase, 8, flowBits);
        if (count !== 2 ** flowBits) missing = `only ${count} of ${2 ** flowBits} connections are in the table`;
      } finally {
        closeReferences(references);
        datapath.close();
      }
    }
    const rows = rowsOf(test, found, missing ?? `all ${2 ** flowBits} connections found`);
    return missing === undefined ? rows : rows.map((row) => ({ ...row, value: Number.NaN, ratio: Number.NaN }));
  });

/** Of use when two machines are compared; no gate. */
const hashHits = (bed: Bed): Row => {
  const samples = Array.from({ length: 9 }, () => bed.wrapper.hashHit(2 ** 20, bed.interfaces.l0));
  return { part: 'program', name: '(a hit on a hash of one 16-byte key)', value: median(samples), unit: 'ns', samples };
};

export const program = (options: Options, wrapper: Wrapper, objects: Objects): readonly Row[] => {
  const { director, far } = makeProgramStations();
  try {
    const interfaces = { l0: deviceIndex(director, 'l0'), r1: deviceIndex(director, 'r1') };
    const bed: Bed = { wrapper, objects, director, options, interfaces };
    const wanted = ({ name }: { readonly name: string }): boolean =>
      options.tests === undefined || options.tests.some((word) => name.includes(word));
    return [
      inside(director, () => hashHits(bed)),
      ...programCases.filter(wanted).flatMap((test) => measureCase(bed, test)),
      ...(wanted(floodCase(0)) ? flood(bed) : []),
    ];
  } finally {
    dropNamespace(director);
    dropNamespace(far);
  }
};
