// The connection table of a build beside those on the links, as one that may get another size: the programs are exchanged in the array that
// packets enter by, and no link changes.
import { existsSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { exchangeSwitch6 } from '../switch/switch-programs.js';
import { IPV6_PINS, movePins, type Tables } from '../table/tables.js';
import { forgetOtherBuild } from './build-pin.js';
import { exchangeFullnat } from './fullnat.js';
import { type Extra, loadOnto } from './programs.js';
import type { OnNotice } from './refused-xdp.js';
import { closeShortCut, hasShortCut, openShortCut } from './short-cut.js';
import { letIn, SIDE_BUILDS, type SideBuild, startTimer, withArrays } from './side-builds.js';
import { trySideBuildOnce } from './side-check.js';
import { entriesOf, pinMade, refill, sharedPins, templatesOf } from './side-maps.js';
import { type MovableTable, type Route, TRIAL_BUCKETS } from './table-move.js';

/** The arrays by which packets go on from it: those that are there, so that the builds behind it stay as they are. */
const arraysBehind = (build: SideBuild, folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SIDE_BUILDS.filter(({ behind, entryPin }) => behind === build && existsSync(`${folder}/${entryPin}`)).map(({ entryPin }) => [
      entryPin,
      entryPin,
    ]),
  );

/** Loads an object of the build, onto maps in the place of its pins, and lets packets in. `route`: its connections move. */
function put(build: SideBuild, object: ObjectFile, tables: Tables, { pins, ...extra }: Extra, route?: Route): void {
  const { folder } = tables;
  const all = { ...build.pins, ...sharedPins(build, folder, route !== undefined), ...arraysBehind(build, folder), ...pins };
  loadOnto(object, folder, tables, { ...extra, ...templatesOf(build, folder), pins: all });
  pinMade(build, object, folder);
  forgetOtherBuild(folder);
  startTimer(object);
  withArrays(build, folder, (arrays) => letIn(build, object, arrays, folder, refill));
  if (build.pins.conns !== IPV6_PINS.conns) return;
  exchangeSwitch6(tables, route);
  // Its timer looks into the table that the connections are in from now on.
  if (route === undefined) exchangeFullnat(tables);
}

/** Of a build that is loaded, by the programs that the pins name. */
export function sideTable(build: SideBuild, tables: Tables, onNotice: OnNotice): MovableTable {
  const { label } = build.check;
  const pins = movePins(build.pins.conns);
  return {
    label,
    pins,
    bucketBytes: build.bucketBytes,
    bridged: (route, work) => {
      const file = artifact(build.bridge);
      const prepare = (object: ObjectFile): void => route.configure(object, TRIAL_BUCKETS);
      trySideBuildOnce(file, tables, build.check, { prepare, name: `phase ${route.phase}` });
      return using(new ObjectFile(file), (object) => {
        const configure = (each: ObjectFile): void => route.configure(each, route.oldBuckets);
        if (hasShortCut(build)) closeShortCut(build, tables.folder);
        put(build, object, tables, { pins: route.pins, buckets: route.buckets, configure }, route);
        return work(object);
      });
    },
    settle: () => {
      const file = artifact(build.file);
      trySideBuildOnce(file, tables, build.check);
      using(new ObjectFile(file), (object) =>
        put(build, object, tables, { pins: {}, buckets: entriesOf(tables.folder, pins.table), configure: () => {} }),
      );
      if (hasShortCut(build)) openShortCut(build, tables, onNotice);
    },
  };
}
