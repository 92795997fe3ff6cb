// One instance enters a state: what is logged, sent, changed on the host and notified, in keepalived's order. See sync-group.ts for groups.

import { change, count, instanceAt, logInstance, type VrrpContext } from '../context.js';
import type { VrrpState } from '../messages.js';
import { addResources, removeResources } from '../resources/host-resources.js';
import { sendAdvert, sendZeroPriority } from '../send/advert.js';
import { announce, refreshTimes } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import { sendIntervalUs, transitionTimes } from './timing.js';

const MS_US = 1000;

/** The advert is sent first: the sooner the old master stops, the shorter two masters answer. */
export function enterMaster(context: VrrpContext, index: number): void {
  logInstance(context, index, 'Entering MASTER STATE');
  useOwnInterval(context, index);
  const { config, counters } = instanceAt(context, index);
  const instance = change(context, index, {
    state: 'master',
    want: 'master',
    master: undefined,
    preemptAtUs: undefined,
    connectionsWait: undefined,
    garp: [],
    ...refreshTimes(config.garp, context.atUs),
    ...transitionTimes(context),
    counters: { ...counters, becameMaster: counters.becameMaster + 1 },
  });
  sendAdvert(context, index);
  change(context, index, { timerAtUs: context.atUs + sendIntervalUs(instance) });
  addResources(context, index);
  announce(context, index, config.garp.masterRepeat, config.garp.masterDelayUs);
  notifyInstance(context, index, 'MASTER');
}

/** A backup that followed a v3 master's interval returns to its own. */
function useOwnInterval(context: VrrpContext, index: number): void {
  const { advertUs, config } = instanceAt(context, index);
  if (advertUs === config.advertUs) return;
  logInstance(context, index, `changing advert interval from ${advertUs / MS_US}ms to locally configured ${config.advertUs / MS_US}ms`);
  change(context, index, { advertUs: config.advertUs });
}

export interface BackupEntry {
  /** When the master counts as gone. */
  readonly timerAtUs: number;
  /** Logged behind the line. */
  readonly remark?: string;
  /** Whether an advert of priority 0 is sent. */
  readonly zero: boolean;
}

export function enterBackup(context: VrrpContext, index: number, entry: BackupEntry): void {
  logInstance(context, index, `Entering BACKUP STATE${entry.remark ?? ''}`);
  leave(context, index, 'backup', entry.zero);
  change(context, index, { timerAtUs: entry.timerAtUs });
  notifyInstance(context, index, 'BACKUP');
}

/** Enters FAULT; from INIT without a log line, as keepalived. */
export function enterFault(context: VrrpContext, index: number): void {
  if (instanceAt(context, index).state !== 'init') logInstance(context, index, 'Entering FAULT STATE');
  leave(context, index, 'fault', true);
  change(context, index, { timerAtUs: undefined });
  notifyInstance(context, index, 'FAULT');
}

/** What every state other than MASTER begins with. */
function leave(context: VrrpContext, index: number, state: VrrpState, zero: boolean): void {
  const before = instanceAt(context, index);
  if (before.state === 'master') {
    count(context, index, 'releasedMaster');
    if (zero) sendZeroPriority(context, index);
  }
  change(context, index, {
    state,
    want: state,
    preemptAtUs: undefined,
    connectionsWait: undefined,
    garp: [],
    refreshAtUs: undefined,
    extraAtUs: undefined,
    split: undefined,
    ...transitionTimes(context),
  });
  if (before.addressesSet) removeResources(context, index);
}
