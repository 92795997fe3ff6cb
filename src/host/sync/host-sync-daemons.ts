// The synchronisation daemons of this network namespace: processes of weir, which outlive the command that starts them.
import { WeirError } from '../../model/errors/weir-error.js';
import {
  acceptedDaemon,
  DAEMON_ROLES,
  type DaemonHost,
  type DaemonRole,
  type DaemonSettings,
  type DaemonSpec,
} from '../../model/sync-daemon.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { stopProcess } from '../../sys/processes/stop-process.js';
import { decodeLink, dumpLinks, LinkFlag } from '../../wire/rtnetlink-link.js';
import { startSyncProcess } from './start-sync-process.js';
import { fileSyncRecords, isAlive, type SyncProcess, type SyncRecords } from './sync-record.js';

export interface SyncHost {
  readonly records: SyncRecords;
  readonly interface: DaemonHost['interface'];
  readonly isAlive: (process: SyncProcess) => boolean;
  /** As startSyncProcess. */
  readonly start: (settings: DaemonSettings) => void;
  /** Returns when it has ended. */
  readonly stop: (process: SyncProcess) => void;
}

function hostInterface(name: string): ReturnType<DaemonHost['interface']> {
  const links = using(new Netlink(), (netlink) => netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  const link = links.find((one) => one.name === name);
  return link && { mtu: link.mtu, isUp: (link.flags & LinkFlag.up) !== 0 };
}

/** A master first sends what waits. */
const STOP_GRACE_MS = 5000;

const syncHost: SyncHost = {
  records: fileSyncRecords,
  interface: hostInterface,
  isAlive,
  start: startSyncProcess,
  stop: ({ pid, started }) => stopProcess(pid, started, STOP_GRACE_MS),
};

export class HostSyncDaemons {
  constructor(readonly host: SyncHost = syncHost) {}

  /** Those that run, the master first. */
  daemons(): readonly DaemonSettings[] {
    return DAEMON_ROLES.flatMap((role) => this.#running(role)?.settings ?? []);
  }

  /** @throws WeirError sync-daemon-…, interface-unknown, lock-busy; SystemError */
  startDaemon(spec: DaemonSpec): void {
    const { records, start } = this.host;
    records.exclusively(() => {
      const running = this.daemons().map(({ role }) => role);
      const settings = acceptedDaemon(spec, { interface: this.host.interface, running });
      records.write({ settings });
      try {
        start(settings);
      } catch (error) {
        records.remove(spec.role);
        throw error;
      }
    });
  }

  /** @throws WeirError sync-daemon-missing, lock-busy; SystemError */
  stopDaemon(role: DaemonRole): void {
    const { records, stop } = this.host;
    records.exclusively(() => {
      const found = this.#running(role);
      if (found !== undefined) stop(found.process);
      records.remove(role);
      if (found === undefined) throw new WeirError('sync-daemon-missing');
    });
  }

  #running(role: DaemonRole): { readonly settings: DaemonSettings; readonly process: SyncProcess } | undefined {
    const { settings, process } = this.host.records.read(role) ?? {};
    return settings !== undefined && process !== undefined && this.host.isAlive(process) ? { settings, process } : undefined;
  }
}
