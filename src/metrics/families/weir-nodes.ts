// weir_vrrp_*, weir_sync_*, weir_stream_* and weir_bfd_*: what the processes of a pair have published of themselves.
import type { Counters } from '../../control/vrrp/state/counters.js';
import type { SyncCount } from '../../host/sync/sync-counts.js';
import { type HoldStatus, wouldBreak } from '../../model/stream-node.js';
import { directorFamily, type Family, labelText, plainSample, type Sample, summed, withLabel } from '../exposition/family.js';
import type { InstanceSnapshot, Snapshot, TableSnapshot } from '../snapshot.js';
import { histogramSamples } from './histogram.js';
import { KEEPALIVED_STATES } from './keepalived.js';

const US_PER_S = 1_000_000;

/** Adverts that were not accepted, by why. */
const REJECTED: readonly (readonly [reason: string, counter: keyof Counters])[] = [
  ['length', 'lengthErrors'],
  ['ttl', 'ttlErrors'],
  ['type', 'typeErrors'],
  ['interval', 'intervalErrors'],
  ['address_list', 'addressListErrors'],
  ['auth_type', 'authTypeErrors'],
  ['auth_mismatch', 'authMismatches'],
  ['auth_failure', 'authFailures'],
  ['version', 'versionErrors'],
  ['checksum', 'checksumErrors'],
  ['not_peer', 'notPeerErrors'],
  ['unicast_or_multicast', 'castErrors'],
  ['replay', 'replays'],
  ['hmac_missing', 'hmacMissing'],
  ['hmac_malformed', 'hmacMalformed'],
  ['hmac_unknown_key', 'hmacUnknownKeys'],
  ['hmac_invalid', 'hmacInvalid'],
  ['hmac_stale', 'hmacStale'],
  ['hmac_replay', 'hmacReplays'],
  ['ignored_by_owner', 'ignoredByOwner'],
  ['filtered', 'filtered'],
];

const labelsOf = ({ name, vrid, interface: device }: InstanceSnapshot): string =>
  labelText({ instance_name: name, interface: device, vrid });

function vrrpFamilies({ vrrp: { instances, lateness } }: Snapshot): readonly Family[] {
  const each = (type: Family['type'], name: string, help: string, of: (one: InstanceSnapshot) => number | undefined): Family =>
    directorFamily(
      `vrrp_${name}`,
      type,
      help,
      instances.flatMap((one) => {
        const value = of(one);
        return value === undefined ? [] : [{ labels: labelsOf(one), value }];
      }),
    );
  return [
    each('gauge', 'state', 'State of an instance: 0 init, 1 backup, 2 master, 3 fault', ({ state }) => KEEPALIVED_STATES[state]),
    each('gauge', 'priority_effective', 'Priority that its adverts carry', ({ priority }) => priority),
    each('gauge', 'last_transition_timestamp_seconds', 'When it came into its state', ({ sinceUs }) =>
      sinceUs === 0 ? undefined : sinceUs / US_PER_S,
    ),
    each('gauge', 'waits_for_connections', 'Whether it does not preempt yet, since connections of a peer are missing', (one) =>
      one.connectionsWait === undefined ? 0 : 1,
    ),
    each('counter', 'adverts_received_total', 'Adverts that were accepted', ({ counters }) => counters.advertsReceived),
    each('counter', 'adverts_sent_total', 'Adverts that were sent', ({ counters }) => counters.advertsSent),
    each('counter', 'became_master_total', 'How often it became master', ({ counters }) => counters.becameMaster),
    each('counter', 'released_master_total', 'How often it stopped being master', ({ counters }) => counters.releasedMaster),
    each('counter', 'address_conflicts_total', 'Signs that another host has its addresses', ({ counters }) => counters.conflicts),
    each('gauge', 'split_brain_suspected', 'Whether there are signs of two masters', ({ split }) => (split ? 1 : 0)),
    directorFamily(
      'vrrp_rejected_total',
      'counter',
      'Adverts that were not accepted, by reason',
      instances.flatMap((one) =>
        REJECTED.map(([reason, of]) => ({ labels: withLabel(labelsOf(one), 'reason', reason), value: one.counters[of] })),
      ),
    ),
    directorFamily(
      'vrrp_advert_lateness_seconds',
      'histogram',
      'How late the timer came by which the process of VRRP sends its adverts',
      lateness === undefined ? [] : histogram(lateness),
    ),
  ];
}

const histogram = ({ boundsUs, counts, sumUs }: NonNullable<Snapshot['vrrp']['lateness']>): readonly Sample[] =>
  histogramSamples({ bounds: boundsUs.map((us) => us / US_PER_S), counts, sum: sumUs / US_PER_S });

/** The numbers of RFC 5880. */
const BFD_STATES = { adminDown: 0, down: 1, init: 2, up: 3 } as const;

type Session = Snapshot['bfd'][number]['sessions'][number];

function bfdFamilies({ bfd }: Snapshot): readonly Family[] {
  const sessions = bfd.flatMap((one) => one.sessions);
  const each = (type: Family['type'], name: string, help: string, of: (session: Session) => number): Family =>
    directorFamily(
      `bfd_${name}`,
      type,
      help,
      sessions.map((one) => ({ labels: labelText({ neighbour: one.neighbour, session: one.name }), value: of(one) })),
    );
  const refused = bfd.flatMap((one) => Object.entries(one.refused));
  return [
    each('gauge', 'state', 'State of a session of BFD: 0 AdminDown, 1 Down, 2 Init, 3 Up', ({ state }) => BFD_STATES[state]),
    each('counter', 'packets_received_total', 'Packets of a session that were accepted', ({ received }) => received),
    each('counter', 'packets_sent_total', 'Packets of a session that were sent', ({ sent }) => sent),
    each('counter', 'went_up_total', 'How often a session went up', ({ wentUp }) => wentUp),
    each('counter', 'went_down_total', 'How often a session went down', ({ wentDown }) => wentDown),
    directorFamily(
      'bfd_refused_total',
      'counter',
      'Packets of BFD that were refused, by reason',
      summed(refused.map(([reason, value]) => ({ labels: labelText({ reason }), value }))),
    ),
  ];
}

