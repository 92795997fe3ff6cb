// The comparison of the programs and the reference director on many more histories than reference.test.ts: in a small table, which fills, and in
// a larger one, where connections stand by their hash; by tc alone, and with XDP in front of it.
import { test } from 'node:test';
import { openBed, skipReason } from '../bed.js';
import { compare } from './compare.js';

const HISTORIES = 150;

/** Reasons, states of SCTP and kinds of templates that so many histories meet for certain. A table full of established or of closed connections is
 * rare in them (eviction.test.ts), and so are an INIT-ACK that comes from the client after the server's (sctp-states.test.ts) and a fragment that is
 * counted because of its length (fixtures/fullnat-cut.ts). */
const REASONS = [
  'all ports of IPv6',
  'bad_checksum',
  'bad_length',
  'data of FTP',
  'dead_destination',
  'drop_packet',
  'FTP: shifted commands',
  'FTP: shifted commands, IPv6',
  'FTP: shifted replies',
  'fragment_dropped',
  'fragment_held',
  'fragments: reply',
  'fragments: request',
  'ftp_data',
  'half_open_replaced',
  'half_open_replaced of IPv6',
  'half_open_replaced of SCTP',
  'grace',
  'grace of IPv6',
  'grace of SCTP',
  'icmp_checksum',
  'martian',
  'no_call_id',
  'no_connection',
  'no_destination',
  'no_route',
  'not_local',
  'reverse_path',
  'SCTP by IPv6',
  'SCTP CLOSED',
  'SCTP ESTABLISHED',
  'SCTP INIT',
  'SCTP of all ports',
  'a mark',
  'SCTP with a mark',
  'SCTP S-ACK-SENT',
  'SCTP S-SENT',
  'short',
  'template assured',
  'template of a call',
  'template held',
  'template of IPv6',
  'template_replaced',
  'too_big',
  'ttl',
];

for (const [attach, connBuckets] of [
  ['tc', 16],
  ['tc', 64],
  ['xdp', 16],
] as const) {
  test(`${attach}: ${HISTORIES} histories in a table of ${connBuckets} buckets`, { skip: skipReason() }, async () => {
    const bed = openBed({ attach, capacity: { connBuckets } });
    try {
      const wanted = connBuckets === 16 ? REASONS : REASONS.filter((each) => !each.includes('_replaced'));
      await compare({ bed, hook: attach === 'tc' ? 'ingress' : 'xdp', histories: HISTORIES, explainedIn: 4, wanted });
    } finally {
      bed.close();
    }
  });
}
