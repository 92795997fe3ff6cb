// The connection table of the programs on the links, as one that may get another size: these programs are exchanged.
import { artifact } from '../../../sys/artifact.js';
import type { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Conf, ConnBucket } from '../abi.gen.js';
import { movePins, TABLE_PIN, type Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { exchangePrograms } from './exchange.js';
import { installPrograms } from './install-programs.js';
import { loadForLinks } from './programs.js';
import { forgetXdpRefusal } from './refused-xdp.js';
import { bucketsAt, type MovableTable, TRIAL_BUCKETS } from './table-move.js';
import { kindsLoaded } from './xdp.js';

export interface Moving {
  readonly folder: string;
  readonly tables: Tables;
  readonly interfaces: AttachedInterfaces;
}

/** A build that knows two tables: the object, and the pin of the move's record. */
export interface Bridging {
  readonly file: string;
  readonly record: string;
}

/** `bridging`: default: of a change of the size. */
export function mainTable({ folder, tables, interfaces }: Moving, bridging?: Bridging): MovableTable {
  const pins = movePins(TABLE_PIN);
  return {
    pins: { ...pins, record: bridging?.record ?? pins.record },
    bucketBytes: ConnBucket.bytes,
    bridged: ({ pins: maps, buckets, oldBuckets, phase, configure }, work) => {
      const file = bridging?.file ?? artifact('weir-bridge.bpf.o');
      const preparation = { name: `phase ${phase}`, prepare: (object: ObjectFile) => configure(object, TRIAL_BUCKETS) };
      const extra = { pins: maps, buckets, configure: (each: ObjectFile) => configure(each, oldBuckets) };
      const { value, refused } = loadForLinks(file, tables, kindsLoaded(folder), preparation, extra);
      return using(value.object, (object) => {
        // The plain program is another one: the command tries it when the connections have moved.
        if (refused !== undefined) forgetXdpRefusal(folder);
        installPrograms(value, folder, interfaces);
        return work(object);
      });
    },
    settle: () => {
      tables.conf.set(0, Conf.connBuckets, bucketsAt(`${folder}/${TABLE_PIN}`));
      exchangePrograms(folder, tables, interfaces);
    },
  };
}
