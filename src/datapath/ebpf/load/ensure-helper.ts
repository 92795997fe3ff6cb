// What services need where other ports than before get the helper for FTP.

import { masquerades } from '../../../model/masquerades.js';
import { checkReported, isHelpedBy } from '../table/ftp.js';
import { serviceEntries } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import type { OnNotice } from './refused-xdp.js';
import { ensureSideBuilds } from './side-builds.js';

/** Loads its program for the masqueraded destinations of these ports. @throws WeirError client-address-ftp */
export function ensureHelper(tables: Tables, ports: readonly number[], onNotice: OnNotice): void {
  for (const { spec, destinations } of serviceEntries(tables)) {
    const { key } = spec;
    for (const each of destinations) checkReported(isHelpedBy(ports, key), each.spec);
    if (destinations.some(({ spec: each }) => masquerades(each)) && isHelpedBy(ports, key))
      ensureSideBuilds(tables, { key, helped: true }, onNotice);
  }
}
