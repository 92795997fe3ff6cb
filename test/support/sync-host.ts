// Synchronisation daemons without processes: what a host remembers of them, and whether they live, in memory.
import type { TableReader } from '../../src/datapath/director.js';
import { hasSyncDaemons, type SyncDaemons } from '../../src/datapath/sync-daemons.js';
import { HostSyncDaemons, type SyncHost } from '../../src/host/sync/host-sync-daemons.js';
import type { SyncProcess, SyncRecord, SyncRecords } from '../../src/host/sync/sync-record.js';
import type { DaemonHost, DaemonRole } from '../../src/model/sync-daemon.js';

export class MemorySyncHost implements SyncHost {
  readonly found = new Map<DaemonRole, SyncRecord>();
  readonly alive = new Set<number>();
  /** What was done, in order: `start master`, `stop 1`. */
  readonly done: string[] = [];
  /** Why the next process does not start. */
  failure: Error | undefined;
  #pids = 0;
  #isLocked = false;

  constructor(readonly interfaces: Readonly<Record<string, NonNullable<ReturnType<DaemonHost['interface']>>>>) {}

  readonly records: SyncRecords = {
    read: (role) => this.found.get(role),
    write: (record) => void this.found.set(record.settings.role, record),
    remove: (role) => void this.found.delete(role),
    exclusively: (work) => {
      if (this.#isLocked) throw new Error('the lock is held already');
      this.#isLocked = true;
      try {
        return work();
      } finally {
        this.#isLocked = false;
      }
    },
  };

  readonly interface: SyncHost['interface'] = (name) => this.interfaces[name];
  readonly isAlive: SyncHost['isAlive'] = ({ pid }) => this.alive.has(pid);

  readonly start: SyncHost['start'] = (settings) => {
    if (!this.#isLocked || this.found.get(settings.role)?.settings !== settings) throw new Error('its record is not there');
    this.done.push(`start ${settings.role}`);
    if (this.failure !== undefined) throw this.failure;
    const process: SyncProcess = { pid: ++this.#pids, started: '1' };
    this.alive.add(process.pid);
    this.records.write({ settings, process });
  };

  readonly stop: SyncHost['stop'] = ({ pid }) => {
    this.done.push(`stop ${pid}`);
    this.alive.delete(pid);
  };
}

/** The director's own, where it has some. */
export const daemonsFor = (director: TableReader): SyncDaemons =>
  hasSyncDaemons(director) ? director : new HostSyncDaemons(new MemorySyncHost({}));
