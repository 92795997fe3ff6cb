// Collects what `weir status` reports. Nothing is locked, loaded, attached, repaired or written, and no connection is looked at.

import { missingWords } from '../../control/plan/not-applied.js';
import { buildPin } from '../../datapath/ebpf/load/build-pin.js';
import { coverageOf } from '../../datapath/ebpf/observe/coverage.js';
import { buildName, type ObservedDatapath, observeDatapath } from '../../datapath/ebpf/observe/observer.js';
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import { repairsDue } from '../../datapath/ebpf/observe/repairs-due.js';
import type { ServiceOverview } from '../../datapath/ebpf/observe/table-overview.js';
import { tcAlone } from '../../datapath/ebpf/observe/tc-alone.js';
import { anyPassesFirewall, firewallMode } from '../../datapath/ebpf/table/firewall.js';
import { notAppliedHere } from '../../host/not-applied.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import { NO_DRAINS } from '../../model/drain/drain.js';
import { type Holder, type HoldersOf, holdersOf } from '../../model/drain/holder.js';
import { type RecentDrops, withoutDetours } from '../../model/drops.js';
import { endpointText } from '../../model/endpoint-text.js';
import { listedService } from '../../model/listed-service.js';
import { madeOnce } from '../../model/made-once.js';
import { atOnce, type Pieces } from '../../model/pieces.js';
import type { DestinationKey, ServiceKey } from '../../model/service.js';
import { wouldBreak } from '../../model/stream-node.js';
import { using } from '../../sys/fd.js';
import { ipsecPolicies } from '../../sys/netlink/ipsec-policies.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { policyRouting } from '../../sys/netlink/policy-routing.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import { presentDrains } from '../present-drains.js';
import { version } from '../version.js';
import { daemonStatuses } from './daemon-statuses.js';
import type { DaemonStatus, DatapathStatus, DropsStatus, ServiceStatus, Status, SyncStatus, TableStatus } from './status.js';

const serviceName = madeOnce(listedService);
const serverName = madeOnce((key: DestinationKey): string => endpointText(key));

const NOT_HELD: readonly Holder[] = [];

function serviceStatus({ key, scheduler, destinations }: ServiceOverview, holders: HoldersOf): ServiceStatus {
  const servers = destinations.map(({ key: server, weight, configured, held, overloaded, active, inactive }) => ({
    server: serverName(server),
    weight,
    configuredWeight: configured,
    heldBy: held ? holders(key, server) : NOT_HELD,
    inService: weight > 0 && !overloaded,
    active,
    inactive,
  }));
  return { service: serviceName(key), scheduler, up: servers.some(({ inService }) => inService), servers };
}

export function dropsStatus(recent: RecentDrops | undefined): DropsStatus | null {
  if (recent === undefined) return null;
  const counted = withoutDetours(recent.counts).filter(({ count }) => count > 0n);
  return { seconds: recent.seconds, counts: Object.fromEntries(counted.map(({ key, count }) => [key, Number(count)])) };
}

interface FromTable {
  readonly table: TableStatus | null;
  readonly services: readonly ServiceStatus[];
  readonly drops: DropsStatus | null;
  readonly keys: readonly ServiceKey[];
}

const NO_TABLE: FromTable = { table: null, services: [], drops: null, keys: [] };

function* fromTable(reader: ObservingReader): Pieces<FromTable> {
  const { services, active, inactive, capacity, slots } = reader.overview();
  yield;
  const isHeld = services.some(({ destinations }) => destinations.some(({ held }) => held));
  const holders = holdersOf(isHeld ? presentDrains(reader) : NO_DRAINS);
  const change = reader.unfinishedChange();
  const connections = active + inactive;
  return {
    table: {
      connections,
      active,
      inactive,
      capacity,
      fill: connections / slots,
      services: services.length,
      destinations: services.reduce((sum, { destinations }) => sum + destinations.length, 0),
      unfinishedChange: change === undefined ? null : { pid: change.holder ?? null },
    },
    services: services.map((service) => serviceStatus(service, holders)),
    drops: dropsStatus(reader.recentDrops()),
    keys: services.map(({ key }) => key),
  };
}

function datapathStatus(netlink: Netlink, observed: ObservedDatapath): DatapathStatus {
  const links = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
  const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  const pinned = observed.kind === 'loaded' || observed.kind === 'other-tables' ? observed : undefined;
  const coverage = coverageOf(links, pinned?.folder ?? '', pinned?.pins ?? []);
  return {
    state: observed.kind,
    build: pinned?.build ?? null,
    programs: pinned?.programs ?? null,
    since: pinned?.loadedAt.toISOString() ?? null,
    interfaces: coverage.map(({ name, ifindex, attached, ingressAlone = false }) => ({
      name,
      ifindex,
      tc: attached.includes('ingress') && attached.includes('egress'),
      xdp: attached.includes('xdp'),
      ingressAlone,
    })),
    tcAlone:
      observed.kind === 'loaded'
        ? tcAlone(observed.reader.tables, links).map(({ what, why, obstacle }) => ({ what, why, obstacle: obstacle ?? null }))
        : [],
    firewall:
      observed.kind === 'loaded' ? { mode: firewallMode(observed.reader.tables), passes: anyPassesFirewall(observed.reader.tables) } : null,
    repairsDue:
      observed.kind === 'loaded'
        ? repairsDue(observed.reader.tables, links, addresses, coverage, policyRouting(netlink), ipsecPolicies()).length
        : 0,
  };
}

function streamStatus(): SyncStatus | null {
  const stream = readStreamStatus();
  return stream === undefined ? null : { ...stream, wouldBreak: wouldBreak(stream) ?? null };
}

function notApplied(observed: ObservedDatapath, keys: readonly ServiceKey[]): Status['notApplied'] {
  if (observed.kind !== 'loaded' && observed.kind !== 'absent') return null;
  const found = using(new Netlink(), (netlink) => notAppliedHere(netlink, keys));
  return found.map((parts) => ({ path: parts.path, missing: missingWords(parts) }));
}

/**
 * `own`, `observed`, `daemons`: of a process that asks again and again.
 * @throws WeirError proc-not-mounted, mounts-hidden; SystemError EPERM without root
 */
export function* statusPieces(own: string, observed: ObservedDatapath, daemons: readonly DaemonStatus[]): Pieces<Status> {
  const { keys, ...found } = observed.kind === 'loaded' ? yield* fromTable(observed.reader) : NO_TABLE;
  yield;
  const datapath = using(new Netlink(), (netlink) => datapathStatus(netlink, observed));
  yield;
  return {
    version,
    build: buildName(own),
    datapath,
    notApplied: notApplied(observed, keys),
    ...found,
    stream: streamStatus(),
    daemons,
  };
}

/** @throws as statusPieces */
export function collectStatus(): Status {
  const own = buildPin();
  return atOnce(
    statusPieces(
      own,
      observeDatapath(() => own),
      daemonStatuses(),
    ),
  );
}
