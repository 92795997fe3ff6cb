// The daemons of this network namespace: their VRRP instances, checks and BFD sessions as they publish them.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { keepalivedDaemons } from '../../host/keepalived-daemons.js';
import { proxySockets } from '../../host/proxy-sockets.js';
import { type PublishedBfdSession, publishedBfd } from '../../host/published-bfd.js';
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import { type PublishedInstance, publishedVrrp } from '../../host/published-vrrp.js';
import { runningDaemon } from '../../host/running-daemon.js';
import { native } from '../../sys/addon.js';
import { unlessCode } from '../../sys/errno.js';
import { startTime } from '../../sys/processes/child.js';
import { processStat } from '../../sys/processes/process-tree.js';
import type { BfdSessionStatus, DaemonStatus, HealthStatus, InstanceStatus } from './status.js';

const ENDED = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'] as const;
const BFD_STATES = { adminDown: 'AdminDown', down: 'Down', init: 'Init', up: 'Up' } as const;
const STATES = { init: 'INIT', backup: 'BACKUP', master: 'MASTER', fault: 'FAULT' } as const;
/** The unit of times in /proc/PID/stat, which the kernel shows alike on every machine. */
const TICKS_PER_S = 100;

/** When the process started; null: it has ended. */
function startedAt(pid: number): string | null {
  const ticks = startTime(pid);
  const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'latin1'));
  return ticks === undefined ? null : new Date(Date.now() - (uptime - Number(ticks) / TICKS_PER_S) * 1000).toISOString();
}

/** ISO 8601 of microseconds since 1970; 0: not known. */
const isoOf = (us: number): string | null => (us === 0 ? null : new Date(us / 1000).toISOString());

function instanceStatus(instance: PublishedInstance): InstanceStatus {
  const { name, state, sinceUs, interface: device, vrid, priority, faults, connectionsWait: wait, released = false } = instance;
  const waitsForConnections = wait === undefined ? null : { of: wait.peers, until: isoOf(wait.untilUs) };
  return {
    name,
    state: STATES[state],
    since: isoOf(sinceUs),
    interface: device,
    virtualRouterId: vrid,
    priority,
    faults,
    waitsForConnections,
    released,
  };
}

function healthStatus({ reals, ...server }: PublishedServer): HealthStatus {
  const servers = reals.map(({ sinceUs, failed, ...real }) => ({
    ...real,
    since: isoOf(sinceUs),
    failed: failed.map(({ sinceUs: from, ...one }) => ({ ...one, since: isoOf(from) })),
  }));
  return { ...server, servers };
}

const US_PER_MS = 1000;

function bfdStatus({ state, remoteState, sinceUs, transmitUs, detectionUs, ...session }: PublishedBfdSession): BfdSessionStatus {
  return {
    ...session,
    state: BFD_STATES[state],
    remoteState: BFD_STATES[remoteState],
    since: isoOf(sinceUs),
    transmitMs: transmitUs / US_PER_MS,
    detectionMs: detectionUs / US_PER_MS,
  };
}

/** weir run needs no keepalived.conf: its weir.yaml is then all that it has. */
const fileOf = (cookie: string, pid: number, file: string): string =>
  existsSync(file) ? file : (unlessCode(() => runningDaemon(cookie, pid), ['EACCES'], undefined)?.weirFile ?? file);

/** The daemons of this network namespace. */
export function daemonStatuses(): readonly DaemonStatus[] {
  const cookie = String(native().netnsCookie());
  const [published, checks, sessions] = [publishedVrrp.living(cookie), publishedChecks.living(cookie), publishedBfd.living(cookie)];
  const proxies = proxySockets(cookie).map(({ pid }) => ({ pid, daemon: processStat(pid)?.parent }));
  const unreadable = [publishedVrrp, publishedChecks, publishedBfd].flatMap((kind) => kind.unreadable(cookie));
  return keepalivedDaemons().map(({ pid, file }) => {
    const own = published.filter(({ daemon }) => daemon === pid);
    const instances = own.length === 0 ? null : own.flatMap((one) => one.instances.map(instanceStatus));
    const checked = checks.filter(({ daemon }) => daemon === pid);
    const health = checked.length === 0 ? null : checked.flatMap(({ servers }) => servers.map(healthStatus));
    const ofBfd = sessions.filter(({ daemon }) => daemon === pid);
    const bfd = ofBfd.length === 0 ? null : ofBfd.flatMap((one) => one.sessions.map(bfdStatus));
    const serving = proxies.filter(({ daemon }) => daemon === pid).map((one) => one.pid);
    const program = basename(unlessCode(() => readlinkSync(`/proc/${pid}/exe`), ENDED, ''));
    const otherBuild = unreadable.some(({ daemon }) => daemon === pid);
    return {
      pid,
      program: program.startsWith('keepalived') ? 'keepalived' : 'weir',
      file: fileOf(cookie, pid, file),
      since: startedAt(pid),
      instances,
      health,
      bfd,
      ...(serving.length === 0 ? {} : { proxies: serving }),
      otherBuild,
    };
  });
}
