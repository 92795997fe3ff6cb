// One instance entering a state: what is logged, sent, put on the host and told, in keepalived's order. Groups are above: sync.ts.

import { change, count, instanceAt, logInstance, type VrrpContext } from '../context.js';
import type { VrrpState } from '../messages.js';
import { addResources, removeResources } from '../resources/host-resources.js';
import { sendAdvert, sendZeroPriority } from '../send/advert.js';
import { announce, refreshTimes } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import { sendIntervalUs } from './timing.js';

const ms = 1000;

/** The advert leaves first: the sooner the old master stops, the shorter two of them answer. */
export function enterMaster(context: VrrpContext, index: number): void {
  logInstance(context, index, 'Entering MASTER STATE');
  useOwnInterval(context, index);
  const { config, counters } = instanceAt(context, index);
  const instance = change(context, index, {
    state: 'master',
    want: 'master',
    master: undefined,
    preemptAtUs: undefined,
    garp: [],
    ...refreshTimes(config.garp, context.atUs),
    lastTransitionUs: context.atUs,
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
  logInstance(context, index, `changing advert interval from ${advertUs / ms}ms to locally configured ${config.advertUs / ms}ms`);
  change(context, index, { advertUs: config.advertUs });
}

export interface BackupEntry {
  /** When the master counts as gone. */
  readonly timerAtUs: number;
  /** Behind the log line. */
  readonly remark?: string;
  /** Whether the others are told that we leave. */
  readonly zero: boolean;
}

export function enterBackup(context: VrrpContext, index: number, entry: BackupEntry): void {
  logInstance(context, index, `Entering BACKUP STATE${entry.remark ?? ''}`);
  leave(context, index, 'backup', entry.zero);
  change(context, index, { timerAtUs: entry.timerAtUs });
  notifyInstance(context, index, 'BACKUP');
}

/** From INIT without a line of its own, as keepalived: nothing was entered before. */
export function enterFault(context: VrrpContext, index: number): void {
  if (instanceAt(context, index).state !== 'init') logInstance(context, index, 'Entering FAULT STATE');
  leave(context, index, 'fault', true);
  change(context, index, { timerAtUs: undefined });
  notifyInstance(context, index, 'FAULT');
}

/** What every way out of mastership has in common. */
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
    garp: [],
    refreshAtUs: undefined,
    extraAtUs: undefined,
    split: undefined,
    lastTransitionUs: context.atUs,
  });
  if (before.addressesSet) removeResources(context, index);
}
