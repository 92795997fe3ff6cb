// How one kind of check differs from the others: its lines, its mails, and how it counts failures. Lines are keepalived's.
import type { Script } from '../../../model/keepalived/script.js';
import type { Checker, CheckKind, RealServer, VirtualServer } from '../../../model/keepalived/virtual-server.js';
import type { Probe } from '../probe.js';

/** Of whom the lines speak. */
export interface Subject {
  readonly checker: Checker;
  /** `[10.0.0.2]:tcp:80` */
  readonly real: string;
  readonly server: VirtualServer;
  readonly realServer: RealServer;
}

/** The failure that counts: what happened, and after how many retries. `first`: the checker had not run before. */
export interface CountedFailure {
  readonly text: string;
  readonly retries: number;
  readonly first: boolean;
  /** Where `text` does not state it. */
  readonly reason?: string;
}

export interface KindRules {
  /** Logged before `success` while the server is down; `text` of the outcome. */
  reached?(subject: Subject, text: string, url: number): string;
  /** Logged when it comes up; undefined: nothing. */
  success(subject: Subject): string | undefined;
  /** Logged when it goes down. */
  failure(subject: Subject, failure: CountedFailure): string;
  /** Logged when an attempt succeeds with another warning than the one before. */
  warning?(subject: Subject, warning: string): string;
  /** Logged for each failure that does not count yet, if log_all_failures is set. `retry`: 1 for the first. */
  uncounted(subject: Subject, text: string, retry: number): string | undefined;
  /** The line about an attempt that this host refused; absent: its text. */
  notMade?(subject: Subject, text: string): string;
  /** With log_all_failures the failure that counts has this line, too, in front of `failure`; `while-up`: not before the first verdict. */
  readonly countedToo?: 'always' | 'while-up';
  readonly mail: {
    readonly up: (subject: Subject) => string;
    readonly down: (subject: Subject, failure: { readonly text: string }) => string;
  };
  /** A server that is down is asked `retry` more times in each round, too. */
  readonly retriesWhileDown?: boolean;
  /** Each round begins with all retries, so that not even the very first failure counts immediately. */
  readonly freshRounds?: boolean;
  /** The very first failure is logged as later ones are. With alpha, when it changes nothing, it is neither logged nor notified. */
  readonly firstAsLater?: boolean;
  /** A round begins `delay_loop` after the begin of the one before, not after its end. */
  readonly fromStart?: boolean;
}

/** A kind of check: its rules, and the conversation of an attempt. */
export interface Kind extends KindRules {
  readonly probe: Probe;
}

/** `3 retries` */
export const retriesText = (count: number): string => `${count} ${count === 1 ? 'retry' : 'retries'}`;

export const scriptName = ({ argv }: Script): string => argv[0] ?? '';

/** Narrows a kind. @throws Error for another one */
export function only<Kind extends CheckKind['kind']>(check: CheckKind, ...kinds: readonly Kind[]): Extract<CheckKind, { kind: Kind }> {
  if (!(kinds as readonly string[]).includes(check.kind)) throw new Error(`${check.kind} is not ${kinds.join(' or ')}`);
  return check as Extract<CheckKind, { kind: Kind }>;
}
