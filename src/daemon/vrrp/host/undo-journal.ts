// What VRRP changed on this host that no configuration shows afterwards: sysctls and how they were, interfaces and nft tables that it made. Remembered
// in /run/weir/vrrp/COOKIE.json, one a network namespace, so that after a kill -9 the next start takes over what is needed and undoes the rest.
import { netnsStatePath } from '../../../host/state-file.js';
import type { Log } from '../../../model/log-level.js';
import { isSystemError } from '../../../sys/errno.js';
import { readTextFile, removeFile, replaceTextFile } from '../../../sys/files/durable-file.js';
import { readSetting, writeSetting } from '../../../sys/files/sysctl.js';
import { startTime } from '../../../sys/processes/child.js';

/** The file. A process that is alive owns it; its pid and start together name it for ever. */
interface Memory {
  readonly pid: number;
  readonly started: string;
  /** Sysctls by path, as they were before us. */
  readonly settings: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  readonly tables: readonly string[];
}

export type Made = 'links' | 'tables';

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((one) => typeof one === 'string');

/** Undefined for a text that we did not write. */
export function parseMemory(text: string): Memory | undefined {
  try {
    const value = JSON.parse(text) as Partial<Memory> | null;
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, settings, links, tables } = value;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof settings !== 'object' || settings === null) return undefined;
    if (!isTexts(links) || !isTexts(tables) || !isTexts(Object.values(settings))) return undefined;
    return { pid, started, settings, links, tables };
  } catch {
    return undefined;
  }
}

export class UndoJournal {
  readonly #path = netnsStatePath('vrrp');
  readonly #settings = new Map<string, string>();
  readonly #made: Readonly<Record<Made, Set<string>>> = { links: new Set(), tables: new Set() };
  /** What a run before us made and did not take away. */
  readonly left: Readonly<Record<Made, readonly string[]>>;
  /** False: another process of this namespace remembers there. */
  readonly #ours: boolean;
  #failed = false;

  constructor(readonly log: Log) {
    const before = this.#read();
    const alive = before !== undefined && before.pid !== process.pid && startTime(before.pid) === before.started;
    const left = alive ? undefined : before;
    this.#ours = !alive;
    for (const [path, value] of Object.entries(left?.settings ?? {})) this.#settings.set(path, value);
    for (const kind of ['links', 'tables'] as const) for (const name of left?.[kind] ?? []) this.#made[kind].add(name);
    this.left = { links: left?.links ?? [], tables: left?.tables ?? [] };
    if (left !== undefined) log('info', `Remembering what a run that was killed left on this host (${this.#path})`);
  }

  #read(): Memory | undefined {
    try {
      const text = readTextFile(this.#path);
      return text === undefined ? undefined : parseMemory(text);
    } catch (error) {
      this.#refused(error);
      return undefined;
    }
  }

  #refused(error: unknown): void {
    if (!isSystemError(error)) throw error;
    if (!this.#failed) this.log('warning', `cannot remember changes of this host: ${error.message}`);
    this.#failed = true;
  }

  #save(): void {
    if (!this.#ours) return;
    const { links, tables } = this.#made;
    try {
      if (this.#settings.size + links.size + tables.size === 0) {
        removeFile(this.#path);
        return;
      }
      const memory: Memory = {
        pid: process.pid,
        started: startTime(process.pid) ?? '',
        settings: Object.fromEntries(this.#settings),
        links: [...links],
        tables: [...tables],
      };
      replaceTextFile(this.#path, `${JSON.stringify(memory)}\n`, 0o600);
    } catch (error) {
      this.#refused(error);
    }
  }

  /** Sets these sysctls; those that are not there, or so already, are left out. How each was before the first change is kept. @throws SystemError */
  change(wanted: readonly (readonly [path: string, value: string])[]): void {
    const changes = wanted.flatMap(([path, value]) => {
      const before = readSetting(path);
      return before === undefined || before === value ? [] : [{ path, before, value }];
    });
    const fresh = changes.filter(({ path }) => !this.#settings.has(path));
    for (const { path, before } of fresh) this.#settings.set(path, before);
    if (fresh.length > 0) this.#save();
    for (const { path, before, value } of changes) {
      this.log('info', `NOTICE: setting sysctl ${path.replaceAll('/', '.')} from ${before} to ${value}`);
      writeSetting(path, value);
    }
  }

  /** As it was; what is not there any more is left out. `which`: all of them by default. */
  restore(which: (path: string) => boolean = () => true): void {
    const paths = [...this.#settings].filter(([path]) => which(path));
    for (const [path, value] of paths) {
      try {
        const now = readSetting(path);
        if (now !== undefined && now !== value) {
          this.log('info', `NOTICE: resetting sysctl ${path.replaceAll('/', '.')} to ${value}`);
          writeSetting(path, value);
        }
      } catch (error) {
        if (!isSystemError(error)) throw error;
        this.log('warning', `sysctl ${path.replaceAll('/', '.')}: ${error.message}`);
      }
      this.#settings.delete(path);
    }
    if (paths.length > 0) this.#save();
  }

  /** Before it is made. */
  making(kind: Made, name: string): void {
    if (this.#made[kind].has(name)) return;
    this.#made[kind].add(name);
    this.#save();
  }

  /** After it was taken away. */
  gone(kind: Made, name: string): void {
    if (this.#made[kind].delete(name)) this.#save();
  }
}
