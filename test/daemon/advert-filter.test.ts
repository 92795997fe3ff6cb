// The adverts' socket filter without a network: what it drops the machine refuses, what it passes the machine refuses only for reasons that
// are not the filter's; every digest by both; and who may use up an authenticated master's rate: the master alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPacket } from '../../src/control/vrrp/receive/packet.js';
import { validateAdvert } from '../../src/control/vrrp/receive/validate.js';
import type { Counters } from '../../src/control/vrrp/state/counters.js';
import type { InstanceState } from '../../src/control/vrrp/state/instance-state.js';
import type { FilterReason } from '../../src/daemon/filter/filter-account.js';
import { AdvertFilter } from '../../src/daemon/vrrp/filters/advert-filter.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { decodeAddress } from '../../src/wire/address-bytes.js';
import { decodeVrrpHeader } from '../../src/wire/vrrp.js';
import { needsBpf } from '../native/support.js';
import { oneInstance } from '../support/keepalived-configuration.js';
import { type Random, randomFrom } from '../support/mutate.js';
import { configurationOf, instanceOf, startNode } from '../support/vrrp-node.js';
import { changed, ETHERNET_BYTES, frame, kinds, nextAdvert, senderFor } from './advert-frames.js';

const ROUNDS = 700;
const IPV6_BYTES = 40;
/** Longer packets' checksums are the machine's. */
const SUMMED = ETHERNET_BYTES + IPV6_BYTES + 1056;
/** The machine's reasons that the filter leaves to it. */
const notTheFilters: readonly (keyof Counters)[] = [
  'intervalErrors',
  'addressListErrors',
  'castErrors',
  'notPeerErrors',
  'hmacStale',
  'replays',
  'hmacReplays',
];

interface Tried {
  readonly filter: AdvertFilter;
  readonly state: InstanceState;
  readonly inet: boolean;
}

/** A filter that takes no samples, and the machine of the same instance. */
function tryOut(changes: Partial<VrrpInstance>): Tried {
  // Fast, for the sake of the rate alone: it should drop nothing here.
  const instance = { ...oneInstance, fast: { intervalUs: 1000, missed: 3 }, ...changes };
  const configuration = configurationOf(instance);
  const inet = instance.family === 'inet';
  const filter = new AdvertFilter(64, 'validated', {
    samples: Uint8Array.of(0),
    skipped: new Uint8Array(Uint32Array.of(inet ? 0 : IPV6_BYTES).buffer),
  });
  assert.ok(filter.configure({ configuration, targets: [{ instance, ifindex: 0 }] }));
  return { filter, state: instanceOf(startNode(configuration)), inet };
}

/** Why the filter drops it; undefined: it passes. */
function reasonOf({ filter }: Tried, bytes: Uint8Array): FilterReason | undefined {
  const { passes } = filter.judge(bytes);
  const reasons = filter.takeCounts().flatMap(({ counts }) => Object.keys(counts) as FilterReason[]);
  assert.deepEqual([reasons.length, passes], passes ? [0, true] : [1, false]);
  return reasons[0];
}

/** What the machine makes of it: believed, not its, or the counter of its refusal. */
function verdictOf({ state, inet }: Tried, packet: Uint8Array): 'believed' | 'nobody' | keyof Counters {
  const bytes = packet.subarray(ETHERNET_BYTES);
  const at = inet ? 12 : 8;
  const length = inet ? 4 : 16;
  const [source, destination] = [bytes.slice(at, at + length), bytes.slice(at + length, at + 2 * length)].map(decodeAddress);
  if (source === undefined || destination === undefined) return 'nobody';
  const protocol = inet && bytes[9] === 51 ? 51 : 112;
  const seen = inet ? bytes : bytes.subarray(IPV6_BYTES);
  const arrived = openPacket({ interface: 'eth0', source, destination, ttl: bytes[inet ? 8 : 7] ?? 0, protocol, bytes: seen });
  const header = arrived === undefined ? undefined : decodeVrrpHeader(arrived.message);
  if (arrived === undefined || header?.vrid !== state.config.vrid) return 'nobody';
  const verdict = validateAdvert(state, arrived, header, undefined);
  return verdict.kind === 'accepted' ? 'believed' : verdict.refusal.counter;
}

function compare(tried: Tried, bytes: Uint8Array): 'believed' | 'refused' | 'passed' {
  const [reason, verdict] = [reasonOf(tried, bytes), verdictOf(tried, bytes)];
  const about = `filter: ${reason ?? 'passes'}, machine: ${verdict}: ${Buffer.from(bytes).toString('hex')}`;
  if (reason === 'vrid' || reason === 'length') assert.ok(verdict === 'nobody' || verdict === 'lengthErrors', about);
  // Too many, or too old: the machine, which here has no past, may believe them.
  else if (reason !== undefined && !['rate', 'replay', 'long'].includes(reason)) assert.notEqual(verdict, 'believed', about);
  if (reason !== undefined) return 'refused';
  const long = bytes.length > SUMMED;
  assert.ok(verdict === 'believed' || (long && verdict === 'checksumErrors') || notTheFilters.includes(verdict as keyof Counters), about);
  return verdict === 'believed' ? 'believed' : 'passed';
}

for (const [kind, changes] of Object.entries(kinds)) {
  test(`${kind}: the filter and the machine agree`, needsBpf, () => {
    const tried = tryOut(changes);
    const random: Random = randomFrom(kind.length * 104_729 + kind.charCodeAt(0));
    const sender = senderFor({ ...oneInstance, ...changes });
    const seen = { believed: 0, refused: 0, passed: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const packet = nextAdvert(sender, random);
      seen[compare(tried, round % 3 === 0 ? frame(packet) : changed(packet, random))] += 1;
    }
    assert.ok(seen.believed > ROUNDS / 10 && seen.refused > ROUNDS / 10, JSON.stringify(seen));
    tried.filter.close();
  });
}
