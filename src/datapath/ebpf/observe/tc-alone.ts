// What goes by tc alone, though XDP is wanted for it, and why.
import type { TcAlone } from '../../../model/tc-alone.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import { attachModeOf, withoutXdp } from '../load/hook-choice.js';
import { interfacesAlone } from '../load/refused-xdp.js';
import { programsRefused } from '../load/side-builds.js';
import type { Tables } from '../table/tables.js';

/** `tables`: of a loaded datapath. */
export const tcAlone = (tables: Tables, links: readonly Link[]): readonly TcAlone[] => [
  ...programsRefused(tables.folder),
  ...interfacesAlone(tables.folder, links),
  ...withoutXdp(links, attachModeOf(tables)),
];
