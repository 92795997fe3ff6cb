// Two masters at the same time. The signs: adverts that we refuse, adverts of a peer that does not receive ours, another host that answers for
// our addresses, heartbeats. Each episode logs one line with the likely cause, and gratuitous ARP is sent again at its end.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { change, count, instanceAt, logInstance, type VrrpContext } from '../context.js';
import { ordinaryDownUs } from '../election/timing.js';
import { addressInterface } from '../interfaces/placement.js';
import { announce } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import type { Counters } from '../state/counters.js';
import type { SplitEpisode } from '../state/instance-state.js';
import type { Refusal } from './refusal.js';

/** A second master may send no adverts, so we probe for it, a few addresses at a time. */
const PROBE_INTERVAL_US = 1_000_000;
const PROBED_ADDRESSES_MAX = 8;

/** How many signs of a kind are enough: one refused advert may be the last of a peer whose configuration is being fixed. */
const EVIDENCE_MIN = { refused: 2, lower: 4, certain: 1 } as const;

const causes: Partial<Record<keyof Counters, string>> = {
  versionErrors: 'vrrp_version differs between the nodes',
  authMismatches: 'auth_type differs between the nodes',
  authTypeErrors: 'auth_type differs between the nodes',
  authFailures: 'auth_pass (or key) differs between the nodes',
  intervalErrors: 'advert_int differs between the nodes',
  addressListErrors: 'virtual_ipaddress differs between the nodes',
  castErrors: 'one node is set to unicast_peer, the other to multicast',
  notPeerErrors: "the other's address is not in our unicast_peer list",
  ttlErrors: 'a router stands between the nodes, or TTL limits are too narrow',
  checksumErrors: 'the nodes sum their packets differently (see v3_checksum_as_v2)',
  lengthErrors: "the other's packets are not as long as their headers state",
  replays: 'the nodes count AH sequence numbers apart',
  hmacMissing: 'the other does not sign its adverts (auth_hmac is missing there, or its mode is receive-only)',
  hmacMalformed: 'the other signs in another form of auth_hmac',
  hmacUnknownKeys: 'the other signs with a key of auth_hmac that is not configured here',
  hmacInvalid: 'the keys of auth_hmac differ between the nodes',
  hmacStale: "the nodes' clocks differ by more than time_window",
  hmacReplays: "the other's clock was set back, or its adverts are replayed",
};

/** A refused advert: only masters send them. One of priority 0 means that its sender leaves. */
export function noteRefusedAdvert(context: VrrpContext, index: number, source: Address, priority: number, refusal: Refusal): void {
  const { source: own } = instanceAt(context, index);
  if (!refusal.foreign || priority === 0 || (own !== undefined && sameAddress(source, own))) return;
  note(context, index, formatAddress(source), refusal.cause ?? causes[refusal.counter] ?? refusal.text, EVIDENCE_MIN.refused);
}

/** An advert of lower priority, from a peer that should have received ours. */
export function noteLowerAdvert(context: VrrpContext, index: number, source: Address): void {
  note(
    context,
    index,
    formatAddress(source),
    'it does not receive our adverts (its firewall, or a link that works in one direction only)',
    EVIDENCE_MIN.lower,
  );
}

/** Notes that another host answered for one of our addresses. */
export function noteConflict(context: VrrpContext, address: Address, mac: string, interfaceName: string): void {
  const key = addressId(address);
  for (const [index, { state, config }] of context.instances.entries()) {
    const ours = [...config.addresses, ...config.excludedAddresses].some((held) => addressId(held.address) === key);
    if (state !== 'master' || !ours) continue;
    count(context, index, 'conflicts');
    const cause = `it answers for ${formatAddress(address)} on ${interfaceName}, but its adverts do not arrive (firewall, snooping switch, another VRID?)`;
    note(context, index, mac, cause, EVIDENCE_MIN.certain, true);
  }
}

