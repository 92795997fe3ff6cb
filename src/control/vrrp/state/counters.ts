// What an instance counts: packets, refusals by reason, changes of mastership.

/** Counted since the start or the last `clearCounters`; the first fourteen are keepalived.stats. */
export interface Counters {
  readonly advertsReceived: number;
  readonly advertsSent: number;
  readonly becameMaster: number;
  readonly releasedMaster: number;
  readonly lengthErrors: number;
  readonly ttlErrors: number;
  readonly typeErrors: number;
  readonly intervalErrors: number;
  readonly addressListErrors: number;
  readonly authTypeErrors: number;
  readonly authMismatches: number;
  readonly authFailures: number;
  readonly zeroPriorityReceived: number;
  readonly zeroPrioritySent: number;
  readonly versionErrors: number;
  readonly checksumErrors: number;
  readonly notPeerErrors: number;
  readonly castErrors: number;
  /** AH */
  readonly replays: number;
  readonly hmacMissing: number;
  readonly hmacMalformed: number;
  readonly hmacUnknownKeys: number;
  readonly hmacInvalid: number;
  readonly hmacStale: number;
  readonly hmacReplays: number;
  /** auth_hmac: accepted, but the clocks differ by more than half of time_window. */
  readonly clockSkews: number;
  /** owner_ignore_adverts */
  readonly ignoredByOwner: number;
  readonly conflicts: number;
  /** Dropped by the socket filter before they reached the machine. */
  readonly filtered: number;
}

export const NO_COUNTERS: Counters = {
  advertsReceived: 0,
  advertsSent: 0,
  becameMaster: 0,
  releasedMaster: 0,
  lengthErrors: 0,
  ttlErrors: 0,
  typeErrors: 0,
  intervalErrors: 0,
  addressListErrors: 0,
  authTypeErrors: 0,
  authMismatches: 0,
  authFailures: 0,
  zeroPriorityReceived: 0,
  zeroPrioritySent: 0,
  versionErrors: 0,
  checksumErrors: 0,
  notPeerErrors: 0,
  castErrors: 0,
  replays: 0,
  hmacMissing: 0,
  hmacMalformed: 0,
  hmacUnknownKeys: 0,
  hmacInvalid: 0,
  hmacStale: 0,
  hmacReplays: 0,
  clockSkews: 0,
  ignoredByOwner: 0,
  conflicts: 0,
  filtered: 0,
};
