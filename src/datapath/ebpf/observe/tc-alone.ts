// What goes by tc alone, though XDP is wanted for it, and why.
import type { TcAlone } from '../../../model/tc-alone.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import { interfacesAlone } from '../load/refused-xdp.js';
import { programsRefused } from '../load/side-builds.js';

/** `folder`: of a loaded datapath. */
export const tcAlone = (folder: string, links: readonly Link[]): readonly TcAlone[] => [
  ...programsRefused(folder),
  ...interfacesAlone(folder, links),
];
