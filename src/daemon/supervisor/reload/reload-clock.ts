// reload_time_file: watches the file and asks for a reload when its time has come.
import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Log } from '../../../model/log-level.js';
import { isSystemError } from '../../../sys/errno.js';
import { FolderWatch } from '../../../sys/files/folder-watch.js';
import { startOfFile } from '../../../sys/files/start-of-file.js';
import { readReloadTime, reloadTimeText } from './reload-time.js';

type Settings = GlobalSettings['reloadTime'];

/** The wall clock may be set meanwhile: it is looked at at least this often, ms. */
const LOOK_MS = 1000;
/** bytes; the first line is all that counts */
const FILE_MAX_BYTES = 64;

export class ReloadClock {
  #settings: Settings;
  #watch: FolderWatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #at: { readonly ms: number; readonly dated: boolean } | undefined;

  constructor(
    readonly log: Log,
    readonly due: () => void,
  ) {}

  /** What the configuration has now; the file is read again. */
  configure(settings: Settings): void {
    if (settings?.path !== this.#settings?.path) {
      this.close();
      this.#settings = settings;
      if (settings !== undefined) this.#watchFolder(settings.path);
    }
    this.#settings = settings;
    if (this.#watch !== undefined) this.#read();
  }

  #watchFolder(path: string): void {
    const watch = new FolderWatch((folder, name) => {
      if (this.#watch !== watch) return;
      // Without a name: the folder is another now, or gone, or there were more events than the kernel keeps.
      if (name === basename(path) || (name === undefined && watch.add(folder))) this.#read();
      else if (name === undefined) this.#lost();
    });
    if (watch.add(dirname(path))) {
      this.#watch = watch;
      return;
    }
    watch.close();
    this.log('warning', `Unable to monitor reload timer file directory ${dirname(path)} - ignoring`);
  }

  /** The folder is gone: there will be no events of the file any more. */
  #lost(): void {
    this.close();
    this.#settings = undefined;
    this.log('warning', 'Directory of reload timer file has disappeared. Monitoring stopped.');
  }

  /** What stands in the file; undefined: there is none to read. */
  #text(path: string): string | undefined {
    try {
      const start = startOfFile(path, FILE_MAX_BYTES);
      return start === undefined ? undefined : Buffer.from(start).toString('latin1');
    } catch (error) {
      if (isSystemError(error)) return undefined;
      throw error;
    }
  }

  #read(): void {
    const path = this.#settings?.path;
    const found = readReloadTime((path === undefined ? undefined : this.#text(path)) ?? '', new Date());
    if (found.kind === 'wrong') this.log('warning', found.why);
    this.#setTimer(found.kind === 'at' ? found : undefined);
  }

  #setTimer(next: { readonly ms: number; readonly dated: boolean } | undefined): void {
    const before = this.#at;
    this.#at = next;
    clearTimeout(this.#timer);
    if (next !== undefined) this.#wait(next.ms);
    if (before?.ms === next?.ms) return;
    if (next === undefined) this.log('info', `Cancelling reload scheduled for ${reloadTimeText(before?.ms ?? 0)}`);
    else if (before === undefined) this.log('info', `Scheduling reload for ${reloadTimeText(next.ms)}`);
    else this.log('info', `Reload time updated from ${reloadTimeText(before.ms)} to ${reloadTimeText(next.ms)}`);
  }

  #wait(ms: number): void {
    const left = ms - Date.now();
    if (left <= 0) this.#fire();
    else this.#timer = setTimeout(() => this.#wait(ms), Math.min(left, LOOK_MS));
  }

  /** The file goes first: what is read again after the reload is the next one's time. */
  #fire(): void {
    const { path = '', repeat = false } = this.#settings ?? {};
    const once = !repeat || this.#at?.dated === true;
    this.#at = undefined;
    if (once) {
      try {
        rmSync(path, { force: true });
      } catch (error) {
        this.log('warning', `cannot remove ${path}: ${(error as Error).message}`);
      }
    }
    this.due();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watch?.close();
    this.#watch = undefined;
    this.#at = undefined;
  }
}
