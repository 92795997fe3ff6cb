// The process of a synchronisation daemon: a master or a backup of the kernel's protocol, as a record of this namespace describes it. It writes itself into
// that record when its sockets are open, and what it has counted into a file beside it.
import { openDirector } from '../../datapath/ebpf/open.js';
import { Bpffs } from '../../datapath/ebpf/pins/bpffs.js';
import { type SyncCounts, writeSyncCounts } from '../../host/sync/sync-counts.js';
import { fileSyncRecords, ownProcess } from '../../host/sync/sync-record.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import type { DaemonRole, DaemonSettings } from '../../model/sync-daemon.js';
import { ReportFile } from './report-file.js';
import { SyncBackup } from './sync-backup.js';
import { SyncMaster } from './sync-master.js';

const COUNTS_MS = 1000;
/** How long what was announced waits for the table's lock, until it is tried again. */
const LOCK_WAIT_MS = 100;

interface Running {
  readonly counts: object;
  stop(): void;
}

function begin(settings: DaemonSettings, log: Log): Running {
  // As with ip_vs, which is there from the first command on.
  const director = openDirector();
  const ports = Number(director.sysctls().get('sync_ports'));
  director.close();
  if (settings.role === 'master') return new SyncMaster({ settings, log, folder: () => Bpffs.find()?.path() });
  return new SyncBackup({ settings, ports, log, open: () => openDirector({ waitMs: LOCK_WAIT_MS }) });
}

/** Writes counts where they are others than before. */
class CountsFile {
  #text = '';
  readonly #file: ReportFile;

  constructor(
    readonly role: DaemonRole,
    log: Log,
  ) {
    this.#file = new ReportFile(log);
  }

  write(counts: object): void {
    const text = JSON.stringify(counts);
    if (text === this.#text) return;
    if (this.#file.write(() => writeSyncCounts(this.role, counts as SyncCounts))) this.#text = text;
  }
}

export class SyncDaemon {
  readonly #running: Running;
  readonly #file: CountsFile;
  readonly #timer: NodeJS.Timeout;

  /** @throws WeirError sync-daemon-missing: there is no record; others as openDirector */
  constructor(
    readonly role: DaemonRole,
    readonly log: Log,
  ) {
    const record = fileSyncRecords.read(role);
    if (record === undefined) throw new WeirError('sync-daemon-missing');
    const { settings } = record;
    this.#file = new CountsFile(role, log);
    this.#running = begin(settings, log);
    fileSyncRecords.write({ settings, process: ownProcess() });
    this.#timer = setInterval(() => this.#file.write(this.#running.counts), COUNTS_MS);
    const { interface: device, syncId } = settings;
    log('info', `synchronisation started: ${role}, by ${device}, id ${syncId}`);
  }

  /** A master has sent what waited, a backup has taken it. */
  stop(): void {
    clearInterval(this.#timer);
    this.#running.stop();
    this.#file.write(this.#running.counts);
    this.log('info', `synchronisation ended: ${this.role}`);
  }
}
