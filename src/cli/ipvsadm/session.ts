// The director as one ipvsadm process uses it: opened when it is first needed, let go of while nothing is to be done.
import type { Director } from '../../datapath/director.js';
import type { DirectorOpener } from '../director.js';
import type { Io } from '../io.js';
import { cannotStartStatus, reportNoStart } from './failure.js';
import type { World } from './world.js';

/** Opens late and only once, until `release`. */
export class Session {
  readonly #open: DirectorOpener;
  readonly #shared: boolean;
  #director: Director | undefined;

  /** `shared`: only reads, so others may read at the same time. */
  constructor(open: DirectorOpener, shared: boolean) {
    this.#open = open;
    this.#shared = shared;
  }

  /** @throws whatever the driver throws when it cannot be had */
  get director(): Director {
    this.#director ??= this.#open({ load: true, shared: this.#shared });
    return this.#director;
  }

  /** Lets others at the table, until `director` is asked for again. */
  release(): void {
    this.#director?.close();
    this.#director = undefined;
  }
}

/** Gives `work` a session whose director can be had; when it cannot, that is said, as the original says it. */
export async function withSession(world: World, shared: boolean, io: Io, work: (session: Session) => Promise<number>): Promise<number> {
  let session: Session;
  try {
    session = new Session(await world.driver(), shared);
    void session.director;
  } catch (error) {
    reportNoStart(error, world.isRoot, io);
    return cannotStartStatus;
  }
  try {
    return await work(session);
  } finally {
    session.release();
  }
}
