// How an instance reacts to a valid advert: the rows of VRRP's state table (RFC 3768 §6.4, keepalived's additions).
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import { VRRP_OWNER_PRIORITY } from '../../../wire/vrrp.js';
import { change, count, instanceAt, logInstance, logInstanceBounded, logInstanceDetail, type VrrpContext } from '../context.js';
import { sendNow } from '../election/master-adverts.js';
import { groupPeers, joinForeignMaster, yieldTo } from '../election/sync-group.js';
import { handoverUs, looksFast, masterDownUs, sendIntervalUs } from '../election/timing.js';
import { sendAdvert } from '../send/advert.js';
import { announce } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import type { InstanceState } from '../state/instance-state.js';
import { waitsForConnections } from './connections-wait.js';
import { noteLowerAdvert } from './split-brain.js';

export interface ReceivedAdvert {
  readonly source: Address;
  readonly priority: number;
  /** v3: the sender's interval */
  readonly intervalUs: number | undefined;
}

const MS_US = 1000;
/** Each answer to a lower master is a burst of gratuitous ARP and a notification: a flood of adverts must not cause a flood of these. */
const REPLY_INTERVAL_MIN_US = 100 * MS_US;

export function react(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const { state } = instanceAt(context, index);
  if (state === 'backup') reactAsBackup(context, index, advert);
  else if (state === 'master') reactAsMaster(context, index, advert);
}

function reactAsBackup(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const instance = instanceAt(context, index);
  if (advert.priority === 0) {
    count(context, index, 'zeroPriorityReceived');
    logInstanceDetail(context, index, 'Backup received priority 0 advertisement');
    // A released one leaves it to others, and another released master sends this again and again.
    const waitUs = instance.release === undefined ? handoverUs(instance) : masterDownUs(instance);
    change(context, index, { timerAtUs: context.atUs + waitUs, want: 'backup' });
  } else if (advert.priority >= instance.priority || instance.config.nopreempt) {
    change(context, index, { preemptAtUs: undefined, connectionsWait: undefined });
    followMaster(context, index, advert);
  } else if (waitsToPreempt(context, index) || waitsForConnections(context, index)) {
    followMaster(context, index, advert);
  } else {
    const text = `received lower priority (${advert.priority}) advert from ${formatAddress(advert.source)} - discarding`;
    logInstanceBounded(context, index, 'lower', text);
  }
}

/** preempt_delay begins with the first advert of a lower priority than ours. */
function waitsToPreempt(context: VrrpContext, index: number): boolean {
  const { config, preemptAtUs } = instanceAt(context, index);
  if (config.preemptDelayUs === 0) return false;
  if (preemptAtUs !== undefined) return context.atUs < preemptAtUs;
  logInstance(context, index, `start preempt delay (${(config.preemptDelayUs / 1_000_000).toFixed(6)})`);
  change(context, index, { preemptAtUs: context.atUs + config.preemptDelayUs });
  return true;
}

function followMaster(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const { master } = instanceAt(context, index);
  learnInterval(context, index, advert);
  const same = master !== undefined && sameAddress(master.address, advert.source);
  const close = same && looksFast(instanceAt(context, index), context.atUs - master.receivedAtUs);
  const known = {
    address: advert.source,
    priority: advert.priority,
    receivedAtUs: context.atUs,
    fastRun: close ? Math.min(master.fastRun + 1, 1000) : 0,
  };
  const instance = change(context, index, { master: known, want: 'backup' });
  change(context, index, { timerAtUs: context.atUs + masterDownUs(instance) });
  joinForeignMaster(context, index);
}

/** v3: a backup uses its master's interval. */
function learnInterval(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const { advertUs } = instanceAt(context, index);
  if (advert.intervalUs === undefined || advert.intervalUs === 0 || advert.intervalUs === advertUs) return;
  logInstanceBounded(
    context,
    index,
    'interval',
    `advertisement interval updated from ${advertUs / MS_US}ms to ${advert.intervalUs / MS_US}ms by master`,
  );
  change(context, index, { advertUs: advert.intervalUs });
}

function reactAsMaster(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const { priority, release } = instanceAt(context, index);
  if (advert.priority === 0) {
    count(context, index, 'zeroPriorityReceived');
    logInstanceDetail(context, index, 'Master received priority 0 message');
    if (release === undefined) sendNow(context, index);
    return;
  }
  if (advert.priority === VRRP_OWNER_PRIORITY && priority === VRRP_OWNER_PRIORITY) giveUpOwnership(context, index);
  const instance = instanceAt(context, index);
  const order = compare(instance, advert);
  if (order === 0) {
    logInstanceBounded(
      context,
      index,
      'own-address',
      'WARNING - equal priority advert received from remote host with our IP address.',
      'warning',
    );
  } else if (order > 0) {
    answerLower(context, index, advert);
  } else {
    yieldToAdvert(context, index, advert);
  }
}

/** There cannot be two owners of one address: this one has priority 254 until the next start. */
function giveUpOwnership(context: VrrpContext, index: number): void {
  const text =
    'CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority';
  logInstance(context, index, text, 'error');
  change(context, index, { basePriority: VRRP_OWNER_PRIORITY - 1, priority: VRRP_OWNER_PRIORITY - 1 });
}

/** Positive: we are the better master. Of equal priorities the higher address is better; 0: it is our own address. */
function compare(instance: InstanceState, advert: ReceivedAdvert): number {
  if (instance.priority !== advert.priority) return instance.priority - advert.priority;
  const own = instance.source?.words ?? [];
  for (const [position, word] of own.entries()) {
    const other = advert.source.words[position] ?? 0;
    if (word !== other) return word - other;
  }
  return 0;
}

function answerLower(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const { config, priority, lowerReplyAtUs } = instanceAt(context, index);
  const tail = config.lowerPriorityNoAdvert ? '' : ', forcing new election';
  const text = `Received advert from ${formatAddress(advert.source)} with lower priority ${advert.priority}, ours ${priority}${tail}`;
  logInstanceBounded(context, index, 'forcing', text);
  noteLowerAdvert(context, index, advert.source);
  if (context.atUs < lowerReplyAtUs) return;
  const quietUs = Math.max(REPLY_INTERVAL_MIN_US, Math.floor(sendIntervalUs(instanceAt(context, index)) / 10));
  change(context, index, { lowerReplyAtUs: context.atUs + quietUs });
  if (!config.lowerPriorityNoAdvert) sendNow(context, index);
  for (const member of [index, ...groupPeers(context, index)]) {
    if (instanceAt(context, member).state === 'master') announceAgain(context, member);
  }
  notifyInstance(context, index, 'MASTER_RX_LOWER_PRI');
}

/** Switches and hosts may have learned the other master's port and MAC. */
function announceAgain(context: VrrpContext, index: number): void {
  const { garp } = instanceAt(context, index).config;
  announce(context, index, garp.lowerPriorityRepeat, garp.lowerPriorityDelayUs);
}

function yieldToAdvert(context: VrrpContext, index: number, advert: ReceivedAdvert): void {
  const { config, priority } = instanceAt(context, index);
  const who = `Master received advert from ${formatAddress(advert.source)} with`;
  const tie = advert.priority === priority;
  logInstance(
    context,
    index,
    tie
      ? `${who} same priority ${priority} but higher IP address than ours`
      : `${who} higher priority ${advert.priority}, ours ${priority}`,
  );
  if (config.higherPrioritySendAdvert) sendAdvert(context, index);
  learnInterval(context, index, advert);
  yieldTo(context, index, advert.source, advert.priority);
}
