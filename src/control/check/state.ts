// What the machine of health checks remembers: plain readonly values. Steps share what they do not change.
import type { Checker, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Chance } from '../chance.js';
import type { LogBudgets } from '../machine.js';
import { type TimedList, timedList } from '../timed-list.js';
import type { Attempt, CheckSettings } from './messages.js';
import type { SlowStart } from './slow-weight.js';

/** One check of one real server. */
export interface CheckerState {
  readonly config: Checker;
  /** Where its attempts go: of its own settings, else of its real server. */
  readonly target: Attempt['target'];
  /** Index of the virtual server, and of the real server in it. */
  readonly server: number;
  readonly real: number;
  /** Its verdict. Until it has run: up, or down with alpha. */
  readonly up: boolean;
  /** It has given a verdict. */
  readonly ran: boolean;
  /** When it came to this verdict, monotonic microseconds of this boot; undefined: it has none. */
  readonly sinceUs: number | undefined;
  /** Why it failed last; empty while it is up. */
  readonly reason: string;
  /** Failures since the last success that were not counted yet. */
  readonly retries: number;
  /** Rounds in a row whose result was another one than its verdict. */
  readonly contrary: number;
  /** When the next attempt begins; undefined: one is under way, or others report (FILE_CHECK, BFD_CHECK). */
  readonly dueAtUs: number | undefined;
  /** The attempt under way; 0: none. */
  readonly attempt: number;
  readonly startedAtUs: number;
  /** How long after the first of those that began with it, it was due. */
  readonly behindUs: number;
  /** Why no attempt could be made the last time; '': one was made. */
  readonly hindrance: string;
  /** The last warning of attempts that succeeded, by URL. */
  readonly warnings: ReadonlyMap<number, string>;
  /** What it adds to the weight of its server: misc_dynamic, FILE_CHECK. */
  readonly weight: number;
  /** The status that `weight` was made of. */
  readonly status: number;
  /** HTTP: the URL that is next, and whether it is the one that failed. */
  readonly url: number;
  readonly urlFailed: boolean;
}

/** A checker to be changed. Written out, since V8 takes six times as long to spread so many fields. */
export const copyOfChecker = (checker: CheckerState): { -readonly [Field in keyof CheckerState]: CheckerState[Field] } => ({
  config: checker.config,
  target: checker.target,
  server: checker.server,
  real: checker.real,
  up: checker.up,
  ran: checker.ran,
  sinceUs: checker.sinceUs,
  reason: checker.reason,
  retries: checker.retries,
  contrary: checker.contrary,
  dueAtUs: checker.dueAtUs,
  attempt: checker.attempt,
  startedAtUs: checker.startedAtUs,
  behindUs: checker.behindUs,
  hindrance: checker.hindrance,
  warnings: checker.warnings,
  weight: checker.weight,
  status: checker.status,
  url: checker.url,
  urlFailed: checker.urlFailed,
});

export interface RealState {
  readonly config: RealServer;
  readonly alive: boolean;
  /** A check of it failed since it was alive. */
  readonly failed: boolean;
  /** How often it was taken out. */
  readonly timesDown: number;
  /** How long it was out, without the time since `downSinceUs`. */
  readonly downUs: number;
  /** Since when it is out; undefined: it is not. */
  readonly downSinceUs: number | undefined;
  /** An override has it in maintenance: its checks wait. */
  readonly maintained: boolean;
  /** Its weight rises still. */
  readonly slow: SlowStart | undefined;
  /** Its checkers are `checkers[firstChecker]` and the `checkerCount - 1` after it. */
  readonly firstChecker: number;
  readonly checkerCount: number;
}

/** The pause before the first retry of what was refused. */
export const RETRY_MIN_US = 1_000_000;

/** How far the table follows. */
export interface TableState {
  /** What was refused, in the texts that were logged. */
  readonly troubles: ReadonlySet<string>;
  /** How often in a row another process held the lock. */
  readonly busyTries: number;
  /** The pause before the next retry, and when that is. */
  readonly retryUs: number;
  readonly retryAtUs: number | undefined;
}

export interface ServerState {
  readonly config: VirtualServer;
  readonly reals: readonly RealState[];
  readonly quorumUp: boolean;
  /** The sorry server serves. */
  readonly sorry: boolean;
  /** ha_suspend, and its address is on no interface. */
  readonly suspended: boolean;
}

/** `waiting`: the indices of the checkers that wait for an attempt, by its number. What was begun later has a number above `last`. */
export interface CarriedAttempts {
  readonly last: number;
  readonly waiting: ReadonlyMap<number, readonly number[]>;
}

export interface CheckMachine {
  readonly servers: readonly ServerState[];
  readonly checkers: TimedList<CheckerState>;
  /** The real servers whose weight rises still. */
  readonly slow: readonly { readonly server: number; readonly real: number }[];
  readonly settings: CheckSettings;
  readonly hostName: string;
  /** The last number of an attempt. */
  readonly attempts: number;
  /** The attempts that were under way when the file was read last. */
  readonly carried: CarriedAttempts;
  /** Of each checker that shares its attempts: all that do, in order. */
  readonly sharers: ReadonlyMap<number, readonly number[]>;
  /** What trackers reported last. */
  readonly files: ReadonlyMap<string, number | undefined>;
  readonly bfds: ReadonlyMap<string, boolean>;
  readonly addresses: ReadonlyMap<string, number>;
  /** Real servers in maintenance, by realOfServerIdentity; some may be of no file. */
  readonly maintained: ReadonlySet<string>;
  readonly chance: Chance;
  readonly budgets: LogBudgets;
  /** After `stop` nothing is checked and nothing is served. */
  readonly stopped: boolean;
  readonly table: TableState;
}

export function initialChecks(): CheckMachine {
  return {
    servers: [],
    checkers: timedList([]),
    slow: [],
    settings: { checkerLogAllFailures: false, sharedChecks: false, noCheckerEmails: false, rsInitNotifies: false, lvsFlushOnStop: 'no' },
    hostName: 'localhost',
    attempts: 0,
    carried: { last: 0, waiting: new Map() },
    sharers: new Map(),
    files: new Map(),
    bfds: new Map(),
    addresses: new Map(),
    maintained: new Set(),
    chance: [1, 2, 3, 4],
    budgets: new Map(),
    stopped: false,
    table: { troubles: new Set(), busyTries: 0, retryUs: RETRY_MIN_US, retryAtUs: undefined },
  };
}
