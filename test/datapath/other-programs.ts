// Programs of another build, as pins and arrays of programs show them: what the tests of side builds share.
import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { BUILD_PIN, forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { exchangeBuild } from '../../src/datapath/ebpf/open.js';
import { SCTP_ENTRY_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap, ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { unlessCode } from '../../src/sys/errno.js';
import { type Other, withReplaced } from '../support/replaced.js';
import type { Bed } from './bed.js';

export const builds = (bed: Bed): readonly string[] => readdirSync(bed.folder).filter((name) => name.startsWith(BUILD_PIN));

/** The programs that run are another build's, by the pin that names it. */
export function ofAnother(bed: Bed): void {
  for (const name of builds(bed)) renameSync(`${bed.folder}/${name}`, `${bed.folder}/${BUILD_PIN}${'0'.repeat(32)}`);
}

/** The programs are another build's, which go by the array of SCTP for one place alone. */
export function withFewerPlaces(bed: Bed): void {
  const smaller: Other<ObjectFile, 'load'> = (object, _args, was) => {
    unlessCode(() => object.mapEntries(SCTP_ENTRY_PIN, 1), ['ENOENT'], undefined);
    return was();
  };
  const within: Other<BpfMap, 'update'> = (map, [[place = 0]], was) => {
    if (map.info().name !== SCTP_ENTRY_PIN || place < 1) was();
  };
  forgetBuild(bed.folder);
  assert.ok(
    withReplaced(ObjectFile.prototype, 'load', smaller, () => withReplaced(BpfMap.prototype, 'update', within, () => exchangeBuild())),
  );
  ofAnother(bed);
  bed.renew();
}
