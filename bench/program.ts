// Part 1: the program alone, on one core, by BPF_PROG_TEST_RUN behind the wrapper. Each case has a freshly loaded director with
// 100 services of 4 destinations, and references loaded for the same table size.
import type { Objects } from './compile.js';
import { type Datapath, openDatapath } from './datapath.js';
import { fullTable } from './full-table.js';
import { deviceIndex, inside } from './inside.js';
import { median } from './median.js';
import { dropNamespace } from './namespaces.js';
import type { Options } from './options.js';
import { floodCase, type ProgramCase, programCases } from './program-cases.js';
import { rowsOf } from './program-rows.js';
import { type Bed, closeReferences, openReferences, type ProgramTurn, prepare, Turns } from './program-samples.js';
import { clientBase, fillTable, makeProgramStations } from './program-stations.js';
import type { Row } from './report.js';
import type { Wrapper } from './wrap.js';

const measureCase = (bed: Bed, test: ProgramCase): readonly Row[] =>
  inside(bed.director, () => {
    const datapath = openDatapath(fillTable, test.tableBits);
    const references = test.kind !== 'plain' ? undefined : openReferences(bed, test, datapath.table.slots);
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

/**
 * Connections of a flood that a half-full table may have replaced, one in a million: where 16 buckets in
 * a row are full by chance, the next connection takes the place of one that is half open.
 */
const MAY_BE_REPLACED = 2 ** -20;

/** Every SYN is of another client. The connections must be in weir's table afterwards, each once. */
const flood = (bed: Bed): readonly Row[] =>
  inside(bed.director, () => {
    const flowBits = bed.options.quick ? 20 : 23;
    const test = floodCase(flowBits);
    const found: ProgramTurn[] = [];
    let fewest = 2 ** flowBits;
    for (let round = 0; round < (bed.options.quick ? 1 : 5); round += 1) {
      const datapath: Datapath = openDatapath(fillTable, flowBits);
      const references = openReferences(bed, test, datapath.table.slots);
      try {
        prepare(bed, datapath, test, references);
        found.push(new Turns(bed, test, references).take(datapath));
        fewest = Math.min(fewest, datapath.table.flows(clientBase, 8, flowBits));
      } finally {
        closeReferences(references);
        datapath.close();
      }
    }
    const rows = rowsOf(test, found, `at least ${fewest} of ${2 ** flowBits} connections found in each round`);
    const held = fewest >= 2 ** flowBits * (1 - MAY_BE_REPLACED);
    return held ? rows : rows.map((row) => ({ ...row, value: Number.NaN, ratio: Number.NaN }));
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
      ...(wanted({ name: 'full table' }) ? fullTable(bed) : []),
    ];
  } finally {
    dropNamespace(director);
    dropNamespace(far);
  }
};
