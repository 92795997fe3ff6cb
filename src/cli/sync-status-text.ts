// weir sync status, for a person.
import type { Grace } from '../datapath/ebpf/table/grace.js';
import type { SyncCounts } from '../host/sync/sync-counts.js';
import { formatAddress } from '../model/address-text.js';
import type { DaemonRole, DaemonSettings } from '../model/sync-daemon.js';

export interface SyncStatus {
  readonly settings: DaemonSettings;
  readonly counts: SyncCounts;
}

/** Counts that are 0 are left out of those by reason. */
function countLines([name, count]: readonly [string, SyncCounts[string]]): readonly string[] {
  if (typeof count === 'number') return [`  ${name} ${count}`];
  const parts = Object.entries(count).filter(([, each]) => each !== 0);
  return parts.length === 0 ? [] : [`  ${name} ${parts.map(([reason, each]) => `${reason} ${each}`).join(', ')}`];
}

/** Of the kernel's protocol, whatever the other director runs: nothing of what it sends answers what came. */
export const INCOMPLETE: Readonly<Record<DaemonRole, string>> = {
  master: 'which connections the other director lacks cannot be known: the protocol of the kernel acknowledges nothing',
  backup:
    'whether all connections of the other director are here cannot be known: the protocol of the kernel has no full transfer and no end mark; ' +
    'a kernel announces a connection only with its next packets',
};

/** A moment of the monotonic clock, for a person. */
const lastLine = (lastAt: number, nowSeconds: number): string => `  last message ${Math.max(0, nowSeconds - lastAt)} s ago`;

/** Empty: none runs. */
export const graceText = (grace: Grace | undefined): string =>
  grace === undefined
    ? ''
    : `grace period of ${grace.seconds} s: for ${grace.left.toFixed(1)} s more, packets of connections that are not known here are dropped\n`;

/** `nowSeconds`: of the monotonic clock. */
export function syncStatusText(daemons: readonly SyncStatus[], nowSeconds: number): string {
  if (daemons.length === 0) return 'no synchronisation daemon runs\n';
  return daemons
    .map(({ settings: { role, interface: device, syncId, group, port, ttl, maxLength, peers }, counts }) => {
      const from = peers === undefined ? '' : `, peers ${peers.map(formatAddress).join(' ')}`;
      const head = `${role} by ${device}, id ${syncId}, group ${formatAddress(group)} port ${port}, ttl ${ttl}, ${maxLength} bytes${from}`;
      const { lastAt, messages, ...others } = counts;
      const last = typeof lastAt === 'number' && messages !== 0 ? [lastLine(lastAt, nowSeconds)] : [];
      const lines = [
        ...Object.entries({ messages: messages ?? 0 }).flatMap(countLines),
        ...last,
        ...Object.entries(others).flatMap(countLines),
      ];
      return [head, ...lines, `  ${INCOMPLETE[role]}`].map((line) => `${line}\n`).join('');
    })
    .join('');
}
