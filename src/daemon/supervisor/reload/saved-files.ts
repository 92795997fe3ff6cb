// config_save_dir: a copy of the configuration as it was read, each time it is (keepalived.conf.PID.0, .1 …).
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Log } from '../../../model/log-level.js';
import { unlessCode } from '../../../sys/errno.js';
import { writeDump } from '../../dump-files/write-dump.js';

/** A file that the configuration is made of. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** For its owner, whatever the umask is. @throws the system's error: EEXIST, too */
function makeFolder(path: string): void {
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700);
}

export class SavedFiles {
  #count = 0;

  constructor(readonly log: Log) {}

  /** The files in the order they were read, each below a comment with its path. The folder is made where only it is missing. */
  save({ saveDirectory: folder }: GlobalSettings, files: readonly SourceFile[]): void {
    if (folder === undefined) return;
    try {
      unlessCode(() => makeFolder(folder), ['EEXIST'], undefined);
    } catch (error) {
      this.log('warning', `Unable to create config_save_dir ${folder}: ${(error as Error).message}`);
      return;
    }
    const text = files.map((file) => `# ${file.path}\n${file.text}${file.text.endsWith('\n') ? '' : '\n'}`).join('');
    writeDump(join(folder, `keepalived.conf.${process.pid}.${this.#count}`), text, this.log);
    this.#count += 1;
  }
}