/** The peer is MASTER by its heartbeat, and so are we. */
export function noteHeartbeat(context: VrrpContext, index: number, from: Address): void {
  const link = instanceAt(context, index).config.interface ?? 'the first link';
  note(
    context,
    index,
    formatAddress(from),
    `adverts do not pass between the nodes on ${link} (firewall on protocol 112, snooping switch, cut link?)`,
    EVIDENCE_MIN.certain,
  );
}

function note(context: VrrpContext, index: number, other: string, cause: string, needed: number, rough = false): void {
  const { state, split, config } = instanceAt(context, index);
  if (state !== 'master') return;
  const evidence = (split?.evidence ?? 0) + 1;
  const certain = evidence >= needed;
  const declared = split?.declared === true || certain;
  // A cause from adverts stays; one from ARP alone is replaced by it.
  const better = split === undefined || (split.rough ? !rough && certain : !split.declared && !rough);
  const reported = better ? { cause, other, rough } : { cause: split.cause, other: split.other, rough: split.rough };
  const [sinceUs, probeAtUs] = [split?.sinceUs ?? context.atUs, split?.probeAtUs ?? context.atUs + PROBE_INTERVAL_US];
  change(context, index, { split: { sinceUs, lastAtUs: context.atUs, probeAtUs, evidence, declared, ...reported } });
  if (!declared || (split?.declared === true && !better)) return;
  logInstance(context, index, `SPLIT BRAIN: ${reported.other} is MASTER of VRID ${config.vrid}, too: ${reported.cause}`, 'error');
  if (split?.declared !== true) notifyInstance(context, index, 'SPLIT_BRAIN');
}

type Split = Parameters<typeof ordinaryDownUs>[0] & { readonly split: SplitEpisode | undefined };

/** When this episode counts as over, if nothing more is seen. */
function splitEndsUs({ split, ...instance }: Split): number {
  return split === undefined ? Number.POSITIVE_INFINITY : split.lastAtUs + Math.max(2 * ordinaryDownUs(instance), 3 * PROBE_INTERVAL_US);
}

/** When an episode is due: to probe again, or to end. */
export function nextSplitUs(instance: Split): number {
  const { split } = instance;
  if (split === undefined) return Number.POSITIVE_INFINITY;
  return split.declared ? Math.min(split.probeAtUs, splitEndsUs(instance)) : splitEndsUs(instance);
}

export function updateSplit(context: VrrpContext, index: number): void {
  const { split } = instanceAt(context, index);
  if (split === undefined) return;
  if (splitEndsUs(instanceAt(context, index)) <= context.atUs) endSplit(context, index, split);
  else if (split.declared && split.probeAtUs <= context.atUs) probe(context, index, split);
}

function probe(context: VrrpContext, index: number, split: SplitEpisode): void {
  const { config } = instanceAt(context, index);
  change(context, index, { split: { ...split, probeAtUs: context.atUs + PROBE_INTERVAL_US } });
  const hosts = [...config.addresses, ...config.excludedAddresses].filter(({ address }) => address.family === 'inet');
  const entries = hosts
    .slice(0, PROBED_ADDRESSES_MAX)
    .map((host) => ({ interface: addressInterface(context.machine, config, host), address: host.address }));
  if (entries.length > 0) context.effects.push({ kind: 'probe', instance: config.name, entries });
}

/** No sign for long enough: the addresses are announced again to hosts and switches. */
function endSplit(context: VrrpContext, index: number, { declared, sinceUs, lastAtUs }: SplitEpisode): void {
  change(context, index, { split: undefined });
  const { state, config } = instanceAt(context, index);
  if (!declared || state !== 'master') return;
  logInstance(context, index, `split brain is over after ${((lastAtUs - sinceUs) / 1_000_000).toFixed(1)} s; we stay MASTER`, 'notice');
  notifyInstance(context, index, 'SPLIT_BRAIN_OVER');
  announce(context, index, config.garp.masterRepeat, 0);
}
