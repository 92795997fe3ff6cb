// Which servers operators have in maintenance, from the record of drains that is pinned beside the tables. A pin gets another inode with each change of the
// record, so that a look costs one stat; no process needs to report anything to this one.
import { statSync } from 'node:fs';
import { Bpffs } from '../../datapath/ebpf/pins/bpffs.js';
import { drainsPin, readDrains } from '../../datapath/ebpf/table/drain-record.js';
import { maintainedBy } from '../../model/drain/drain.js';
import type { DrainTarget } from '../../model/drain/drain-target.js';
import type { Log } from '../../model/log-level.js';
import { unlessCode } from '../../sys/errno.js';
import { repeatedWork } from '../process/optional-work.js';

const LOOK_MS = 500;
const NONE: readonly DrainTarget[] = [];

export type WatchMaintenance = (report: (targets: readonly DrainTarget[]) => void) => { close(): void };

export class MaintenanceWatch {
  #bpffs: Bpffs | undefined;
  /** Of the record that was read last; 0: there is none. */
  #inode = 0;
  #reported = '';
  readonly #timer: NodeJS.Timeout;

  /** Reports what is in maintenance before it returns, if anything is, and whenever that changes. */
  constructor(
    readonly report: (targets: readonly DrainTarget[]) => void,
    log: Log,
  ) {
    // What was reported last goes on to hold.
    const attempt = repeatedWork((reason) =>
      log('warning', `which servers are in maintenance is not known, so their checks go on as they are: ${reason}`),
    );
    const look = (): void => attempt(() => this.#look());
    look();
    this.#timer = setInterval(look, LOOK_MS);
  }

  #look(): void {
    this.#bpffs ??= Bpffs.find();
    const folder = this.#bpffs?.path();
    const inode = folder === undefined ? 0 : unlessCode(() => statSync(drainsPin({ folder })).ino, ['ENOENT'], 0);
    if (inode === this.#inode) return;
    this.#take(folder === undefined || inode === 0 ? NONE : maintainedBy(readDrains({ folder })));
    this.#inode = inode;
  }

  #take(targets: readonly DrainTarget[]): void {
    const text = JSON.stringify(targets);
    if (text === this.#reported || (targets.length === 0 && this.#reported === '')) return;
    this.#reported = text;
    this.report(targets);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
