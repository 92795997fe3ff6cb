// What an instance makes of an advert that it believes: the rows of VRRP's state table (RFC 3768 §6.4, keepalived's additions).
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import { sendNow } from '../election/master.js';
import { joinForeignMaster, mates, yieldTo } from '../election/sync-group.js';
import { handoverUs, looksFast, masterDownUs, sendIntervalUs } from '../election/timing.js';
import { sendAdvert } from '../send/advert.js';
import { announce } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import type { InstanceState } from '../state.js';
import { change, count, detail, instanceAt, log, logBounded, type Work } from '../step-context.js';
import { OWNER_PRIORITY } from '../track/health.js';
import { noteDeafPeer } from './split-brain.js';

export interface HeardAdvert {
  readonly source: Address;
  readonly priority: number;
  /** v3: the sender's interval */
  readonly intervalUs: number | undefined;
}

const ms = 1000;
/** Each answer to a lower master is a burst of gratuitous ARP and a notify: a flood of such adverts must not be one of ours. */
const leastReplyUs = 100 * ms;

export function react(work: Work, index: number, advert: HeardAdvert): void {
  const { state } = instanceAt(work, index);
  if (state === 'backup') reactAsBackup(work, index, advert);
  else if (state === 'master') reactAsMaster(work, index, advert);
}

function reactAsBackup(work: Work, index: number, advert: HeardAdvert): void {
  const instance = instanceAt(work, index);
  if (advert.priority === 0) {
    count(work, index, 'zeroPriorityReceived');
    detail(work, index, 'Backup received priority 0 advertisement');
    change(work, index, { timerAtUs: work.atUs + handoverUs(instance), want: 'backup' });
  } else if (advert.priority >= instance.priority || instance.config.nopreempt) {
    change(work, index, { preemptAtUs: undefined });
    followMaster(work, index, advert);
  } else if (waitsToPreempt(work, index)) {
    followMaster(work, index, advert);
  } else {
    const text = `received lower priority (${advert.priority}) advert from ${formatAddress(advert.source)} - discarding`;
    logBounded(work, index, 'lower', text);
  }
}

/** preempt_delay counts from the first advert that is lower than we are. */
function waitsToPreempt(work: Work, index: number): boolean {
  const { config, preemptAtUs } = instanceAt(work, index);
  if (config.preemptDelayUs === 0) return false;
  if (preemptAtUs !== undefined) return work.atUs < preemptAtUs;
  log(work, index, `start preempt delay (${(config.preemptDelayUs / 1_000_000).toFixed(6)})`);
  change(work, index, { preemptAtUs: work.atUs + config.preemptDelayUs });
  return true;
}

function followMaster(work: Work, index: number, advert: HeardAdvert): void {
  const { master } = instanceAt(work, index);
  learnInterval(work, index, advert);
  const same = master !== undefined && sameAddress(master.address, advert.source);
  const close = same && looksFast(instanceAt(work, index), work.atUs - master.heardAtUs);
  const known = {
    address: advert.source,
    priority: advert.priority,
    heardAtUs: work.atUs,
    fastRun: close ? Math.min(master.fastRun + 1, 1000) : 0,
  };
  const instance = change(work, index, { master: known, want: 'backup' });
  change(work, index, { timerAtUs: work.atUs + masterDownUs(instance) });
  joinForeignMaster(work, index);
}

/** v3: a backup counts in its master's intervals. */
function learnInterval(work: Work, index: number, advert: HeardAdvert): void {
  const { advertUs } = instanceAt(work, index);
  if (advert.intervalUs === undefined || advert.intervalUs === 0 || advert.intervalUs === advertUs) return;
  logBounded(work, index, 'interval', `advertisement interval updated from ${advertUs / ms}ms to ${advert.intervalUs / ms}ms by master`);
  change(work, index, { advertUs: advert.intervalUs });
}

function reactAsMaster(work: Work, index: number, advert: HeardAdvert): void {
  const { priority } = instanceAt(work, index);
  if (advert.priority === 0) {
    count(work, index, 'zeroPriorityReceived');
    detail(work, index, 'Master received priority 0 message');
    sendNow(work, index);
    return;
  }
  if (advert.priority === OWNER_PRIORITY && priority === OWNER_PRIORITY) giveUpOwnership(work, index);
  const instance = instanceAt(work, index);
  const order = compare(instance, advert);
  if (order === 0) {
    logBounded(work, index, 'own-address', 'WARNING - equal priority advert received from remote host with our IP address.', 'warning');
  } else if (order > 0) {
    answerLower(work, index, advert);
  } else {
    yieldToAdvert(work, index, advert);
  }
}

/** Two owners of one address cannot be: this one stops claiming it until the next start. */
function giveUpOwnership(work: Work, index: number): void {
  const text =
    'CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority';
  log(work, index, text, 'error');
  change(work, index, { basePriority: OWNER_PRIORITY - 1, priority: OWNER_PRIORITY - 1 });
}

/** Positive: we are the better master. Equal priorities: the higher address is; 0: it is our own. */
function compare(instance: InstanceState, advert: HeardAdvert): number {
  if (instance.priority !== advert.priority) return instance.priority - advert.priority;
  const own = instance.source?.words ?? [];
  for (const [position, word] of own.entries()) {
    const other = advert.source.words[position] ?? 0;
    if (word !== other) return word - other;
  }
  return 0;
}

function answerLower(work: Work, index: number, advert: HeardAdvert): void {
  const { config, priority, lowerReplyAtUs } = instanceAt(work, index);
  const tail = config.lowerPriorityNoAdvert ? '' : ', forcing new election';
  const text = `Received advert from ${formatAddress(advert.source)} with lower priority ${advert.priority}, ours ${priority}${tail}`;
  logBounded(work, index, 'forcing', text);
  noteDeafPeer(work, index, advert.source);
  if (work.atUs < lowerReplyAtUs) return;
  const quietUs = Math.max(leastReplyUs, Math.floor(sendIntervalUs(instanceAt(work, index)) / 10));
  change(work, index, { lowerReplyAtUs: work.atUs + quietUs });
  if (!config.lowerPriorityNoAdvert) sendNow(work, index);
  for (const member of [index, ...mates(work, index)]) {
    if (instanceAt(work, member).state === 'master') announceAgain(work, member);
  }
  notifyInstance(work, index, 'MASTER_RX_LOWER_PRI');
}

/** Switches and hosts may have learned the other master's place. */
function announceAgain(work: Work, index: number): void {
  const { garp } = instanceAt(work, index).config;
  announce(work, index, garp.lowerPriorityRepeat, garp.lowerPriorityDelayUs);
}

function yieldToAdvert(work: Work, index: number, advert: HeardAdvert): void {
  const { config, priority } = instanceAt(work, index);
  const who = `Master received advert from ${formatAddress(advert.source)} with`;
  const tie = advert.priority === priority;
  log(
    work,
    index,
    tie
      ? `${who} same priority ${priority} but higher IP address than ours`
      : `${who} higher priority ${advert.priority}, ours ${priority}`,
  );
  if (config.higherPrioritySendAdvert) sendAdvert(work, index);
  learnInterval(work, index, advert);
  yieldTo(work, index, advert.source, advert.priority);
}
