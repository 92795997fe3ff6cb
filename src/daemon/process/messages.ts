// The messages between the supervisor and its processes: structured clones over node's channel.

import type { PublishedBfd } from '../../host/published-bfd.js';
import type { PublishedVrrp } from '../../host/published-vrrp.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { LogOptions } from '../log/log-options.js';
import type { MailEvent } from '../mail/compose.js';

/** What signals ask for: keepalived.data, .stats, .stats and zero, .json. */
export type DumpKind = 'data' | 'stats' | 'clear' | 'json';

/** A BFD session went up or down, or is what it was. */
export interface BfdEvent {
  readonly name: string;
  readonly up: boolean;
  /** Monotonic microseconds. */
  readonly sentAtUs: number;
  /** Who gets it. */
  readonly events: { readonly vrrp: boolean; readonly checker: boolean };
}

/** Whose state it is. */
export interface ReportingProcess {
  /** Of the process's network namespace. */
  readonly cookie: string;
  readonly pid: number;
  /** As startTime has it. */
  readonly started: string;
}

/** The states of VRRP's instances, for programs that must not ask for them. */
export interface VrrpStates extends ReportingProcess, Pick<PublishedVrrp, 'instances' | 'scripts' | 'lateness' | 'director'> {}

/** The same of BFD's sessions. */
export interface BfdStates extends ReportingProcess, Pick<PublishedBfd, 'sessions' | 'refused'> {}

/** What a child needs beside the configuration; the same for its whole life. */
export interface ChildOptions {
  readonly log: LogOptions;
  /** Behind the process's own name in syslog: `_INSTANCE`. */
  readonly identSuffix: string;
  /** Absent: it has none. */
  readonly pidFile?: string;
  readonly umask: number;
  readonly keepAddresses: boolean;
  readonly keepServers: boolean;
  /** `-d`: the configuration goes to the log. */
  readonly dump: boolean;
  readonly netNamespace?: string;
  /** It is another one than the supervisor's. */
  readonly ownNamespace: boolean;
  /** The program and its words, for the process list. */
  readonly words: readonly string[];
  /** How often it sends that it is alive, ms. */
  readonly livenessIntervalMs: number;
  /** It follows one that died. */
  readonly respawned: boolean;
}

export type ToChild =
  | { readonly kind: 'start'; readonly configuration: KeepalivedConfiguration; readonly options: ChildOptions }
  | { readonly kind: 'reload'; readonly configuration: KeepalivedConfiguration }
  | { readonly kind: 'dump'; readonly what: DumpKind }
  | ({ readonly kind: 'bfd' } & BfdEvent)
  | { readonly kind: 'stop' };

export type FromChild =
  /** Started, or reloaded: what was asked for is in effect. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'reloaded' }
  /** Its loop turns. */
  | { readonly kind: 'alive' }
  /** A mail is due. */
  | ({ readonly kind: 'mail' } & MailEvent)
  | ({ readonly kind: 'bfd' } & BfdEvent)
  | ({ readonly kind: 'vrrpStates' } & VrrpStates)
  | ({ readonly kind: 'bfdStates' } & BfdStates)
  /** HUP was sent to the child itself. */
  | { readonly kind: 'reloadWanted' };

/** Whether it is a message at all: a process of another build may send what this one does not know. */
export const isMessage = (value: unknown): value is { readonly kind: string } =>
  typeof value === 'object' && value !== null && typeof (value as { readonly kind?: unknown }).kind === 'string';

/** Exit statuses of children. After 1, 2 and 4 a restart would end the same way. */
export const EXIT = { ok: 0, fatal: 1, config: 2, permission: 4, noConfig: 6, software: 70 } as const;
