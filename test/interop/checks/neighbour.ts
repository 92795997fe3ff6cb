// The other end of a BFD session: a host of its own beside the daemon's, on which Debian's keepalived speaks BFD and nothing else.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pidIn, signal } from '../../support/pids.js';
import { RunningDaemon } from '../../support/running-daemon.js';
import { program } from '../harness.js';
import { BFD_ADDRESSES, type World } from './world.js';

const TIMES = 'min_rx 100\n  min_tx 100\n  multiplier 5';

export const bfdInstance = (name: string, neighbour: string, source: string): string =>
  `bfd_instance ${name} {\n  neighbor_ip ${neighbour}\n  source_ip ${source}\n  ${TIMES}\n}`;

/** `silent`: its process is stopped, so that the session ends by its time. `ends`: without a last packet (keepalived 2.2.7). */
export type NeighbourDoes = 'begins' | 'silent' | 'goes on' | 'ends';

export class Neighbour {
  #daemon: RunningDaemon | undefined;

  constructor(
    readonly world: World,
    readonly folder: string,
  ) {}

  #file(kind: string): string {
    return join(this.folder, `neighbour.${kind}`);
  }

  async does(what: NeighbourDoes): Promise<void> {
    const { namespace } = this.world.neighbour;
    if (what === 'begins') this.#begin(namespace);
    else if (what === 'ends') await this.stop();
    else signal(pidIn(this.#file('b.pid')), what === 'silent' ? 'SIGSTOP' : 'SIGCONT', this.folder);
  }

  #begin(namespace: string): void {
    const { own, neighbour } = BFD_ADDRESSES;
    writeFileSync(this.#file('conf'), `${bfdInstance('BACK', own, neighbour)}\n`);
    const files = ['p', 'c', 'r', 'b'].flatMap((letter) => [`-${letter}`, this.#file(`${letter}.pid`)]);
    const argv = ['ip', 'netns', 'exec', namespace, program('debian'), '-n', '-l', '-D', '-f', this.#file('conf')];
    this.#daemon = new RunningDaemon([...argv, ...files], { TMPDIR: this.folder });
  }

  async stop(): Promise<void> {
    // One that is stopped would not end.
    signal(pidIn(this.#file('b.pid')), 'SIGCONT', this.folder);
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }
}
