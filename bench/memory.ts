// Part 4: whether each of the tables holds a million connections, kernel memory of a connection in it, full, and how long it takes to read a
// million of them.
import { clockAt } from '../src/datapath/ebpf/table/clock.js';
import { ConnTable, memlock } from './conn-table.js';
import type { Datapath } from './datapath.js';
import { type ConnectionKind, establish, kinds, learnHops, onDirector, plain } from './many-connections.js';
import { median } from './median.js';
import type { Options } from './options.js';
import type { Row } from './report.js';
import type { Wrapper } from './wrap.js';

/** They belong to all tables; their whole size counts. */
const LOCKS = 'locks';
const HELD = 1_000_000;

/** With a million connections, and full. */
const ofTable = (wrapper: Wrapper, datapath: Datapath, { name, pin, test, bytesMax }: ConnectionKind, ifindex: number): readonly Row[] => {
  const maps = [pin, LOCKS];
  const bytes = memlock(datapath.folder, maps);
  const table = new ConnTable(datapath.folder, pin);
  learnHops(datapath, test, ifindex);
  establish(wrapper, datapath, test, ifindex, HELD);
  const held = table.count();
  establish(wrapper, datapath, test, ifindex, Math.ceil(table.slots * 1.1));
  const live = table.count();
  return [
    {
      part: 'memory',
      name: `connections held of ${HELD}, ${name}`,
      value: held,
      unit: '',
      gate: { kind: 'at-least', limit: HELD },
      note: `${pin}: ${memlock(datapath.folder, [pin])} bytes for ${table.slots} places`,
    },
    {
      part: 'memory',
      name: `kernel memory of a connection, ${name}`,
      value: bytes / live,
      unit: 'bytes',
      gate: { kind: 'at-most', limit: bytesMax },
      note: `${maps.join(' + ')}: ${bytes} bytes; ${live} connections in ${table.slots} places`,
    },
  ];
};

export const memory = (wrapper: Wrapper): readonly Row[] =>
  onDirector('memory', (datapath, ifindex) => kinds.flatMap((kind) => ofTable(wrapper, datapath, kind, ifindex)));

const timed = (work: () => void): number => {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began) / 1e6;
};

const LISTED = 1_000_000;

/** The reference for reading: every word of an array as large as the table, added up. */
const plainPass = (words: Uint32Array): number => {
  let sum = 0;
  for (let at = 0; at < words.length; at += 1) sum = (sum + (words[at] ?? 0)) | 0;
  return sum;
};

const readings = (datapath: Datapath, rounds: number): readonly Row[] => {
  const { director, table } = datapath;
  const seen = { read: 0, entries: 0, sum: 0 };
  const column = (): Uint32Array => new Uint32Array(table.slots);
  const columns = [column(), column(), column(), column()] as const;
  const plain = new Uint32Array(table.slots * 4).fill(1);
  const now = clockAt(director.tables.conf, process.hrtime.bigint());
  const turns = Array.from({ length: rounds }, () => ({
    read: timed(() => (seen.read = table.read(now, columns))),
    plain: timed(() => (seen.sum = plainPass(plain))),
    entries: timed(() => (seen.entries = [...director.connections()].length)),
  }));
  if (seen.sum !== plain.length) throw new Error('the plain pass left words out');
  const row = (name: string, samples: readonly number[], count: number): Row => ({
    part: 'list',
    name,
    value: count === LISTED ? median(samples) : Number.NaN,
    unit: 'ms',
    samples,
    note: `${count} connections`,
  });
  const ratio = seen.read === LISTED ? median(turns.map(({ read, plain }) => read / plain)) : Number.NaN;
  return [
    {
      ...row(
        'read the table',
        turns.map(({ read }) => read),
        seen.read,
      ),
      ratio,
      basis: 'plain pass',
      gate: { kind: 'at-most', limit: 4 },
    },
    row(
      'and make an entry of each, with names and texts',
      turns.map(({ entries }) => entries),
      seen.entries,
    ),
  ];
};

export const list = (options: Options, wrapper: Wrapper): readonly Row[] =>
  onDirector('list', (datapath, ifindex) => {
    learnHops(datapath, plain, ifindex);
    establish(wrapper, datapath, plain, ifindex, LISTED);
    return readings(datapath, options.quick ? 3 : 9);
  });
