// Opens the director for one run of ipvsadm, and prints why when it cannot be opened.
import type { Director, TableReader } from '../../datapath/director.js';
import type { DirectorOpener, DirectorOptions } from '../director-opener.js';
import type { Io } from '../io.js';
import { CANNOT_START_STATUS, reportNoStart } from './failure.js';
import type { World } from './world.js';

type Open<T> = (open: DirectorOpener, options: DirectorOptions) => T;

async function withOpened<T extends TableReader>(
  world: World,
  open: Open<T>,
  io: Io,
  work: (opened: T) => Promise<number>,
): Promise<number> {
  let opened: T;
  try {
    opened = open(await world.driver(), { load: true, onWait: (text) => io.err(`weir: ${text}\n`) });
  } catch (error) {
    reportNoStart(error, world.isRoot, io);
    return CANNOT_START_STATUS;
  }
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

/** Resolves to the status of `work`; closes the director whatever happens. */
export function withDirector(world: World, io: Io, work: (director: Director) => Promise<number>): Promise<number> {
  return withOpened(world, (open, options) => open(options), io, work);
}

/** Resolves to the status of `work` on a table that it only reads; closes it whatever happens. `whole`: an unfinished change is not shown. */
export function withReader(world: World, whole: boolean, io: Io, work: (table: TableReader) => Promise<number>): Promise<number> {
  return withOpened(world, (open, options) => open({ ...options, shared: true, whole }), io, work);
}
