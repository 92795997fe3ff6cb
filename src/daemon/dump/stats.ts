// keepalived.stats: the counters of each instance. Pure.
import type { Counters, InstanceState } from '../../control/vrrp/machine.js';

const instanceText = (name: string, c: Counters): string => `VRRP Instance: ${name}
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
  Priority Zero:
    Received: ${c.zeroPriorityReceived}
    Sent: ${c.zeroPrioritySent}
`;

/** What keepalived does not count is behind its lines, and only where it is not zero. */
function ownLines(c: Counters): string {
  const lines: readonly (readonly [string, number])[] = [
    ['Version', c.versionErrors],
    ['Checksum', c.checksumErrors],
    ['Not a peer', c.notPeerErrors],
    ['Unicast or multicast', c.castErrors],
    ['Replayed', c.replays],
    ['Address conflicts', c.conflicts],
    ['Dropped in the kernel', c.filtered],
  ];
  const seen = lines.filter(([, count]) => count > 0);
  return seen.length === 0 ? '' : `  Further:\n${seen.map(([name, count]) => `    ${name}: ${count}\n`).join('')}`;
}

export function statsText(instances: readonly InstanceState[]): string {
  return instances.map(({ config, counters }) => instanceText(config.name, counters) + ownLines(counters)).join('');
}