const plain = (count: SyncCount | undefined): number | undefined => (typeof count === 'number' ? count : undefined);

/** Those by reason, of a count that has any. */
const byReason = (count: SyncCount | undefined): readonly (readonly [reason: string, value: number])[] =>
  typeof count === 'object' ? Object.entries(count) : [];

function syncFamilies({ sync }: Snapshot): readonly Family[] {
  const counted = (name: string, help: string): Family =>
    directorFamily(
      `sync_${name}_total`,
      'counter',
      help,
      sync.flatMap(({ role, counts }) => {
        const value = plain(counts[name]);
        return value === undefined ? [] : [{ labels: labelText({ role }), value }];
      }),
    );
  return [
    counted('messages', "Messages of the kernel's synchronisation: those that a master sent, a backup received"),
    counted('entries', 'Connections in these messages'),
    counted('lost', 'Messages that a master could not send'),
    counted('dropped', "Messages that found no room in a backup's buffer"),
    counted('overrun', 'Connections that a backup dropped, since too many waited'),
    counted('unsupported', 'Connections that such messages cannot carry'),
    directorFamily(
      'sync_refused_total',
      'counter',
      'Messages of it, and entries in them, that were not taken, by reason; sender: of a host that is no peer',
      sync.flatMap(({ role, counts }) =>
        byReason(counts['refused']).map(([reason, value]) => ({ labels: labelText({ role, reason }), value })),
      ),
    ),
  ];
}

/** 1 where there is nothing to lose. Both are counted at different moments. */
function readiness(broken: number, { active, inactive }: TableSnapshot['connections']): number {
  const all = active + inactive;
  return all === 0 ? 1 : Math.max(0, 1 - broken / all);
}

/** First packets that are held back until the peers have their connections. */
function holdFamilies(hold: HoldStatus | undefined): readonly Family[] {
  if (hold === undefined) return [];
  return [
    directorFamily('stream_held_total', 'counter', 'First packets of new connections that were held back', plainSample(hold.held)),
    directorFamily(
      'stream_held_released_total',
      'counter',
      'First packets that were held back and went on, by reason: acknowledged by the peers, bound, full, alone',
      Object.entries(hold.released).map(([reason, value]) => ({ labels: labelText({ reason }), value })),
    ),
    directorFamily(
      'stream_held_failed_total',
      'counter',
      'First packets that were held back and could not go on',
      plainSample(hold.failed),
    ),
    directorFamily(
      'stream_held_wait_seconds_total',
      'counter',
      'Time that first packets were held back, all together',
      plainSample(hold.waitedMs / 1000),
    ),
  ];
}

function streamFamilies({ stream, table }: Snapshot): readonly Family[] {
  if (stream === undefined) return [];
  const { peers } = stream;
  const each = (name: string, help: string, of: (peer: (typeof peers)[number]) => number): Family =>
    directorFamily(
      `stream_${name}`,
      'gauge',
      help,
      peers.map((peer) => ({ labels: labelText({ peer: peer.address }), value: of(peer) })),
    );
  const broken = wouldBreak(stream);
  const faults = peers.flatMap(({ address: peer, to, from }) =>
    [
      { direction: 'to', counts: to.faults },
      { direction: 'from', counts: from.faults },
    ].flatMap(({ direction, counts }) =>
      byReason(counts).map(([reason, value]) => ({ labels: labelText({ peer, direction, reason }), value })),
    ),
  );
  return [
    each('connected_to', 'Whether there is a session to a peer', ({ to }) => (to.connected ? 1 : 0)),
    each('connected_from', 'Whether there is a session from a peer', ({ from }) => (from.connected ? 1 : 0)),
    each('waiting', 'Changes of connections that a peer has not acknowledged', ({ to }) => to.waiting),
    each('silent_seconds', 'Time since a peer sent what came last', ({ from }) => from.silentSeconds),
    directorFamily(
      'stream_refused_total',
      'counter',
      'Connections that were refused before they sent anything of the stream, by reason',
      byReason(stream.refused).map(([reason, value]) => ({ labels: labelText({ reason }), value })),
    ),
    ...holdFamilies(stream.hold),
    directorFamily('stream_faults_total', 'counter', 'Sessions to or from a peer that ended by its fault, by reason', faults),
    directorFamily(
      'stream_would_break_connections',
      'gauge',
      'Connections that would break if this director died now: no peer has them',
      broken === undefined ? [] : plainSample(broken),
    ),
    directorFamily(
      'failover_readiness_ratio',
      'gauge',
      'Share of the connections that a peer has: what of them would go on if this director died now',
      broken === undefined || table === undefined ? [] : plainSample(readiness(broken, table.connections)),
    ),
  ];
}

export const nodeStateFamilies = (snapshot: Snapshot): readonly Family[] => [
  ...vrrpFamilies(snapshot),
  ...syncFamilies(snapshot),
  ...streamFamilies(snapshot),
  ...bfdFamilies(snapshot),
];
