// The connection table of the programs on the links, as one that may get another size: these programs are exchanged.
import { artifact } from '../../../sys/artifact.js';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Conf, ConnBucket } from '../abi.gen.js';
import { movePins, TABLE_PIN, type Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { exchangePrograms } from './exchange.js';
import { installPrograms } from './install-programs.js';
import { choosePrograms } from './load.js';
import { loadOnto, tryProgramsOnce } from './programs.js';
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
      const kinds = kindsLoaded(folder);
      tryProgramsOnce(file, tables, kinds, { name: `phase ${phase}`, prepare: (object) => configure(object, TRIAL_BUCKETS) });
      return using(new ObjectFile(file), (object) => {
        choosePrograms(object, kinds);
        loadOnto(object, folder, tables, { pins: maps, buckets, configure: (each) => configure(each, oldBuckets) });
        installPrograms(object, folder, interfaces);
        return work(object);
      });
    },
    settle: () => {
      tables.conf.set(0, Conf.connBuckets, bucketsAt(`${folder}/${TABLE_PIN}`));
      exchangePrograms(folder, tables, interfaces);
    },
  };
}
