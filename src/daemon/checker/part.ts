// The checker child's part: virtual servers in weir's table of its namespace.
import { openDirector } from '../../datapath/ebpf/open.js';
import { netnsStatePath } from '../../host/state-file.js';
import { CpuScheduling } from '../process/cpu-scheduling.js';
import { coverInterfaces, InterfaceCover } from '../process/interface-cover.js';
import type { StartPart } from '../process/part.js';
import { runChecker } from './checker-process.js';
import { MaintenanceWatch } from './maintenance-watch.js';
import { tableOpener } from './table-opener.js';

/** The umask of weir's commands: others may read the folders that are made for the table. */
const UMASK = 0o022;

export const startChecker: StartPart = (configuration, options, log, send) => {
  process.umask(UMASK);
  new CpuScheduling('checker', log).configure(configuration.global.processes.checker);
  // New services may be some that rules of the packet filter are for.
  const cover = new InterfaceCover({ log });
  const onServices = (): void => cover.request();
  const { keepServers, identSuffix } = options;
  const healthFile = netnsStatePath('health', identSuffix);
  return runChecker({
    healthFile,
    configuration,
    log,
    keepServers,
    identSuffix,
    open: tableOpener((onWait) => openDirector({ waitMs: 0, onWait, onServices }), log),
    send,
    watchMaintenance: (report) => new MaintenanceWatch(report, log),
    atEnd: [() => cover.close(), ...(options.ownNamespace ? [coverInterfaces(log)] : [])],
  });
};
