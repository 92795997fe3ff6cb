// What the command line of the daemon decides: every option of keepalived(8), as values.
import type { LogOptions } from '../log/log-options.js';
import type { ProcessKind } from '../processes.js';

/** Names the weir.yaml of `weir run`, also for its copy in the background. */
export const WEIR_FILE_VARIABLE = 'WEIR_FILE';

export interface DaemonOptions {
  /** `-f` */
  readonly path: string;
  /** Which processes may run: `-P` `-C` `-B`. */
  readonly parts: Readonly<Record<ProcessKind, boolean>>;
  /** `--all`: those run without configuration, too. */
  readonly all: boolean;
  readonly log: LogOptions;
  /** `-n` */
  readonly foreground: boolean;
  /** `-d` */
  readonly dump: boolean;
  /** `-V` */
  readonly keepAddresses: boolean;
  /** `-I` */
  readonly keepServers: boolean;
  /** Not `-R`. */
  readonly respawn: boolean;
  /** `-p` `-r` `-c` `-b` */
  readonly pidFiles: Readonly<Partial<Record<'parent' | ProcessKind, string>>>;
  /** `-s`, above net_namespace of the file */
  readonly netNamespace?: string;
  /** `-i` */
  readonly configId?: string;
  /** `-e` */
  readonly allConfig: boolean;
  /** `-u` */
  readonly umask?: number;
  /** The weir.yaml of `weir run`. */
  readonly weirFile?: string;
  /** Options that are understood and change nothing here, as written: logged once. */
  readonly notActedOn: readonly string[];
  /** The words behind the program's name, for the log and for its processes. */
  readonly argv: readonly string[];
}
