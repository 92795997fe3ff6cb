// A director of the bench's own in the calling thread's namespace, loaded afresh, XDP on every interface, filled, and taken away again.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Director } from '../src/datapath/director.js';
import { Conf, Counters } from '../src/datapath/ebpf/abi.gen.js';
import type { EbpfDirector } from '../src/datapath/ebpf/ebpf-director.js';
import { PROGRAMS } from '../src/datapath/ebpf/load/load.js';
import { bucketsFor } from '../src/datapath/ebpf/load/object.js';
import { unloadDatapath } from '../src/datapath/ebpf/load/unload.js';
import { ensureXdp } from '../src/datapath/ebpf/load/xdp.js';
import { openDirector } from '../src/datapath/ebpf/open.js';
import { Program } from '../src/sys/bpf/bpf-objects.js';
import type { Field } from '../src/sys/bpf/records.js';
import { ConnTable } from './conn-table.js';
import { skbFrom } from './wrap.js';

export interface Datapath {
  readonly director: EbpfDirector;
  /** The XDP program, and tc's for packets that come in. */
  readonly xdp: Program;
  readonly ingress: Program;
  readonly folder: string;
  readonly table: ConnTable;
  /** Empties the tables of both families. */
  clear(): void;
  /** Makes tc ask the FIB again for the next hops of these frames' destinations, as it does once a second behind XDP. */
  renewHops(frames: readonly Uint8Array[], ifindex: number): void;
  /** Whether next hops are used for longer than a second without asking the FIB again. */
  keepHops(keep: boolean): void;
  /** Packets that were forwarded, both ways. */
  packets(): number;
  /** Connections that were opened. */
  opened(): number;
  close(): void;
}

/** Only the garbage collector unmaps tables, and the big ones must not pile up. */
const collect = (): void => {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
};

/** `fill` adds services. `connections`: log2 of what the table is made for; default: as installed. */
export const openDatapath = (fill: (director: Director) => void, connections?: number): Datapath => {
  const director = openDirector({
    attach: 'xdp',
    ...(connections === undefined ? {} : { capacity: { connBuckets: bucketsFor(2 ** connections) } }),
  });
  director.atomically(() => fill(director));
  const { tables } = director;
  const { folder, counters } = tables;
  const second = tables.conf.get(0, Conf.freshFor);
  const sum = (...fields: readonly Field[]): number => {
    let total = 0n;
    const used = (tables.conf.get(0, Conf.destTop) + 1) * tables.conf.get(0, Conf.cpus);
    for (let record = 0; record < used; record += 1) for (const field of fields) total += counters.big(record, field);
    return Number(total);
  };
  ensureXdp(tables, () => {}); // with no interface that takes it
  const xdp = Program.pinned(`${folder}/${PROGRAMS.xdp}`);
  const ingress = Program.pinned(`${folder}/${PROGRAMS.ingress}`);
  const table = new ConnTable(folder);
  const table6 = existsSync(`${folder}/conns6`) ? new ConnTable(folder, 'conns6') : undefined;
  return {
    director,
    xdp,
    ingress,
    folder,
    table,
    clear: () => {
      table.clear();
      table6?.clear();
    },
    renewHops: (frames, ifindex) => {
      tables.conf.set(0, Conf.freshFor, 0);
      for (const data of frames) ingress.test({ data, ctx: skbFrom(ifindex) });
      tables.conf.set(0, Conf.freshFor, second);
    },
    keepHops: (keep) => tables.conf.set(0, Conf.freshFor, keep ? 0x7fffffff : second),
    packets: () => sum(Counters.inPackets, Counters.outPackets),
    opened: () => sum(Counters.conns),
    close: () => {
      xdp.close();
      ingress.close();
      director.close();
      unloadDatapath();
      collect();
    },
  };
};
