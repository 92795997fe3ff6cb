// What the command line of the daemon decides: every option of keepalived(8), as values.

/** Syslog's facility numbers by keepalived's names for them. */
export const LOG_FACILITIES: Readonly<Record<string, number>> = {
  user: 1,
  daemon: 3,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`local${n}`, 16 + n])),
};

export interface LogOptions {
  /** `-D` */
  readonly detail: boolean;
  /** `-l` */
  readonly console: boolean;
  /** Not `-G`. */
  readonly syslog: boolean;
  /** `-S`, syslog's number */
  readonly facility: number;
  /** `-g` */
  readonly file?: string;
}

export interface DaemonOptions {
  /** `-f` */
  readonly path: string;
  /** Which processes may run: `-P` `-C` `-B`. */
  readonly parts: { readonly vrrp: boolean; readonly checker: boolean; readonly bfd: boolean };
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
  readonly pidFiles: { readonly parent?: string; readonly vrrp?: string; readonly checker?: string; readonly bfd?: string };
  /** `-s`, above net_namespace of the file */
  readonly netNamespace?: string;
  /** `-i` */
  readonly configId?: string;
  /** `-e` */
  readonly allConfig: boolean;
  /** `-u` */
  readonly umask?: number;
  /** Options that are understood and change nothing here, as written: said once. */
  readonly notActedOn: readonly string[];
  /** The words behind the program's name, for the log and for its processes. */
  readonly argv: readonly string[];
}
