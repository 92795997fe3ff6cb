// Opens the director for one run of ipvsadm, and says why when it cannot be had.
import type { Director } from '../../datapath/director.js';
import type { Io } from '../io.js';
import { cannotStartStatus, reportNoStart } from './failure.js';
import type { World } from './world.js';

/** `shared`: only reads. Resolves to the status of `work`; closes the director whatever happens. */
export async function withDirector(world: World, shared: boolean, io: Io, work: (director: Director) => Promise<number>): Promise<number> {
  let director: Director;
  try {
    const open = await world.driver();
    director = open({ load: true, shared });
  } catch (error) {
    reportNoStart(error, world.isRoot, io);
    return cannotStartStatus;
  }
  try {
    return await work(director);
  } finally {
    director.close();
  }
}
