// keepalived.stats: the counters of each instance. Pure.
import type { Counters } from '../control/vrrp/state/counters.js';
import type { InstanceState } from '../control/vrrp/state/instance-state.js';
import type { Authentication, VrrpInstance } from '../model/keepalived/instance.js';

/** What keepalived 2.4 counts in addition, where auth_hmac is used. */
const extensionLines = (c: Counters, { kind }: Authentication): string =>
  kind !== 'hmac'
    ? ''
    : `  Authentication Extension Errors:
    Missing: ${c.hmacMissing}
    Malformed: ${c.hmacMalformed}
    Unknown Key: ${c.hmacUnknownKeys}
    Invalid HMAC: ${c.hmacInvalid}
    Stale: ${c.hmacStale}
    Replay: ${c.hmacReplays}
`;

const instanceText = ({ name, authentication }: VrrpInstance, c: Counters): string => `VRRP Instance: ${name}
  Advertisements:
    Received: ${c.advertsReceived}
    Sent: ${c.advertsSent}
  Became master: ${c.becameMaster}
  Released master: ${c.releasedMaster}
  Packet Errors:
    Length: ${c.lengthErrors}
    TTL: ${c.ttlErrors}
    Invalid Type: ${c.typeErrors}
    Advertisement Interval: ${c.intervalErrors}
    Address List: ${c.addressListErrors}
  Authentication Errors:
    Invalid Type: ${c.authTypeErrors}
    Type Mismatch: ${c.authMismatches}
    Failure: ${c.authFailures}
${extensionLines(c, authentication)}  Priority Zero:
    Received: ${c.zeroPriorityReceived}
    Sent: ${c.zeroPrioritySent}
`;

/** weir's own counters follow those of keepalived, where they are not 0. */
function ownLines(c: Counters): string {
  const lines: readonly (readonly [string, number])[] = [
    ['Version', c.versionErrors],
    ['Checksum', c.checksumErrors],
    ['Not a peer', c.notPeerErrors],
    ['Unicast or multicast', c.castErrors],
    ['Replayed', c.replays],
    ['Clock skew', c.clockSkews],
    ['Ignored by the address owner', c.ignoredByOwner],
    ['Address conflicts', c.conflicts],
    ['Dropped in the kernel', c.filtered],
  ];
  const seen = lines.filter(([, count]) => count > 0);
  return seen.length === 0 ? '' : `  Further:\n${seen.map(([name, count]) => `    ${name}: ${count}\n`).join('')}`;
}

export function statsText(instances: readonly InstanceState[]): string {
  return instances.map(({ config, counters }) => instanceText(config, counters) + ownLines(counters)).join('');
}
