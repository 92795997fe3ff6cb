// One instance entering a state: what is logged, sent, put on the host and told, in keepalived's order. Groups are above: sync.ts.

import type { VrrpState } from '../messages.js';
import { holdAddresses, releaseAddresses } from '../resources/host-resources.js';
import { sendAdvert, sendZeroPriority } from '../send/advert.js';
import { announce, refreshTimes } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import { change, count, instanceAt, log, type Work } from '../step-context.js';
import { sendIntervalUs } from './timing.js';

const ms = 1000;

/** The advert leaves first: the sooner the old master stops, the shorter two of them answer. */
export function enterMaster(work: Work, index: number): void {
  log(work, index, 'Entering MASTER STATE');
  useOwnInterval(work, index);
  const { config, counters } = instanceAt(work, index);
  const instance = change(work, index, {
    state: 'master',
    want: 'master',
    master: undefined,
    preemptAtUs: undefined,
    garp: [],
    ...refreshTimes(config.garp, work.atUs),
    lastTransitionUs: work.atUs,
    counters: { ...counters, becameMaster: counters.becameMaster + 1 },
  });
  sendAdvert(work, index);
  change(work, index, { timerAtUs: work.atUs + sendIntervalUs(instance) });
  holdAddresses(work, index);
  announce(work, index, config.garp.masterRepeat, config.garp.masterDelayUs);
  notifyInstance(work, index, 'MASTER');
}

/** A backup that followed a v3 master's interval returns to its own. */
function useOwnInterval(work: Work, index: number): void {
  const { advertUs, config } = instanceAt(work, index);
  if (advertUs === config.advertUs) return;
  log(work, index, `changing advert interval from ${advertUs / ms}ms to locally configured ${config.advertUs / ms}ms`);
  change(work, index, { advertUs: config.advertUs });
}

export interface BackupEntry {
  /** When the master counts as gone. */
  readonly timerAtUs: number;
  /** Behind the log line. */
  readonly remark?: string;
  /** Whether the others are told that we leave. */
  readonly zero: boolean;
}

export function enterBackup(work: Work, index: number, entry: BackupEntry): void {
  log(work, index, `Entering BACKUP STATE${entry.remark ?? ''}`);
  leave(work, index, 'backup', entry.zero);
  change(work, index, { timerAtUs: entry.timerAtUs });
  notifyInstance(work, index, 'BACKUP');
}

/** From INIT without a line of its own, as keepalived: nothing was entered before. */
export function enterFault(work: Work, index: number): void {
  if (instanceAt(work, index).state !== 'init') log(work, index, 'Entering FAULT STATE');
  leave(work, index, 'fault', true);
  change(work, index, { timerAtUs: undefined });
  notifyInstance(work, index, 'FAULT');
}

/** What every way out of mastership has in common. */
function leave(work: Work, index: number, state: VrrpState, zero: boolean): void {
  const before = instanceAt(work, index);
  if (before.state === 'master') {
    count(work, index, 'releasedMaster');
    if (zero) sendZeroPriority(work, index);
  }
  change(work, index, {
    state,
    want: state,
    preemptAtUs: undefined,
    garp: [],
    refreshAtUs: undefined,
    extraAtUs: undefined,
    split: undefined,
    lastTransitionUs: work.atUs,
  });
  if (before.addressesSet) releaseAddresses(work, index);
}
