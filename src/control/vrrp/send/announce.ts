// Telling the neighbours: blocks of gratuitous ARP and unsolicited neighbour advertisements, and when the next ones are due.
import { formatAddress } from '../../../model/address-text.js';
import type { GarpTiming } from '../../../model/keepalived/instance.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import { addressInterface } from '../interfaces/placement.js';
import type { Effect } from '../messages.js';
import type { InstanceState } from '../state.js';
import { change, detail, instanceAt, type Work } from '../step-context.js';

/** Second blocks that may wait at once: a flood of lower adverts must not pile up more. */
const pendingLimit = 8;

type Entry = Extract<Effect, { kind: 'announce' }>['entries'][number];

/** When refreshes are due for one that is master from now on, or whose timing was changed now. */
export function refreshTimes(timing: GarpTiming, atUs: number): Pick<InstanceState, 'refreshAtUs' | 'extraAtUs'> {
  return {
    refreshAtUs: timing.masterRefreshUs === 0 ? undefined : atUs + timing.masterRefreshUs,
    extraAtUs: timing.extraInterfaceUs === 0 ? undefined : atUs + timing.extraInterfaceUs,
  };
}

/** A block of `rounds` over all addresses now, and another after `delayUs` (0: none). */
export function announce(work: Work, index: number, rounds: number, delayUs: number): void {
  announceOnce(work, index, rounds);
  if (delayUs === 0) return;
  const { garp } = instanceAt(work, index);
  const due = { atUs: work.atUs + delayUs, rounds };
  if (garp.length < pendingLimit) change(work, index, { garp: [...garp, due] });
}

/** Sends the blocks that are due. Refreshes: see `refresh`. */
export function announceDue(work: Work, index: number): void {
  const { garp, extraAtUs, config } = instanceAt(work, index);
  const due = garp.filter(({ atUs }) => atUs <= work.atUs);
  if (due.length > 0) change(work, index, { garp: garp.filter(({ atUs }) => atUs > work.atUs) });
  for (const { rounds } of due) announceOnce(work, index, rounds);
  if (extraAtUs !== undefined && extraAtUs <= work.atUs) {
    change(work, index, { extraAtUs: work.atUs + config.garp.extraInterfaceUs });
    announceEntries(work, index, 1, (entry) => config.garp.extraInterfaceAll || entry.interface !== config.interface);
  }
}

/** garp_master_refresh: due ones leave with the next advert, whatever makes it leave. */
export function refresh(work: Work, index: number): void {
  const { refreshAtUs, config } = instanceAt(work, index);
  if (refreshAtUs === undefined || refreshAtUs > work.atUs) return;
  change(work, index, { refreshAtUs: work.atUs + config.garp.masterRefreshUs });
  announceOnce(work, index, config.garp.masterRefreshRepeat);
}

/** When nothing but gratuitous ARP makes this instance act. */
export function nextAnnounceUs(instance: {
  readonly garp: readonly { readonly atUs: number }[];
  readonly extraAtUs: number | undefined;
}): number {
  let next = instance.extraAtUs ?? Number.POSITIVE_INFINITY;
  for (const { atUs } of instance.garp) next = Math.min(next, atUs);
  return next;
}

function announceOnce(work: Work, index: number, rounds: number): void {
  announceEntries(work, index, Math.max(1, rounds), () => true);
}

function announceEntries(work: Work, index: number, rounds: number, wanted: (entry: Entry) => boolean): void {
  const { config } = instanceAt(work, index);
  const one = [...config.addresses, ...config.excludedAddresses]
    .map((host: HostAddress): Entry => ({ interface: addressInterface(work.machine, config, host), address: host.address }))
    .filter(wanted);
  if (one.length === 0) return;
  for (const { interface: name, address } of one) {
    const what = address.family === 'inet' ? 'gratuitous ARPs' : 'Unsolicited Neighbour Adverts';
    detail(work, index, `Sending/queueing ${what} on ${name} for ${formatAddress(address)}`);
  }
  const entries = Array.from({ length: rounds }, () => one).flat();
  work.effects.push({ kind: 'announce', instance: config.name, entries });
}
