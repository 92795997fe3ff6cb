// What a process of the daemon does once it has its configuration: each process's folder has a part.ts that exports one StartPart.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import type { BfdEvent, ChildOptions, DumpKind, FromChild } from './messages.js';

export interface Part {
  reload(configuration: KeepalivedConfiguration): void | Promise<void>;
  dump(what: DumpKind): void;
  /** A BFD session went up or down; absent: this part does not use BFD. */
  bfd?(event: BfdEvent): void;
  stop(): Promise<void>;
}

/** `send`: a message to the supervisor. */
export type StartPart = (
  configuration: KeepalivedConfiguration,
  options: ChildOptions,
  log: Log,
  send: (message: FromChild) => void,
) => Part | Promise<Part>;
