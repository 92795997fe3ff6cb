// Reads everything that an exposition is made of. Nothing is locked, loaded, attached, repaired or written, and no connection is looked at but
// for a sample of marks in the table.
import { release } from 'node:os';
import { NO_COUNTERS } from '../../control/vrrp/state/counters.js';
import { Conf } from '../../datapath/ebpf/abi.gen.js';
import { coverageOf } from '../../datapath/ebpf/observe/coverage.js';
import { type ObservedDatapath, observeTables } from '../../datapath/ebpf/observe/observer.js';
import { tableNumbers } from '../../datapath/ebpf/observe/table-overview.js';
import { spilledBuckets } from '../../datapath/ebpf/table/spilled-buckets.js';
import { publishedServerAttempts } from '../../host/published-attempts.js';
import { publishedBfd } from '../../host/published-bfd.js';
import { publishedCheckCounts } from '../../host/published-check-counts.js';
import { publishedChecks } from '../../host/published-checks.js';
import { publishedDump, publishedVrrp } from '../../host/published-vrrp.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import { readSyncCounts } from '../../host/sync/sync-counts.js';
import { hasDaemonDied, hasDaemonRecord } from '../../host/sync/sync-record.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { DAEMON_ROLES } from '../../model/sync-daemon.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import type { Snapshot, TableSnapshot, VrrpSnapshot } from '../snapshot.js';

const US_PER_S = 1_000_000;
const MS_PER_S = 1000;

type Timed = <T>(read: () => T) => T;
type Loaded = Extract<ObservedDatapath, { kind: 'loaded' }>;

/** `timed` runs what is read later, and adds its time. */
function tableSnapshot({ reader, build, loadedAt, folder, pins }: Loaded, timed: Timed): TableSnapshot {
  const links = using(new Netlink(), (netlink) => netlink.dump(dumpLinks(), decodeLink, 'list interfaces'));
  const interfaces = coverageOf(links, folder, pins).map(({ name, attached }) => ({
    name,
    tc: attached.includes('ingress') && attached.includes('egress'),
    xdp: attached.includes('xdp'),
  }));
  // Most of the reading, which a scrape of the director alone does not need.
  let services: TableSnapshot['services'] | undefined;
  return reader.observing((tables) => {
    const { active, inactive, capacity, slots, templates } = tableNumbers(tables);
    return {
      build: build ?? '',
      loadedAt: loadedAt.getTime() / MS_PER_S,
      generation: tables.conf.get(0, Conf.generation),
      totals: reader.totals(),
      get services() {
        services ??= timed(() => reader.lifetimeServices());
        return services;
      },
      drops: reader.dropCounts(),
      connections: { active, inactive },
      capacity: capacity.connections,
      slots,
      spills: spilledBuckets(tables.conns().at(-1)?.words ?? new Uint32Array()),
      templates,
      interfaces,
      ...drainsOf(reader),
    };
  });
}

function drainsOf(reader: Loaded['reader']): Pick<TableSnapshot, 'drains' | 'drainsBegan'> {
  try {
    const drains = reader.drainRecord();
    return { drains, drainsBegan: new Map(drains.drains.map(({ id, startedAt }) => [id, Date.parse(startedAt) / MS_PER_S])) };
  } catch (error) {
    if (!isWeirError(error, 'drain-record')) throw error;
    return { drainsBegan: new Map() };
  }
}

/** An instance that no daemon describes is one of an older build: its interface is what it published. */
function vrrpSnapshot(cookie: string): VrrpSnapshot {
  const dumped = new Map(publishedDump.living(cookie).flatMap((one) => one.dumped.map((each) => [`${one.daemon} ${each.name}`, each])));
  const published = publishedVrrp.living(cookie);
  const lateness = published.find((one) => one.lateness !== undefined)?.lateness;
  const instances = published.flatMap(({ daemon, instances: own }) =>
    own.map((one) => ({
      ...one,
      counters: { ...NO_COUNTERS, ...one.counters },
      dumped: dumped.get(`${daemon} ${one.name}`) ?? {
        name: one.name,
        interface: one.interface,
        addresses: [],
        excluded: [],
        garpDelay: 0,
      },
      split: one.split ?? false,
    })),
  );
  return { instances, scripts: published.flatMap(({ scripts = [] }) => scripts), ...(lateness === undefined ? {} : { lateness }) };
}

function syncSnapshot(): Snapshot['sync'] {
  const cookie = native().netnsCookie();
  const running = DAEMON_ROLES.filter((role) => hasDaemonRecord(role, cookie) && !hasDaemonDied(role, cookie));
  return running.map((role) => ({ role, counts: readSyncCounts(role) ?? {} }));
}

/**
 * `version`: of weir, which only the program knows. `observe`: of a process that keeps the tables mapped.
 * @throws WeirError proc-not-mounted, mounts-hidden, datapath-elsewhere, pin-missing; SystemError EPERM without root
 */
export function collectSnapshot(version: string, observe = observeTables): Snapshot {
  let readUs = 0;
  const timed: Timed = (read) => {
    const begunUs = monotonicUs();
    try {
      return read();
    } finally {
      readUs += monotonicUs() - begunUs;
    }
  };
  return { ...timed(() => readNow(version, observe, timed)), seconds: () => readUs / US_PER_S };
}

function readNow(version: string, observe: typeof observeTables, timed: Timed): Omit<Snapshot, 'seconds'> {
  const cookie = String(native().netnsCookie());
  const observed = observe();
  const checks = publishedChecks.living(cookie);
  const vrrp = vrrpSnapshot(cookie);
  const stream = readStreamStatus();
  return {
    at: Date.now() / MS_PER_S,
    version,
    kernel: release(),
    ...(observed.kind === 'loaded' ? { table: tableSnapshot(observed, timed) } : {}),
    daemonRuns: checks.length > 0 || publishedVrrp.living(cookie).length > 0,
    vrrp,
    checks: checks.flatMap(({ servers }) => servers),
    checkCounts: publishedCheckCounts.living(cookie),
    attempts: publishedServerAttempts(),
    bfd: publishedBfd.living(cookie),
    sync: syncSnapshot(),
    ...(stream === undefined ? {} : { stream }),
  };
}
