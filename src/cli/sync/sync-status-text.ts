// weir sync status of the kernel's protocol, for a person and for a program.
import type { Grace } from '../../datapath/ebpf/table/grace.js';
import type { SyncCounts } from '../../host/sync/sync-counts.js';
import { formatAddress } from '../../model/address-text.js';
import type { DaemonRole, DaemonSettings } from '../../model/sync-daemon.js';

export interface SyncStatus {
  readonly settings: DaemonSettings;
  readonly counts: SyncCounts;
}

/** Messages by sync id: `8 4`. */
const OTHER_IDS = 'otherIds';

/** Counts that are 0 are left out of those by reason. */
function countLines([name, count]: readonly [string, SyncCounts[string]]): readonly string[] {
  if (typeof count === 'number') return [`  ${name} ${count}`];
  const parts = Object.entries(count).filter(([, each]) => each !== 0);
  const title = name === OTHER_IDS ? 'with another sync id:' : name;
  return parts.length === 0 ? [] : [`  ${title} ${parts.map(([reason, each]) => `${reason} ${each}`).join(', ')}`];
}

/** Of the kernel's protocol, whatever the other director runs: nothing of what it sends answers what came. */
export const INCOMPLETE: Readonly<Record<DaemonRole, string>> = {
  master: 'which connections the other director lacks cannot be known: the protocol of the kernel acknowledges nothing',
  backup:
    'whether all connections of the other director are here cannot be known: the protocol of the kernel has no full transfer and no end mark; ' +
    'a kernel announces a connection only with its next packets',
};

/** `lastAt`: of the monotonic clock; null: a master receives none. */
const silentSeconds = ({ lastAt }: SyncCounts, nowSeconds: number): number | null =>
  typeof lastAt === 'number' ? Math.max(0, nowSeconds - lastAt) : null;

/** An element a daemon. `nowSeconds`: of the monotonic clock. */
export function syncStatusJson(daemons: readonly SyncStatus[], nowSeconds: number): readonly object[] {
  return daemons.map(({ settings: { group, peers, ...settings }, counts }) => {
    const { lastAt: _, ...others } = counts;
    return {
      settings: { ...settings, group: formatAddress(group), ...(peers === undefined ? {} : { peers: peers.map(formatAddress) }) },
      counts: others,
      silentSeconds: silentSeconds(counts, nowSeconds),
      complete: null,
      why: INCOMPLETE[settings.role],
    };
  });
}

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
      const { lastAt: _, messages, ...others } = counts;
      const silent = silentSeconds(counts, nowSeconds);
      const last = silent !== null && messages !== 0 ? [`  last message ${silent} s ago`] : [];
      const lines = [
        ...Object.entries({ messages: messages ?? 0 }).flatMap(countLines),
        ...last,
        ...Object.entries(others).flatMap(countLines),
      ];
      return [head, ...lines, `  ${INCOMPLETE[role]}`].map((line) => `${line}\n`).join('');
    })
    .join('');
}
