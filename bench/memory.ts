// Part 4: kernel memory of a connection, and how long it takes to read a million of them.
import { clockAt } from '../src/datapath/ebpf/table/clock.js';
import { memlock } from './conn-table.js';
import { type Datapath, openDatapath } from './datapath.js';
import { type FlowFrame, template } from './frames.js';
import { deviceIndex, inside } from './inside.js';
import { median } from './median.js';
import { dropNamespace, makeNamespace, makePair } from './namespaces.js';
import type { Options } from './options.js';
import { run } from './processes.js';
import { clientBase, macs, serviceFor, virtualAddress } from './program-stations.js';
import type { Row } from './report.js';
import type { Flows, Wrapper } from './wrap.js';

/** All maps that hold something of a connection; their whole size counts. */
const connectionMaps = ['conns', 'locks'] as const;
const PORT_BITS = 8;
const CHUNK_BITS = 16;

const frame = (flags: number): FlowFrame => ({
  protocol: 'tcp',
  flags,
  sourceMac: macs.client,
  targetMac: macs.front,
  source: clientBase,
  target: virtualAddress(serviceFor.directRouting),
  sourcePort: 1024,
  targetPort: 80,
  varies: 'source',
});

const flows = (flags: number, flowBits: number, from: number): Flows => ({
  template: template(frame(flags)),
  varies: 'source',
  protocol: 'tcp',
  address: clientBase,
  port: 1024,
  flowBits,
  portBits: PORT_BITS,
  order: 'counted',
  from,
  redirect: 0,
});

/** Opens and establishes so many connections, a chunk at a time: only a half-open one may be replaced by another. */
const establish = (wrapper: Wrapper, datapath: Datapath, ifindex: number, first: number, count: number): void => {
  const flowBits = 28;
  const chunk = 2 ** CHUNK_BITS;
  for (let from = first; from < first + count; from += chunk) {
    const repeat = Math.min(chunk, first + count - from);
    for (const flags of [0x02, 0x10]) {
      wrapper.use(flows(flags, flowBits, (from + 2 ** flowBits - 1) % 2 ** flowBits));
      wrapper.under(datapath.xdp, 'plain');
      wrapper.run('plain', repeat, ifindex);
    }
  }
};

const perConnection = (wrapper: Wrapper, ifindex: number): Row => {
  const datapath = openDatapath();
  try {
    const bytes = memlock(datapath.folder, connectionMaps);
    establish(wrapper, datapath, ifindex, 0, Math.ceil(datapath.table.slots * 1.1));
    const live = datapath.table.count();
    const note = `${connectionMaps.join(' + ')}: ${bytes} bytes; ${live} connections in ${datapath.table.slots} places`;
    return {
      part: 'memory',
      name: 'kernel memory of a connection',
      value: bytes / live,
      unit: 'bytes',
      gate: { kind: 'at-most', limit: 64 },
      note,
    };
  } finally {
    datapath.close();
  }
};

export const memory = (wrapper: Wrapper): readonly Row[] => onInterface((ifindex) => [perConnection(wrapper, ifindex)]);

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
  onInterface((ifindex) => {
    const datapath = openDatapath();
    try {
      establish(wrapper, datapath, ifindex, 0, LISTED);
      return readings(datapath, options.quick ? 3 : 9);
    } finally {
      datapath.close();
    }
  });

/** Runs in a namespace with one interface, at whose far end nothing listens. */
const onInterface = (work: (ifindex: number) => readonly Row[]): readonly Row[] => {
  const director = makeNamespace('memory-di');
  const far = makeNamespace('memory-fa');
  try {
    makePair(
      { namespace: director, device: 'l0', mac: '02:00:00:00:01:01', address: '10.64.0.1/8' },
      { namespace: far, device: 'l0', mac: '02:00:00:00:01:02', address: '10.64.0.2/8' },
    );
    run(director, ['ip', 'route', 'add', 'local', '10.1.0.0/24', 'dev', 'lo']); // the services' own
    const ifindex = deviceIndex(director, 'l0');
    return inside(director, () => work(ifindex));
  } finally {
    dropNamespace(director);
    dropNamespace(far);
  }
};
