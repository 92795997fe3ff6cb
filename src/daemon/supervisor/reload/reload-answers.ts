// What came of each reload, for the command that asked for it (weir reload, a unit's ExecReload): a signal has no answer. In
// /run/weir/reload/NAMESPACE.PID.json, from the daemon's start to its end. NAMESPACE: the inode of the PID namespace, since containers may share /run.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import type { Log } from '../../../model/log-level.js';
import { unlessCode } from '../../../sys/errno.js';
import { readTextFile, removeFile, replaceTextFile } from '../../../sys/files/durable-file.js';
import { optionalWork } from '../../process/optional-work.js';

const FOLDER = '/run/weir/reload';

export interface ReloadAnswer {
  /** What was read is in effect, or it is what was in effect already. */
  readonly taken: boolean;
  /** Why not; of a reload that was taken: `Reload complete` or the like. */
  readonly text: string;
}

/** Readings are counted from 1. The files are read one time after the other, so one number names the last that began and one the last that ended. */
export interface ReloadState extends ReloadAnswer {
  readonly begun: number;
  readonly ended: number;
}

const namespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
/** `pid`: of this PID namespace. */
export const reloadStatePath = (pid: number, folder = FOLDER): string => `${folder}/${namespace()}.${pid}.json`;

/** Undefined for a daemon that does not answer: of another build, or without a /run that it can write to. */
export function readReloadState(pid: number, folder = FOLDER): ReloadState | undefined {
  const text = readTextFile(reloadStatePath(pid, folder));
  if (text === undefined) return undefined;
  try {
    const { begun, ended, taken, text: why } = JSON.parse(text) as Partial<ReloadState>;
    if (typeof begun !== 'number' || typeof ended !== 'number' || typeof taken !== 'boolean' || typeof why !== 'string') return undefined;
    return { begun, ended, taken, text: why };
  } catch {
    return undefined;
  }
}

export class ReloadAnswers {
  #state: ReloadState = { begun: 0, ended: 0, taken: true, text: '' };
  readonly #attempt = optionalWork((reason) => this.log('warning', `cannot write what comes of reloads: ${reason}`));

  constructor(
    readonly log: Log,
    readonly folder = FOLDER,
  ) {}

  /** The daemon starts: what killed ones left goes. Of another PID namespace it cannot be known which live. */
  open(): void {
    this.#attempt(() => {
      this.#write();
      const own = namespace();
      for (const name of readdirSync(this.folder)) {
        const [, of, pid] = /^(\d+)\.(\d+)\.json$/.exec(name) ?? [];
        if (of === own && !existsSync(`/proc/${pid}`)) removeFile(`${this.folder}/${name}`);
      }
    });
  }

  begin(): void {
    this.#state = { ...this.#state, begun: this.#state.begun + 1 };
    this.#attempt(() => this.#write());
  }

  end(answer: ReloadAnswer): void {
    this.#state = { ...answer, begun: this.#state.begun, ended: this.#state.begun };
    this.#attempt(() => this.#write());
  }

  close(): void {
    this.#attempt(() => unlessCode(() => removeFile(reloadStatePath(process.pid, this.folder)), ['ENOENT'], false));
  }

  #write(): void {
    replaceTextFile(reloadStatePath(process.pid, this.folder), `${JSON.stringify(this.#state)}\n`);
  }
}
