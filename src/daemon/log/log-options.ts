// Where a process of the daemon logs: the command line's options.

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
