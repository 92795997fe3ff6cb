// A command that keepalived runs: its words, and as whom.

/** `user` [`group`] of a script line; absent parts mean script_user. */
export interface RunAs {
  readonly user: string;
  readonly group?: string;
}

/** A script: the argument vector as keepalived's splitter makes it, and the whole text for those that need a shell. */
export interface Script {
  readonly argv: readonly string[];
  /** The text as written, less quoting of the whole: what `sh -c` gets when argv[0] is no usable executable. */
  readonly text: string;
  readonly runAs?: RunAs;
}

/** A FIFO that events are written to, and the program that reads it. */
export interface Fifo {
  readonly path: string;
  readonly owner?: RunAs;
  readonly script?: Script;
}
