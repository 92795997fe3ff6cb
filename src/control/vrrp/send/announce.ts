// Announcing addresses: blocks of gratuitous ARP and unsolicited neighbour advertisements, and when the next ones are due.
import { formatAddress } from '../../../model/address-text.js';
import type { GarpTiming } from '../../../model/keepalived/instance.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import { change, instanceAt, logInstanceDetail, type VrrpContext } from '../context.js';
import { addressInterface } from '../interfaces/placement.js';
import type { Effect } from '../messages.js';
import type { InstanceState } from '../state/instance-state.js';

/** Pending second blocks: a flood of lower adverts must not add more. */
const PENDING_BLOCKS_MAX = 8;

type Entry = Extract<Effect, { kind: 'announce' }>['entries'][number];

/** When refreshes are due for an instance that becomes master now, or whose timing changes now. */
export function refreshTimes(timing: GarpTiming, atUs: number): Pick<InstanceState, 'refreshAtUs' | 'extraAtUs'> {
  return {
    refreshAtUs: timing.masterRefreshUs === 0 ? undefined : atUs + timing.masterRefreshUs,
    extraAtUs: timing.extraInterfaceUs === 0 ? undefined : atUs + timing.extraInterfaceUs,
  };
}

/** Announces all addresses `rounds` times now, and again after `delayUs` (0: not again). */
export function announce(context: VrrpContext, index: number, rounds: number, delayUs: number): void {
  announceOnce(context, index, rounds);
  if (delayUs === 0) return;
  const { garp } = instanceAt(context, index);
  const due = { atUs: context.atUs + delayUs, rounds };
  if (garp.length < PENDING_BLOCKS_MAX) change(context, index, { garp: [...garp, due] });
}

/** Sends the blocks that are due, except refreshes: see `refresh`. */
export function announceDue(context: VrrpContext, index: number): void {
  const { garp, extraAtUs, config } = instanceAt(context, index);
  const due = garp.filter(({ atUs }) => atUs <= context.atUs);
  if (due.length > 0) change(context, index, { garp: garp.filter(({ atUs }) => atUs > context.atUs) });
  for (const { rounds } of due) announceOnce(context, index, rounds);
  if (extraAtUs !== undefined && extraAtUs <= context.atUs) {
    change(context, index, { extraAtUs: context.atUs + config.garp.extraInterfaceUs });
    announceEntries(context, index, 1, (entry) => config.garp.extraInterfaceAll || entry.interface !== config.interface);
  }
}

/** garp_master_refresh: a refresh that is due is sent with the next advert, whatever the reason for that advert. */
export function refresh(context: VrrpContext, index: number): void {
  const { refreshAtUs, config } = instanceAt(context, index);
  if (refreshAtUs === undefined || refreshAtUs > context.atUs) return;
  change(context, index, { refreshAtUs: context.atUs + config.garp.masterRefreshUs });
  announceOnce(context, index, config.garp.masterRefreshRepeat);
}

/** When the next block is due. */
export function nextAnnounceUs(instance: {
  readonly garp: readonly { readonly atUs: number }[];
  readonly extraAtUs: number | undefined;
}): number {
  let next = instance.extraAtUs ?? Number.POSITIVE_INFINITY;
  for (const { atUs } of instance.garp) next = Math.min(next, atUs);
  return next;
}

function announceOnce(context: VrrpContext, index: number, rounds: number): void {
  announceEntries(context, index, Math.max(1, rounds), () => true);
}

function announceEntries(context: VrrpContext, index: number, rounds: number, wanted: (entry: Entry) => boolean): void {
  const { config } = instanceAt(context, index);
  const one = [...config.addresses, ...config.excludedAddresses]
    .map((host: HostAddress): Entry => ({ interface: addressInterface(context.machine, config, host), address: host.address }))
    .filter(wanted);
  if (one.length === 0) return;
  for (const { interface: name, address } of one) {
    const what = address.family === 'inet' ? 'gratuitous ARPs' : 'Unsolicited Neighbour Adverts';
    logInstanceDetail(context, index, `Sending/queueing ${what} on ${name} for ${formatAddress(address)}`);
  }
  const entries = Array.from({ length: rounds }, () => one).flat();
  context.effects.push({ kind: 'announce', instance: config.name, entries });
}
