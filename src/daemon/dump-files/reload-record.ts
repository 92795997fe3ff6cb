// config_save_dir: what a process made of its configuration, written before and after each reload (keepalived_vrrp.PID.1.pre, .post).
import { join } from 'node:path';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { writeDump } from './write-dump.js';

export class ReloadRecord {
  #reloads = 0;

  constructor(
    readonly process: 'vrrp' | 'check' | 'bfd',
    /** All that a dump would hold now. */
    readonly text: () => string,
    readonly log: Log,
  ) {}

  /** `before` and `next`: the settings of before the reload and those that it brings. */
  async around(before: GlobalSettings, next: GlobalSettings, reload: () => void | Promise<void>): Promise<void> {
    this.#reloads += 1;
    this.#write(before.saveDirectory, 'pre');
    await reload();
    this.#write(next.saveDirectory, 'post');
  }

  #write(folder: string | undefined, when: 'pre' | 'post'): void {
    if (folder === undefined) return;
    writeDump(join(folder, `keepalived_${this.process}.${process.pid}.${this.#reloads}.${when}`), this.text(), this.log);
  }
}
