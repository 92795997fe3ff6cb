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
import type { Sides } from './side-builds.js';
import { bucketsAt, type MovableTable, type Route, TRIAL_BUCKETS } from './table-move.js';
import { kindsLoaded } from './xdp.js';

export interface Moving {
  readonly folder: string;
  readonly tables: Tables;
  readonly interfaces: AttachedInterfaces;
}

/** `route`: of a bridging build, between two tables. `sides`: as installPrograms. */
export interface OnLinks {
  readonly file: string;
  readonly route: Route | undefined;
  readonly sides?: Sides;
}

/** Puts programs onto the links for a while. Returns what `work` does, which gets their object. */
export function onLinks<T>({ folder, tables, interfaces }: Moving, { file, route, sides }: OnLinks, work: (object: ObjectFile) => T): T {
  const preparation = route && { name: `phase ${route.phase}`, prepare: (object: ObjectFile) => route.configure(object, TRIAL_BUCKETS) };
  const extra = route && {
    pins: route.pins,
    buckets: route.buckets,
    configure: (each: ObjectFile) => route.configure(each, route.oldBuckets),
  };
  const { value, refused } = loadForLinks(file, tables, kindsLoaded(folder), preparation, extra);
  return using(value.object, (object) => {
    // The plain program is another one: the command tries it when the connections have moved.
    if (refused !== undefined) forgetXdpRefusal(folder);
    installPrograms(value, folder, interfaces, sides);
    return work(object);
  });
}

/** `file`: its bridging build. */
export function mainTable(moving: Moving, file: string = artifact('weir-bridge.bpf.o')): MovableTable {
  const { folder, tables, interfaces } = moving;
  return {
    pins: movePins(TABLE_PIN),
    bucketBytes: ConnBucket.bytes,
    bridged: (route, work) => onLinks(moving, { file, route, sides: { links: route } }, work),
    settle: () => {
      tables.conf.set(0, Conf.connBuckets, bucketsAt(`${folder}/${TABLE_PIN}`));
      exchangePrograms(folder, tables, interfaces);
    },
  };
}
