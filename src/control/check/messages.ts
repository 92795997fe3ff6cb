// What goes into the machine of health checks and what comes out. Time is monotonic microseconds, an argument of every step.
import type { Address } from '../../model/address.js';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Script } from '../../model/keepalived/script.js';
import type { CheckKind, CheckTarget, CheckTiming, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Chance } from '../chance.js';
import type { LogEffect } from '../machine.js';
import type { Remembered } from './remembered-check.js';

/** How one attempt of a check ended. */
export type Outcome =
  /** `text`: what succeeded, where a kind has several ways. `status`: of a script, 0 to 255. `warning`: what will make it fail some day. */
  | { readonly kind: 'success'; readonly text?: string; readonly status?: number; readonly warning?: string }
  /**
   * `text`: what failed, as the kind's lines have it. `reason`: why, where that text does not state it. `cause`: a line
   * about this host, logged in front. `seen`: what came instead, for status and mails; keepalived's lines do not have it.
   */
  | {
      readonly kind: 'failure';
      readonly text: string;
      readonly status?: number;
      readonly reason?: string;
      readonly cause?: string;
      readonly seen?: string;
    }
  /** The attempt could not be made (no socket, no process): neither success nor failure, and tried again later. */
  | { readonly kind: 'not-made'; readonly text: string; readonly cause?: string };

/** Where an attempt goes and how, all defaults applied. */
export interface Attempt {
  /** Unique for the life of the machine. */
  readonly number: number;
  /** The index of the checker that it was begun for, until the next reload. */
  readonly checker: number;
  readonly check: CheckKind;
  readonly target: CheckTarget & { readonly address: Address; readonly port: number };
  readonly connectTimeoutUs: CheckTiming['connectTimeoutUs'];
  /** delay_loop: how long a script may take that has no misc_timeout. */
  readonly intervalUs: number;
  /** Which of an HTTP check's URLs. */
  readonly url: number;
  /** Of the real server, else of the virtual server, for an HTTP check that names none. */
  readonly serverHost?: string | undefined;
  readonly virtualHost?: string | undefined;
  /** This host's, for SMTP_CHECK. */
  readonly hostName: string;
}

/** `attempt` and `checker`: of the Attempt that has ended. */
export interface Answered {
  readonly attempt: number;
  readonly checker: number;
  readonly outcome: Outcome;
}

export type CheckSettings = Pick<
  GlobalSettings,
  'checkerLogAllFailures' | 'sharedChecks' | 'noCheckerEmails' | 'rsInitNotifies' | 'lvsFlushOnStop'
> & {
  /** No line is logged of a quorum: who is up has lines of its own. */
  readonly noQuorumLines?: true;
};

export type ApplyResult =
  /** All was done but what these texts are about. */
  | { readonly kind: 'done'; readonly refused: readonly string[] }
  /** Another process is changing the table: nothing was done. */
  | { readonly kind: 'busy'; readonly who: string };

export type CheckInput =
  /** The first input, with `chance`; later: a reload. `remembered`: what an earlier process knew, at the start only. */
  | {
      readonly kind: 'configure';
      readonly servers: readonly VirtualServer[];
      readonly settings: CheckSettings;
      readonly chance?: Chance;
      readonly hostName?: string;
      readonly remembered?: Remembered;
      /** As of `maintenance`; absent: as before. */
      readonly maintained?: ReadonlySet<string>;
    }
  /** What attempts answered since the last time. Those of attempts that were abandoned are ignored. */
  | { readonly kind: 'outcomes'; readonly outcomes: readonly Answered[] }
  /** A tracked file's value; undefined: it is missing or holds no number. */
  | { readonly kind: 'file'; readonly name: string; readonly value: number | undefined }
  | { readonly kind: 'bfd'; readonly name: string; readonly up: boolean }
  /** How many interfaces have each address, by `addressId`: all of them, whenever that changes (ha_suspend). */
  | { readonly kind: 'addresses'; readonly counts: ReadonlyMap<string, number> }
  /** The real servers that are in maintenance, by realOfServerIdentity: all of them, whenever that changes. */
  | { readonly kind: 'maintenance'; readonly reals: ReadonlySet<string> }
  /** What came of the last `apply`. */
  | { readonly kind: 'applied'; readonly result: ApplyResult }
  | { readonly kind: 'wake' }
  /** `keepServers`: -I, what is in the table stays. */
  | { readonly kind: 'stop'; readonly keepServers: boolean };

export type CheckEffect =
  /** `lateUs`: it was due so long ago. */
  | { readonly kind: 'attempt'; readonly attempt: Attempt; readonly lateUs: number }
  | { readonly kind: 'abandon'; readonly attempt: number }
  /** The virtual server's services should have these destinations from now on: real servers with their present weights. */
  | { readonly kind: 'serve'; readonly server: VirtualServer; readonly pool: readonly RealServer[] }
  /** A reload took it out of the file, or the daemon stops. */
  | { readonly kind: 'remove'; readonly server: VirtualServer }
  /** To make the table what all `serve` and `remove` asked for so far; answered by `applied`. */
  | { readonly kind: 'apply' }
  /** A line for the FIFOs and a script. `wait`: the daemon stops, and waits a second for it. */
  | { readonly kind: 'notify'; readonly line: string; readonly script?: Script; readonly wait: boolean }
  /** `subject` stands behind the router's name in brackets; `detail`: weir's own, behind keepalived's text. */
  | { readonly kind: 'mail'; readonly subject: string; readonly text: string; readonly detail?: string }
  /** Health changed: worth keeping for the next process. */
  | { readonly kind: 'remember' }
  /** Only what people are shown of it changed. */
  | { readonly kind: 'publish' }
  | LogEffect;
